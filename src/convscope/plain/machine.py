"""Two settings of the machine that decide up to three times the time of a network on CPUs, and no result."""

import ctypes
import os
import sys

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # <malloc.h>
NEVER = 2**31 - 1


def wait_passively() -> None:
    """Let idle threads of OpenMP sleep instead of spin; works before torch is imported only.

    On a core that is shared a spinning thread keeps the one it waits for from running: measured 145 ms a
    training step instead of 258 ms, and 120 instead of 570, on two busy cores. A setting of the user's stays.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def keep_freed_memory() -> bool:
    """Tell glibc to reuse large blocks instead of returning them; False where there is no glibc.

    It helps most before the first tensor is made, and changes no result.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # musl has none
        return False
    return bool(mallopt(M_MMAP_MAX, 0) and mallopt(M_TRIM_THRESHOLD, NEVER))
