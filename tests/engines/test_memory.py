"""The memory an engine takes is what was said before it was loaded."""

from __future__ import annotations

import json
import subprocess
import sys

import needs
import pytest

from auditor.engines.measuring.machine import OVERHEAD_BYTES

needs.embedded_model()

# A process of its own, since a peak is of the whole life of a process. ``ru_maxrss`` would do on
# Linux too if it were not inherited from the process that started this one.
SCRIPT = """
import json, resource, sys
from pathlib import Path
from auditor.domain import Request
from auditor.engines import EngineSettings, open_engine
from auditor.engines.llama_cpp import bindings

tokens = []

class Context(bindings.Context):
    def __init__(self, model, **shape):
        tokens.append(shape["tokens"] * shape["sequences"])
        super().__init__(model, **shape)

bindings.Context = Context
slots, folder = int(sys.argv[1]), sys.argv[2]
engine = open_engine(None, EngineSettings(slots=slots, cache_folder=folder, threads=1))
rules = "Answer with one label and nothing else: billing, shipping, account or other. " * 4
requests = [
    Request(
        call_id=str(number),
        messages=[{"role": "system", "content": rules},
                  {"role": "user", "content": f"Parcel {number} is late by {number} days."}],
        params={"max_tokens": 4, "temperature": 0},
    )
    for number in range(2 * slots)
]
answered = sum(1 for _ in engine.answers(requests))
status = Path("/proc/self/status")
if status.exists():
    peak = next(int(line.split()[1]) for line in status.read_text().splitlines()
                if line.startswith("VmHWM")) * 1024
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
weights = next(Path(folder).glob("*.gguf")).stat().st_size
cache = max(tokens) * engine._file.cache_bytes_per_token
measured = engine.speed()[0].peak_memory_bytes
print(json.dumps({"answered": answered, "peak": peak, "weights": weights, "cache": cache,
                  "measured": measured, "tokens": max(tokens)}))
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return str(tmp_path_factory.mktemp("cache"))


@pytest.mark.parametrize("slots", [8, 24])
def test_the_peak_is_weights_and_cache_and_little_else(cache, slots):
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(slots), cache],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    seen = json.loads(ran.stdout)
    assert seen["answered"] == 2 * slots
    assert seen["tokens"] >= slots * 512
    assert seen["peak"] <= 1.15 * (seen["weights"] + seen["cache"] + OVERHEAD_BYTES)
    # The kernel adds up both figures in batches of pages.
    assert seen["weights"] < seen["measured"] <= 1.01 * seen["peak"]
