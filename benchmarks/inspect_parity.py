"""Scores of auditor and of inspect_ai's scorers on the same answers.

    python benchmarks/inspect_parity.py [--folder .bench/inspect_ai]

inspect_ai is installed into an environment of its own in the folder, once. Every answer below meets
every target by every scorer and setting.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.criteria import GradeInput
from auditor.criteria.file import parse_criteria
from auditor.criteria.grading import grade_assertion

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "0.3.285"
ROOT = Path(__file__).resolve().parents[1]
ANSWERS = (
    "42", "42.", "The answer is 42", "42 is it", "$1,234.50", "**1,234.5**", "-5", "(42)", "42!",
    "25", "60%", "3 cats", "The cats", "a an the", "", "Yes.", "**yes**", "ANSWER: B", "answer: b",
    "ANSWER: A\nANSWER: B", "ANSWER: yes.", "ANSWER: yes it is", "ANSWER: red and blue",
    "ANSWER: x\nmore", "x=1 y=2", "Paris", "It is PARIS!", "paris, france", "1e3", "1000", "0.5",
    ".5", "½", "well-known", "well known", "state-of-the-art", "I'm", "Im", "£20", "20 GBP", "<42",
    "~42", "4 2", "42\n", "ANSWER : C.", "ANSWER:\nD", "ANSWER: (B)", "straße", "STRASSE",
)  # fmt: skip
TARGETS = (
    "42", "B", "yes", "Paris", "1234.5", "-5", "cats", "the", "red and blue", "x", "25", "60",
    "0.5", "well known", "20", "1000", "C", "D", "strasse", ".", "a",
)  # fmt: skip


def settings() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every scorer that needs no model, with its settings."""
    for location, numeric in itertools.product(("begin", "end", "any", "exact"), (False, True)):
        yield "match", {"location": location, "numeric": numeric}
    for ignore_case in (True, False):
        yield "includes", {"ignore_case": ignore_case}
    for kind in ("letter", "word", "line"):
        yield "answer", {"pattern": kind}
    for match_all in (True, False):
        yield "pattern", {"pattern": r"(\w+)\W+(\w+)?", "match_all": match_all}
    yield "exact", {}
    yield "f1", {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / ".bench" / "inspect_ai")
    folder = parser.parse_args().folder
    cases = [
        {"kind": kind, "config": config, "text": text, "target": target}
        for text, target, (kind, config) in itertools.product(ANSWERS, TARGETS, settings())
    ]
    theirs = inspect_scores(cases, folder)
    counted, equal = Counter(), Counter()
    for case, their in zip(cases, theirs, strict=True):
        counted[case["kind"]] += 1
        mine = auditor_score(case)
        if abs(mine - their) < 1e-9:
            equal[case["kind"]] += 1
        else:
            print(json.dumps([case, mine, their], ensure_ascii=False))
    print(f"inspect_ai {VERSION}\n\n| scorer | cases | equal |\n|---|---|---|")
    for kind, number in counted.items():
        print(f"| `{kind}` | {number:,} | {equal[kind]:,} |")


def inspect_scores(cases: list[dict[str, Any]], folder: Path) -> list[float]:
    """inspect_ai's score of each case."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        install = [python, "-m", "pip", "install", "-q", f"inspect_ai=={VERSION}"]
        subprocess.run(install, check=True)
    written, told = folder / "cases.json", folder / "scores.json"
    written.write_text(json.dumps(cases), encoding="utf-8")
    runner = ROOT / "benchmarks" / "inspect_runner.py"
    subprocess.run([python, runner, written, told], check=True)
    return json.loads(told.read_text(encoding="utf-8"))


def auditor_score(case: dict[str, Any]) -> float:
    """Auditor's score, by the assertion as a user would write it."""
    assertion = {"type": case["kind"], "value": case["target"]}
    if case["config"]:
        assertion["config"] = case["config"]
    document = {"version": 1, "criteria": [{"category": "*", "assert": [assertion]}]}
    (criterion,) = parse_criteria(json.dumps(document))
    score = grade_assertion(criterion.assertions[0], GradeInput(text=case["text"])).score
    return -1.0 if score is None else score


if __name__ == "__main__":
    main()
