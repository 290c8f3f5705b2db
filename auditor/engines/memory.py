"""How much memory there is, and whether a model fits, asked before it is loaded."""

from __future__ import annotations

import os
from pathlib import Path

from auditor.errors import EngineError

OVERHEAD_BYTES = 250 * 10**6  # vocabulary, batch buffers, Python itself
_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


def available_bytes() -> int | None:
    """Memory that a new process could use now, within its control group; None where unknown."""
    found = [amount for amount in (_from_meminfo(), _from_cgroup()) if amount is not None]
    if found:
        return min(found)
    try:  # macOS: all of it, since it does not say how much is free
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None


def require(*, name: str, weights: int, cache: int) -> None:
    """Refuse a model that cannot fit, with the figures in bytes that say so.

    Raises:
        EngineError: weights, cache and overhead are more than the memory available.
    """
    available = available_bytes()
    needed = weights + cache + OVERHEAD_BYTES
    if available is not None and needed > available:
        raise EngineError(
            f"{name} needs {_gb(needed)} GB of memory (weights {_gb(weights)}, KV cache "
            f"{_gb(cache)}, rest {_gb(OVERHEAD_BYTES)}) and {_gb(available)} GB are available",
            hint="use a smaller model or quantisation, fewer --slots, or a server: "
            "--model URL#name",
        )


def _gb(amount: int) -> str:
    return f"{amount / 1e9:.1f}"


def _from_meminfo() -> int | None:
    try:
        lines = _MEMINFO.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _from_cgroup() -> int | None:
    """What the control group (version 2) still allows; its page cache can be reclaimed."""
    try:
        limit = (_CGROUP / "memory.max").read_text(encoding="ascii").strip()
        used = int((_CGROUP / "memory.current").read_text(encoding="ascii"))
        stat = (_CGROUP / "memory.stat").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return None
    if not limit.isdigit():
        return None
    cached = sum(int(line.split()[1]) for line in stat if line.startswith("inactive_file "))
    return max(int(limit) - used + cached, 0)
