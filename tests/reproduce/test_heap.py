import os
import platform
import subprocess
import sys

import pytest

MEASURED = """
import ctypes, resource, sys
from reproduce.heap import keep_freed_memory

if sys.argv[1] == "kept":
    keep_freed_memory()
library = ctypes.CDLL(None)
library.malloc.restype, library.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
for step in range(11):
    if step == 1:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    block = library.malloc(50_000_000)
    ctypes.memset(block, 1, 50_000_000)
    library.free(block)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep memory in ways of their own")
def test_freed_memory_is_not_asked_for_again():
    given_back, kept = (
        int(subprocess.run([sys.executable, "-c", MEASURED, how], capture_output=True, text=True, check=True).stdout)
        for how in ("given back", "kept")
    )
    pages = 10 * 50_000_000 / os.sysconf("SC_PAGE_SIZE")
    assert kept < pages / 100 < given_back
