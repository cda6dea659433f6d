"""Keeps the memory that is freed: a training step asks for the same buffers as the one before."""

import ctypes
import os
import platform
import warnings

# Parameters of glibc's `mallopt`, from its malloc.h.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
# The largest that every glibc takes; newer ones take any.
_SMALLER_MMAP_THRESHOLD = 32 << 20

SWITCH = "GK_KEEP_MEMORY"


def keep_freed_memory():
    """Tells glibc to keep freed memory for the process instead of handing it to the system.

    TensorFlow frees its buffers at the end of each step and asks for them again in the next.
    Where glibc gives them up in between, the system fills each page with zeros anew; datasets
    from generators have it do so in TensorFlow 2.21 (benchmarks/RESULTS.md). `import gk` calls
    this, so that it holds in scripts, tests and kernels alike. The environment variable
    `GK_KEEP_MEMORY=0` turns it off, for machines where memory is scarcer than time.

    Returns:
        Whether freed memory is kept: `False` where it is turned off, and where the C library
        is not glibc.
    """
    choice = os.environ.get(SWITCH, "1")
    if choice not in ("0", "1"):
        raise ValueError(
            f"Expected the environment variable {SWITCH} as 0 or 1. Received: {choice!r}"
        )
    if choice == "0" or platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    done = mallopt(_MMAP_THRESHOLD, 1 << 30) or mallopt(_MMAP_THRESHOLD, _SMALLER_MMAP_THRESHOLD)
    done = done and mallopt(_TRIM_THRESHOLD, (1 << 31) - 1) and mallopt(_TOP_PAD, 64 << 20)
    if not done:
        warnings.warn("glibc did not take the settings that keep freed memory.", stacklevel=2)
    return bool(done)
