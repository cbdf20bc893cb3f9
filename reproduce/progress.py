"""Progress on stderr: what is being trained and how long it will take. A bar in a terminal, lines elsewhere."""

import time
import warnings
from pathlib import Path

import keras
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from nodes_unet.errors import SolverWarning
from reproduce.durations import clock
from reproduce.records import COMPLETE, RunIdentity
from reproduce.request import Request

_SECONDS_BETWEEN_LINES = 30


TENSORBOARD = "tensorboard"


class Progress:
    """Follows the runs of one command."""

    def __init__(self, runs: int):
        self.runs, self.number, self.durations = runs, 0, []
        self.console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        self.bar = Bar(*columns, console=self.console, transient=True, disable=not self.console.is_terminal)
        self.task = None

    def __enter__(self):
        self.bar.start()
        self.show_warning, warnings.showwarning = warnings.showwarning, self._warn
        return self

    def __exit__(self, *_):
        warnings.showwarning = self.show_warning
        self.bar.stop()

    def _warn(self, message, category, *place) -> None:
        if issubclass(category, SolverWarning):
            self.say(f"warning: {message}")
        else:
            self.show_warning(message, category, *place)

    def reused(self, identity: RunIdentity) -> None:
        """A finished run is taken as it is."""
        self.number += 1
        self.say(f"{self._title(identity)}: finished before, reused")

    def begin(self, identity: RunIdentity, *, resumes: bool) -> None:
        """A run starts, or goes on where it stopped."""
        self.number += 1
        self.title, self.began = self._title(identity), time.monotonic()
        self.say(f"{self.title}: {'goes on where it stopped' if resumes else 'begins'}{self._rest()}")

    def end(self, record: dict) -> None:
        """A run has ended."""
        if self.task is not None:
            self.bar.remove_task(self.task)
            self.task = None
        duration = time.monotonic() - self.began
        self.durations.append(duration)
        outcome = f"done in {clock(duration)}" if record["status"] == COMPLETE else f"failed: {record['error']}"
        self.say(f"{self.title}: {outcome}")

    def callback(self) -> keras.callbacks.Callback:
        """Reports a training's epochs and batches."""
        return _Training(self)

    def _title(self, identity: RunIdentity) -> str:
        return f"[{self.number}/{self.runs}] {identity.table} {identity.row} seed {identity.seed}"

    def _rest(self) -> str:
        if not self.durations:
            return ""
        left = sum(self.durations) / len(self.durations) * (self.runs - self.number + 1)
        return f", about {clock(left)} left for this and {self.runs - self.number} more"

    def say(self, text: str) -> None:
        """Prints a line above the bar."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


def callbacks(request: Request, folder: Path, progress: Progress) -> list[keras.callbacks.Callback]:
    """What follows a training: the progress, and TensorBoard's logs where they are asked for."""
    following = [progress.callback()]
    return [*following, keras.callbacks.TensorBoard(folder / TENSORBOARD)] if request.tensorboard else following


class _Training(keras.callbacks.Callback):
    def __init__(self, progress: Progress):
        super().__init__()
        self.progress, self.done, self.said = progress, 0, 0.0

    def on_epoch_begin(self, epoch, logs=None):
        if self.done == 0:
            self.began, self.first = time.monotonic(), epoch
            total = (self.params["epochs"] - epoch) * self.params["steps"]
            self.progress.task = self.progress.bar.add_task(self.progress.title, total=total)
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        self.done += 1
        self.progress.bar.update(self.progress.task, completed=self.done)

    def on_epoch_end(self, epoch, logs=None):
        losses = f"epoch {epoch + 1}/{self.params['epochs']} loss {logs['loss']:.4f} val_loss {logs['val_loss']:.4f}"
        self.progress.bar.update(self.progress.task, description=f"{self.progress.title} {losses}")
        now = time.monotonic()
        last = epoch + 1 == self.params["epochs"]
        if not self.progress.console.is_terminal and (last or now - self.said > _SECONDS_BETWEEN_LINES):
            self.said = now
            left = (now - self.began) / (epoch + 1 - self.first) * (self.params["epochs"] - epoch - 1)
            self.progress.say(f"{self.progress.title}: {losses}, {clock(left)} left")
