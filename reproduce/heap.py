"""Freed memory kept for the next training step, instead of given back to the system and asked for again."""

import ctypes

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # of mallopt(3)
_NEVER = 2**31 - 1


def keep_freed_memory() -> None:
    """Makes the C library keep what this process frees; without effect where it is not glibc.

    The solves of ODE-blocks free and take some 600 MB in each training step, all of which the system has to clear and
    map anew (`reproduce bench heap` measures it). The peak is a few percent higher.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_MAX, 0)
        mallopt(_TRIM_THRESHOLD, _NEVER)
