"""TensorFlow's start-up chatter, silenced: its C++ side writes to stderr whatever the log level says."""

import contextlib
import importlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Sends what is written to file descriptor 2 nowhere; exceptions still come through."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def import_tensorflow() -> None:
    """Imports TensorFlow and makes it look for devices, in silence."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with silent_stderr():
        importlib.import_module("tensorflow").config.list_logical_devices()
