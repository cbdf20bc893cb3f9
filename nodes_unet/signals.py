"""Signals that raise an exception (SIGINT, SIGTERM), held back where an exception must not come up."""

import signal
import threading


class HeldSignals:
    """A context in which SIGINT and SIGTERM wait: their handlers are called on `deliver`, or when it ends.

    Handlers are Python's own ones only; a signal that is ignored or ends the process at once does so as before. In
    threads other than the main one, where Python calls no handlers, nothing is held.
    """

    def __enter__(self):
        self._waiting, self._handlers = [], {}
        if threading.current_thread() is threading.main_thread():
            for number in signal.SIGINT, signal.SIGTERM:
                if callable(signal.getsignal(number)):
                    self._handlers[number] = signal.signal(number, lambda number, _: self._waiting.append(number))
        return self

    def deliver(self) -> None:
        """Calls the handler of a signal that has come, if one has."""
        if self._waiting:
            number = self._waiting.pop(0)
            self._handlers[number](number, None)

    def __exit__(self, *error):
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self.deliver()
