"""What a command takes: seconds by the clock and on all cores, memory of all its processes."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING, NamedTuple

import psutil

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_EVERY_S = 0.1


class Cost(NamedTuple):
    """Seconds by the clock, seconds on all cores, MiB at the highest."""

    wall: float
    cpu: float
    peak: float

    def __str__(self) -> str:
        return f"wall {self.wall:7.1f} s  CPU {self.cpu:7.1f} s  peak {self.peak:7.0f} MiB"


def run(name: str, command: Sequence[str | Path], *, quiet: bool = False) -> Cost:
    """Run a command to its end and print what it took; ends the program if it fails."""
    began, peak = time.monotonic(), 0.0
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL if quiet else None)
    while not os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        peak = max(peak, memory(child.pid))
        time.sleep(_EVERY_S)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"{name} failed with status {status}")
    found = Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime, peak)
    print(f"{name:24} {found}", flush=True)
    return found


def memory(pid: int) -> float:
    """Return the MiB of a process and its children; what they share counts once."""
    total = 0
    try:
        for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
            found = process.memory_full_info()
            total += getattr(found, "pss", found.rss)
    except psutil.Error:
        return 0.0
    return total / 2**20
