"""Runs scorers of inspect_ai in its own environment: inspect_runner.py CASES.json SCORES.json."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from types import SimpleNamespace

from inspect_ai import scorer

KINDS = ("match", "includes", "pattern", "answer", "exact", "f1")


async def verdicts(cases: list[dict]) -> list[float]:
    """The value of each case's score: 1 or 0, or a score in between."""
    told = []
    for case in cases:
        assert case["kind"] in KINDS
        made = getattr(scorer, case["kind"])(**case["config"])
        state = SimpleNamespace(output=SimpleNamespace(completion=case["text"]))
        value = (await made(state, scorer.Target(case["target"]))).value
        told.append(value if isinstance(value, float) else float(value == scorer.CORRECT))
    return told


if __name__ == "__main__":
    read, written = map(Path, sys.argv[1:])
    found = asyncio.run(verdicts(json.loads(read.read_text(encoding="utf-8"))))
    written.write_text(json.dumps(found), encoding="utf-8")
