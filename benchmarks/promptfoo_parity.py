"""Verdicts of auditor and of promptfoo on the same answers by the same assertions.

    python benchmarks/promptfoo_parity.py [--folder .bench/promptfoo] [--differences]

promptfoo comes from npm into the folder, once; then nothing needs the network: its telemetry and
its search for updates are turned off. Both sides get the assertions as a user would write them.
A case counts where both give a verdict. Every difference falls into a group below, which says who
is right by the documented meaning; a difference in no group is listed as unexplained.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptfoo_cases import Case, cases
from promptfoo_differences import explained

from auditor.criteria import GradeInput, grade
from auditor.criteria.file import read_criteria
from auditor.criteria.request_facts import RequestFacts
from auditor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION = "0.123.1"
ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (f"promptfoo@{VERSION}", "node-sql-parser@5")
OFFLINE = {
    "PROMPTFOO_DISABLE_TELEMETRY": "1",
    "PROMPTFOO_DISABLE_UPDATE": "1",
    "PROMPTFOO_DISABLE_REMOTE_GENERATION": "1",
    "PROMPTFOO_DISABLE_SHARING": "1",
    "LOG_LEVEL": "error",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / ".bench" / "promptfoo")
    parser.add_argument("--differences", action="store_true", help="list every difference")
    options = parser.parse_args()
    install(options.folder)
    everything = list(cases())
    theirs = promptfoo_verdicts(everything, options.folder)
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)  # where code in a criteria file may run
        ours = [auditor_verdict(case, Path(work)) for case in everything]
    report(everything, ours, theirs, every=options.differences)


def install(folder: Path) -> None:
    """Install promptfoo and what it asks for, unless they are there."""
    if shutil.which("npm") is None:
        raise SystemExit("npm is not installed")
    if not (folder / "node_modules" / "promptfoo").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            "npm",
            "install",
            "--ignore-scripts",
            "--omit=optional",
            "--no-fund",
            "--prefix",
            str(folder),
            *PACKAGES,
        ]
        subprocess.run(command, cwd=folder, check=True)


def promptfoo_verdicts(everything: Sequence[Case], folder: Path) -> list[dict[str, Any]]:
    """Promptfoo's verdict on each case, all in one process."""
    written, told = folder / "cases.jsonl", folder / "verdicts.jsonl"
    written.write_text(
        "".join(f"{json.dumps(case.for_promptfoo())}\n" for case in everything), encoding="utf-8"
    )
    environment = os.environ | OFFLINE | {"PROMPTFOO_CONFIG_DIR": str(folder / "config")}
    command = ["node", str(ROOT / "benchmarks" / "promptfoo_runner.mjs"), written, told]
    subprocess.run(
        command,
        cwd=folder,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    lines = told.read_text(encoding="utf-8").split("\n")  # a reason may hold other ends of lines
    return [json.loads(line) for line in lines if line]


def auditor_verdict(case: Case, folder: Path) -> dict[str, Any]:
    """Auditor's verdict, by a criteria file as a user would write it."""
    criterion: dict[str, Any] = {"category": "*", "assert": case.asserts}
    if case.threshold is not None:
        criterion["threshold"] = case.threshold
    path = folder / "criteria.yaml"
    path.write_text(json.dumps({"version": 1, "criteria": [criterion]}), encoding="utf-8")
    try:
        (read,) = read_criteria(path)
    except ConfigError as error:
        return {"passed": None, "reason": f"refused: {error.message}"}
    facts = RequestFacts(
        user=case.variables.get("user"), latency_ms=case.latency_ms, cost_usd=case.cost_usd
    )
    answer = GradeInput(
        text=case.output,
        tool_calls=case.tool_calls or (),
        tools=case.tools,
        finish_reason=case.finish_reason,
        request=facts,
    )
    told = grade(read, answer)
    return {"passed": told.passed, "reason": told.explanation}


def report(
    everything: Sequence[Case],
    ours: Sequence[dict[str, Any]],
    theirs: Sequence[dict[str, Any]],
    *,
    every: bool,
) -> None:
    """Print the agreement, and the differences in their groups."""
    print(
        f"promptfoo {VERSION}\n\n| cases | both give a verdict | equal | share |\n|---|---|---|---|"
    )
    for tricky in (False, True):
        chosen = [i for i, case in enumerate(everything) if case.tricky is tricky]
        both = [i for i in chosen if None not in {ours[i]["passed"], theirs[i]["passed"]}]
        equal = sum(ours[i]["passed"] == theirs[i]["passed"] for i in both)
        words = "tricky" if tricky else "plain"
        print(f"| {words}: {len(chosen):,} | {len(both):,} | {equal:,} | {equal / len(both):.2%} |")
    groups: Counter[tuple[str, str]] = Counter()
    unexplained = []
    for case, mine, their in zip(everything, ours, theirs, strict=True):
        if mine["passed"] == their["passed"]:
            continue
        group = explained(case, mine, their)
        if group is None:
            unexplained.append((case, mine, their))
        else:
            groups[group] += 1
        if every:
            print(
                json.dumps(
                    [case.kind, case.asserts, case.output[:80], mine, their], ensure_ascii=False
                )[:400]
            )
    print("\n| differences | cases | who is right by the documented meaning |\n|---|---|---|")
    for (name, verdict), number in groups.most_common():
        print(f"| {name} | {number} | {verdict} |")
    print(f"| unexplained | {len(unexplained)} | |")
    for case, mine, their in unexplained[:40]:
        print(
            json.dumps(
                [case.kind, case.asserts, case.output[:60], mine, their], ensure_ascii=False
            )[:420]
        )


if __name__ == "__main__":
    main()
