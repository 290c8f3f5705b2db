"""What this machine has to spare: memory before a model is loaded, cores before it decodes."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from auditor.errors import EngineError

OVERHEAD_BYTES = 250 * 10**6  # vocabulary, batch buffers, Python itself
_CGROUP = Path("/sys/fs/cgroup")
_GLANCE_S = 0.2  # the kernel counts in steps of 10 ms
_BUSY = 0.25  # share of the cores


def available_bytes() -> int:
    """Memory that a new process could use now, within its control group."""
    free = int(psutil.virtual_memory().available)
    allowed = _from_cgroup()
    return free if allowed is None else min(free, allowed)


def require(*, name: str, weights: int, cache: int) -> None:
    """Refuse a model that cannot fit, with the figures in bytes that say so.

    Raises:
        EngineError: weights, cache and overhead are more than the memory available.
    """
    available = available_bytes()
    needed = weights + cache + OVERHEAD_BYTES
    if needed > available:
        raise EngineError(
            f"{name} needs {_gb(needed)} GB of memory (weights {_gb(weights)}, KV cache "
            f"{_gb(cache)}, rest {_gb(OVERHEAD_BYTES)}) and {_gb(available)} GB are available",
            hint="use a smaller model or quantisation, fewer --slots, or a server: "
            "--model URL#name",
        )


def _gb(amount: int) -> str:
    return f"{amount / 1e9:.1f}"


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


def cores() -> list[int]:
    """The numbers of the cores this process may use."""
    try:
        return sorted(os.sched_getaffinity(0))
    except AttributeError:  # macOS lets a process use them all
        return list(range(os.cpu_count() or 1))


@dataclass(frozen=True, slots=True)
class _Clock:
    """CPU seconds spent so far: by everyone on our cores, and by this process."""

    at: float
    everyone: float
    ours: float


def _read_clock() -> _Clock:
    ours = psutil.Process().cpu_times()
    return _Clock(time.monotonic(), _spent_by_everyone(), ours.user + ours.system)


def _spent_by_everyone() -> float:
    each = psutil.cpu_times(percpu=True)
    # On Linux the time of guests is part of user, and waiting for a disk is not work.
    return sum(
        float(times.user + times.system + getattr(times, "nice", 0.0))
        for number, times in enumerate(each)
        if number in cores()
    )


def taken_cores() -> float:
    """How many of our cores other processes keep busy, looked at for a fifth of a second.

    The load average would not do: it is of the last minute, and counts what we did in it.
    """
    before = _read_clock()
    time.sleep(_GLANCE_S)
    after = _read_clock()
    theirs = after.everyone - before.everyone - (after.ours - before.ours)
    return min(max(theirs / (after.at - before.at), 0.0), float(len(cores())))


def is_shared(taken: float) -> bool:
    """Say whether so many taken cores slow us down."""
    return taken > _BUSY * len(cores())


def threads(wanted: int | None) -> int:
    """How many threads to decode with: what was asked for, else a core each that is idle now."""
    if wanted is not None:
        return max(1, wanted)
    return max(1, len(cores()) - round(taken_cores()))
