"""Devices: one, or several with a copy of the network on each (the papers' multi_gpu_model)."""

import contextlib
import os
import platform
from functools import cache
from pathlib import Path

import numpy as np
import tensorflow as tf

from nodes_unet.errors import InputError

_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")


def devices(number: int | None = None) -> list[str]:
    """The devices to train on: GPUs where there are any, CPUs elsewhere.

    Args:
        number: how many; by default all visible GPUs, or one CPU.

    Raises:
        InputError: more are asked for than there are.
    """
    gpus = [device.name for device in tf.config.list_logical_devices("GPU")]
    available = gpus or [device.name for device in tf.config.list_logical_devices("CPU")]
    if number is None:
        number = max(1, len(gpus))
    if not 1 <= number <= len(available):
        raise InputError(f"--devices {number}: this machine shows {len(available)}, so choose 1 to {len(available)}")
    return available[:number]


def scope(names: list[str]):
    """The context to build and compile a network in: MirroredStrategy for several devices."""
    return _mirrored(tuple(names)).scope() if len(names) > 1 else contextlib.nullcontext()


@cache
def _mirrored(names: tuple[str, ...]) -> tf.distribute.MirroredStrategy:
    """One strategy a process: another would number its sums over devices anew and be given those of the first."""
    return tf.distribute.MirroredStrategy(names)


def jit_compile(names: list[str]) -> bool | str:
    """Whether to compile with XLA: never on CPU, where training is slower with it (`reproduce bench xla` measures it).

    Elsewhere Keras chooses; as of 3.15 it goes without XLA while TensorFlow's operations are deterministic.
    """
    return False if any("CPU" in name for name in names) else "auto"


def describe(names: list[str]) -> dict:
    """Machine and devices, for records; model, caches and instructions decide in which order sums are added up."""
    return {
        "processor": _processor(),
        "model": [_cpuinfo(name)[0] for name in ("cpu family", "model", "stepping") if _cpuinfo(name)],
        "caches": [path.read_text(encoding="utf-8").strip() for path in sorted(_CACHES.glob("index*/size"))],
        "instructions": np.show_config(mode="dicts")["SIMD Extensions"]["found"],
        "system": platform.platform(),
        "python": platform.python_version(),
        "devices": [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in _gpus()]
        or names,
    }


def _gpus():
    return tf.config.list_physical_devices("GPU")


def _processor() -> str:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    name = next(iter(_cpuinfo("model name")), platform.processor() or platform.machine())
    return f"{usable} x {name}"


def _cpuinfo(name: str) -> list[str]:
    """What Linux says under a name, for each processor; elsewhere nothing."""
    with contextlib.suppress(OSError), Path("/proc/cpuinfo").open(encoding="utf-8") as file:
        fields = [line.split(":", 1) for line in file if ":" in line]
        return [value.strip() for key, value in fields if key.strip() == name]
    return []
