"""Energy where the machine tells it, and memory: read from counters that are made up here."""

from __future__ import annotations

import ctypes

import pytest

from auditor.domain import Answer
from auditor.engines.measuring.energy import EnergyCounter, EnergyMeter, counters
from auditor.engines.measuring.speed import DecodingSpeed, ServerSpeed

HOUR_UJ = 3_600_000_000
"""Microjoules of a watt-hour."""


class Machine:
    """A folder like /sys/class/powercap."""

    def __init__(self, folder):
        self.folder = folder
        self.zone("intel-rapl:0", "package-0")
        self.zone("intel-rapl:0:0", "core")
        self.zone("intel-rapl:0:1", "dram")
        self.zone("intel-rapl:1", "psys")

    def zone(self, zone, name, span=10 * HOUR_UJ):
        (self.folder / zone).mkdir()
        (self.folder / zone / "name").write_text(f"{name}\n")
        (self.folder / zone / "max_energy_range_uj").write_text(f"{span}\n")
        self.show(zone, 0)

    def show(self, zone, value):
        (self.folder / zone / "energy_uj").write_text(f"{value}\n")

    def hide(self, zone):
        (self.folder / zone / "energy_uj").unlink()

    def meter(self, gpus=False):
        return EnergyMeter(counters(gpus=gpus, powercap=self.folder))


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_packages_and_their_memory_are_added_up_and_nothing_twice(machine):
    meter = machine.meter()
    meter.begin()
    for zone, wh in (
        ("intel-rapl:0", 3),
        ("intel-rapl:0:0", 2),
        ("intel-rapl:0:1", 1),
        ("intel-rapl:1", 9),
    ):
        machine.show(zone, wh * HOUR_UJ)
    meter.update()
    assert meter.wh == 4


def test_a_counter_that_turned_over_went_on(machine):
    machine.show("intel-rapl:0", 9 * HOUR_UJ)
    meter = machine.meter()
    meter.begin()
    for value in (9.5, 0.5, 2.0):
        machine.show("intel-rapl:0", int(value * HOUR_UJ))
        meter.update()
    assert meter.wh == pytest.approx(3)


def test_what_is_used_between_two_runs_does_not_count(machine):
    meter = machine.meter()
    for begins, ends in ((1, 2), (7, 9)):
        machine.show("intel-rapl:0", begins * HOUR_UJ)
        meter.begin()
        machine.show("intel-rapl:0", ends * HOUR_UJ)
        meter.update()
    assert meter.wh == pytest.approx(3)


@pytest.mark.parametrize("zone", ["intel-rapl:0", "intel-rapl:0:1"])
def test_what_cannot_be_read_makes_it_unknown(machine, zone):
    machine.hide(zone)
    meter = machine.meter()
    meter.begin()
    meter.update()
    assert meter.wh is None


def test_what_stops_telling_makes_it_unknown(machine):
    meter = machine.meter()
    meter.begin()
    machine.show("intel-rapl:0", "nonsense")
    meter.update()
    meter.begin()
    meter.update()
    assert meter.wh is None


def test_a_machine_without_counters(tmp_path):
    assert EnergyMeter(counters(gpus=False, powercap=tmp_path / "none")).wh is None


class Nvml:
    """NVIDIA's library with two GPUs; ``code`` is what its counter answers."""

    def __init__(self, code=0):
        self.code, self.millijoules = code, 5000

    def nvmlInit_v2(self):  # noqa: N802
        return 0

    def nvmlDeviceGetCount_v2(self, count):  # noqa: N802
        count._obj.value = 2
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index, device):  # noqa: N802
        device._obj.value = 100 + index.value
        return 0

    def nvmlDeviceGetTotalEnergyConsumption(self, device, energy):  # noqa: N802
        energy._obj.value = self.millijoules * (device.value - 99)
        return self.code


def test_gpus_that_work_count_too(machine, monkeypatch):
    nvml = Nvml()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: nvml)
    meter = machine.meter(gpus=True)
    meter.begin()
    nvml.millijoules += HOUR_UJ // 1000  # the second one uses twice that
    machine.show("intel-rapl:0", HOUR_UJ)
    meter.update()
    assert meter.wh == pytest.approx(4)


@pytest.mark.parametrize("library", [Nvml(code=3), object(), None])
def test_a_gpu_that_does_not_tell_makes_it_unknown(machine, monkeypatch, library):
    def load(name):
        if library is None:
            raise OSError(name)
        return library

    monkeypatch.setattr(ctypes, "CDLL", load)
    meter = machine.meter(gpus=True)
    meter.begin()
    meter.update()
    assert meter.wh is None
    assert machine.meter(gpus=False).wh == 0


def test_a_speed_tells_energy_and_memory_of_what_it_measured(machine, monkeypatch):
    monkeypatch.setattr("auditor.engines.measuring.speed.counters", lambda gpus: counters(
        gpus=gpus, powercap=machine.folder
    ))  # fmt: skip
    speed = DecodingSpeed()
    speed.step(4, 0.5)
    assert [(row.energy_wh, row.peak_memory_bytes) for row in speed.rows("c")] == [(None, None)]
    with speed.measuring(gpus=False):
        speed.answer(10.0)
        machine.show("intel-rapl:0", HOUR_UJ)
    (row,) = speed.rows("c")
    assert row.energy_wh == 1
    assert 10 * 2**20 < row.peak_memory_bytes < 2**40


def test_the_memory_and_energy_of_a_server_are_its_own():
    speed = ServerSpeed()
    speed.answer(1, Answer(text="x", output_tokens=3, latency_ms=20.0))
    (row,) = speed.rows("c")
    assert row.energy_wh is None
    assert row.peak_memory_bytes is None


def test_a_counter_that_never_turns_over_may_be_read_twice():
    values = iter([5, 8, 8])
    meter = EnergyMeter([EnergyCounter(lambda: next(values), None)])
    meter.begin()
    meter.update()
    meter.update()
    assert meter.wh == pytest.approx(3 / HOUR_UJ)
