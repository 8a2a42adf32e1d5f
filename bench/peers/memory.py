"""Resident memory of this process, and its peak between two points (Linux; None elsewhere)."""

from __future__ import annotations

import ctypes
import gc
from pathlib import Path

_status = Path("/proc/self/status")
_clear = Path("/proc/self/clear_refs")


def settle() -> None:
    """Give freed memory back to the system, so that a call cannot live off what an earlier one left behind."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc
    if trim is not None:
        trim(0)


def resident() -> int | None:
    """Return the bytes that are resident now."""
    return _field("VmRSS")


def reset_peak() -> None:
    """Start a new peak."""
    if _clear.exists():
        _clear.write_text("5")


def peak() -> int | None:
    """Return the most bytes that were resident since ``reset_peak``."""
    return _field("VmHWM")


def _field(name: str) -> int | None:
    if not _status.exists():
        return None
    for line in _status.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return None
