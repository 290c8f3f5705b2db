"""Energy used while a model answers, where the machine tells it: processors, NVIDIA's GPUs.

The counters are the machine's, so they count the work of other programs too. If one part hides its
energy, the whole is unknown: a sum of some parts would look like the sum of all.
"""

from __future__ import annotations

import ctypes
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

POWERCAP = Path("/sys/class/powercap")
_NVML = "libnvidia-ml.so.1"
_UJ_PER_WH = 3.6e9
_UNREADABLE = (OSError, ValueError)


class EnergyCounter(NamedTuple):
    """A counter of microjoules; after ``span`` of them it begins at 0 again (None: never)."""

    read: Callable[[], int]
    span: int | None


class EnergyMeter:
    """Adds up what counters count between ``begin`` and the last ``update``.

    A counter is looked at more often than it turns over: at 100 W one of Intel's takes 44 minutes.
    """

    def __init__(self, counters: Sequence[EnergyCounter]) -> None:
        self._counters = tuple(counters)
        self._last: list[int] = []
        self._used = 0

    @property
    def wh(self) -> float | None:
        """Watt-hours so far; None without counters, or after one of them stopped."""
        return self._used / _UJ_PER_WH if self._counters else None

    def begin(self) -> None:
        """Count from here on; what was used since the last ``update`` is left out."""
        self._last = self._read()

    def update(self) -> None:
        """Add what was used since the last look."""
        now = self._read()
        for counter, before, after in zip(self._counters, self._last, now, strict=True):
            used = after - before
            if used < 0 and counter.span is not None:
                used += counter.span
            self._used += used
        self._last = now

    def _read(self) -> list[int]:
        try:
            return [counter.read() for counter in self._counters]
        except _UNREADABLE:
            self._counters, self._last = (), []
            return []


def counters(*, gpus: bool, powercap: Path = POWERCAP) -> list[EnergyCounter]:
    """Return the counters of all that works on an answer, or none if one of them is missing.

    ``gpus`` says that GPUs work too. Energy of processors is for root alone on most systems:
    ``energy_uj`` shows what others compute (CVE-2020-8694).
    """
    processors = _processors(powercap)
    if not gpus or not processors:
        return processors
    found = _nvidia()
    return processors + found if found else []


def _processors(powercap: Path) -> list[EnergyCounter]:
    """Return a counter per processor package and per memory beside one (RAPL, Intel and AMD).

    Other zones are parts of a package (core, uncore) or hold it (psys). See the kernel's
    Documentation/power/powercap/powercap.rst.
    """
    found = []
    try:
        for zone in sorted(powercap.glob("intel-rapl:*")):
            name = (zone / "name").read_text(encoding="ascii").strip()
            if name.startswith("package") or name == "dram":
                read = partial(_number, zone / "energy_uj")
                read()
                found.append(EnergyCounter(read, _number(zone / "max_energy_range_uj")))
    except _UNREADABLE:
        return []
    return found


def _number(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))


def _nvidia() -> list[EnergyCounter]:
    """Return a counter per GPU, none if one has none: NVML counts since the driver was loaded.

    NVML is the library under nvidia-smi, which itself shows only power; it counts on Volta and
    later (nvmlDeviceGetTotalEnergyConsumption).
    """
    try:
        nvml = ctypes.CDLL(_NVML)
        _checked(nvml.nvmlInit_v2)
        count = ctypes.c_uint()
        _checked(nvml.nvmlDeviceGetCount_v2, ctypes.byref(count))
        found = []
        for index in range(count.value):
            device = ctypes.c_void_p()
            _checked(nvml.nvmlDeviceGetHandleByIndex_v2, ctypes.c_uint(index), ctypes.byref(device))
            read = partial(_gpu_energy, nvml, device)
            read()
            found.append(EnergyCounter(read, None))
    except (OSError, AttributeError):
        return []
    return found


def _gpu_energy(nvml: ctypes.CDLL, device: ctypes.c_void_p) -> int:
    millijoules = ctypes.c_ulonglong()
    _checked(nvml.nvmlDeviceGetTotalEnergyConsumption, device, ctypes.byref(millijoules))
    return millijoules.value * 1000


def _checked(function: Callable[..., int], *arguments: object) -> None:
    code = function(*arguments)
    if code:
        raise OSError(code, "NVML refused")
