"""Measurements in processes of their own, so that memory is theirs alone and one failure hides no other."""

import importlib
import multiprocessing
import signal

from reproduce.quiet import import_tensorflow


def measured(module: str, function: str, *arguments, tensorflow: bool = True) -> dict:
    """What a function of a module returns in a fresh process, which ends with this one, or `{"error": sentence}`.

    Args:
        module, function: their names.
        *arguments: of the function.
        tensorflow: whether to load TensorFlow, silently, before the module.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_report, args=(sender, tensorflow, module, function, *arguments))
    process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        process.join()
        return {"error": f"the process ended with code {process.exitcode}, as it does when memory runs out"}
    except (KeyboardInterrupt, SystemExit):
        process.terminate()
        raise
    finally:
        process.join()


def _report(sender, tensorflow: bool, module: str, function: str, *arguments) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both processes: the other one ends this
    if tensorflow:
        import_tensorflow()
    try:
        sender.send(getattr(importlib.import_module(module), function)(*arguments))
    except Exception as error:  # whatever made it fail is the result
        sender.send({"error": f"{type(error).__name__}: {error}"})
