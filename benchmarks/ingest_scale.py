"""Ingest at scale beside DuckDB's own reader, on the same file in the same run.

    .venv/bin/python benchmarks/ingest_scale.py --calls 1000000 --folder /tmp/scale

Writes pairs of both API shapes (about 1.3 KB each, no prompt twice, in the words of the sample
log, 2 % broken lines, some secrets and addresses). Loads them by ``read_json`` with explicit
columns into a table and by ``ingest.run`` with and without sensitive-data classes, in turns, each
in a process of its own, and prints CPU seconds, wall time, peak memory and the median ratio. Then
re-ingests, then kills a run and completes it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import measured_run

if TYPE_CHECKING:
    from measured_run import Cost

COLUMNS = (
    "{id: 'VARCHAR', timestamp: 'TIMESTAMPTZ', status: 'INTEGER', latency_ms: 'DOUBLE', request: "
    "'STRUCT(model VARCHAR, system VARCHAR, messages STRUCT(role VARCHAR, content VARCHAR)[], "
    "temperature DOUBLE, max_tokens INTEGER, \"user\" VARCHAR)', response: 'STRUCT(id VARCHAR, "
    "model VARCHAR, choices STRUCT(message STRUCT(content VARCHAR), finish_reason VARCHAR)[], "
    "content STRUCT(type VARCHAR, text VARCHAR)[], stop_reason VARCHAR, usage STRUCT(prompt_tokens "
    "BIGINT, completion_tokens BIGINT, prompt_tokens_details STRUCT(cached_tokens BIGINT), "
    "input_tokens BIGINT, cache_read_input_tokens BIGINT, cache_creation_input_tokens BIGINT, "
    "output_tokens BIGINT))'}"
)
SAMPLE = Path(__file__).parent.parent / "sample_logs" / "support-app.openai.jsonl"
SYSTEMS = [
    "You are the routing model of a support desk. Answer with exactly one label.",
    "Extract the fields name, date and amount as JSON. Answer with JSON only.",
    "Summarise the text in two sentences. Do not add anything that is not in it.",
    "You write SQL for a warehouse with the tables orders, customers and items.",
]
MODELS = [
    "gpt-4o-2024-08-06",
    "gpt-4.1-mini-2025-04-14",
    "gpt-4o-mini-2024-07-18",
    "gpt-5-2025-08-07",
]


def words() -> list[str]:
    """Return the words of a real-looking log, as often as they occur there."""
    found: list[str] = []
    for line in SAMPLE.read_text().splitlines():
        try:
            messages = json.loads(line)["request"]["messages"]
        except (ValueError, KeyError, TypeError):
            continue
        found += " ".join(str(message["content"]) for message in messages).split()
    return found


def generate(path: Path, calls: int) -> None:
    """Write the log."""
    rng = random.Random(7)
    text = " ".join(rng.choices(words(), k=3_000_000))
    with path.open("wb", buffering=1 << 22) as file:
        for n in range(calls):
            start = rng.randrange(len(text) - 1_000)
            prompt = text[start : start + rng.randint(150, 700)]
            answer = text[-start - 200 : -start]
            day = f"2026-{n % 3 + 8:02d}-{n % 28 + 1:02d}"
            at = f"{day}T{n % 24:02d}:{n % 60:02d}:00.{n % 1000:03d}Z"
            if n % 97 == 0:
                prompt += f" write to person{n}@example.com"
            if n % 1009 == 0:
                prompt += f" AKIA{n:016d}".replace("0", "Q")
            if n % 53 == 0:
                file.write(b'{"id": "log_%d", "request": {"model": "gpt\n' % n)
                continue
            cached = rng.randint(0, 400)
            if n % 4:
                request = {
                    "model": MODELS[n % 4],
                    "messages": [
                        {"role": "system", "content": SYSTEMS[n % 4]},
                        {"role": "user", "content": f"{n}: {prompt}"},
                    ],
                    "temperature": 0,
                    "max_tokens": 256,
                    "user": f"u{n % 500}",
                }
                response = {
                    "id": f"chatcmpl-{n:012d}",
                    "object": "chat.completion",
                    "created": 1791763402,
                    "model": MODELS[n % 4],
                    "choices": [
                        {
                            "index": 0,
                            "message": {"role": "assistant", "content": answer},
                            "finish_reason": "stop",
                        }
                    ],
                    "usage": {
                        "prompt_tokens": 400 + n % 300,
                        "completion_tokens": 60,
                        "total_tokens": 460 + n % 300,
                        "prompt_tokens_details": {"cached_tokens": cached},
                    },
                }
            else:
                request = {
                    "model": "claude-sonnet-4-5-20250929",
                    "system": SYSTEMS[n % 3],
                    "max_tokens": 256,
                    "messages": [{"role": "user", "content": f"{n}: {prompt}"}],
                }
                response = {
                    "id": f"msg_{n:012d}",
                    "type": "message",
                    "role": "assistant",
                    "model": "claude-sonnet-4-5-20250929",
                    "content": [{"type": "text", "text": answer}],
                    "stop_reason": "end_turn",
                    "usage": {
                        "input_tokens": 400,
                        "cache_read_input_tokens": cached,
                        "cache_creation_input_tokens": 0,
                        "output_tokens": 60,
                    },
                }
            record = {
                "id": f"log_{n}",
                "timestamp": at,
                "request": request,
                "response": response,
                "status": 200,
                "latency_ms": 900 + n % 500,
            }
            file.write(json.dumps(record).encode() + b"\n")


def duck(path: Path, db: Path) -> None:
    """Load by DuckDB alone."""
    import duckdb

    connection = duckdb.connect(str(db))
    connection.execute(
        f"CREATE TABLE calls AS SELECT * FROM read_json('{path}', format='newline_delimited', "
        f"columns={COLUMNS}, ignore_errors=true)"
    ).fetchall()
    connection.close()


def ours(path: Path, db: Path, *, classes: bool, processes: int) -> None:
    """Load by ingest."""
    from auditor.ingest import stage as ingest
    from auditor.store.store import Store

    with Store.open(db) as store:
        result = ingest.run(
            store, [path], ingest.IngestSettings(classes=classes, processes=processes)
        )
        row = result.detail["sources"][0]
        print("    ", {k: str(v) for k, v in row.items() if k != "path"}, f"{result.seconds:.1f} s")


def measured(step: str, path: Path, db: Path, processes: int) -> Cost:
    """Run one step in a process of its own, and whatever processes it starts."""
    command = [sys.executable, __file__, "--step", step, "--log", str(path), "--db", str(db)]
    return measured_run.run(step, [*command, "--processes", str(processes)])


def killed(path: Path, db: Path, after: float, processes: int) -> None:
    """Kill a run in the middle, complete it and compare with what an undisturbed run wrote."""
    child = subprocess.Popen(
        [sys.executable, __file__, "--step", "ours", "--log", str(path), "--db", str(db)],
        start_new_session=True,
    )
    time.sleep(after)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    measured("ours", path, db, processes)


def digest(db: Path) -> tuple[object, ...]:
    """Return what tells two databases apart: sums over all calls and records."""
    import duckdb

    connection = duckdb.connect(str(db), read_only=True)
    found = connection.execute(
        "SELECT count(*), sum(cost_usd), bit_xor(hash(call_id, record_no, line_no, cost_usd)), "
        "(SELECT bit_xor(hash(record_no, byte_offset, outcome, call_id)) FROM records), "
        "(SELECT bit_xor(hash(call_id, messages, response_text)) FROM contents), "
        "(SELECT count(*) FROM rejects) FROM calls"
    ).fetchall()[0]
    connection.close()
    return tuple(found)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/auditor-scale"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--kill-after", type=float, default=0.0)
    parser.add_argument("--long-lines", action="store_true", help="only lines of 100 MB")
    parser.add_argument("--step")
    parser.add_argument("--log", type=Path)
    parser.add_argument("--db", type=Path)
    given = parser.parse_args()
    if given.step == "duckdb":
        duck(given.log, given.db)
    elif given.step:
        classes = given.step != "ours-plain"
        ours(given.log, given.db, classes=classes, processes=given.processes)
    elif given.long_lines:
        long_lines(given.folder)
    else:
        compare(given.folder, given.calls, given.rounds, given.kill_after, given.processes)


def long_lines(folder: Path) -> None:
    """Ingest a call of 100 MB and a broken line of 100 MB between two short calls."""
    folder.mkdir(parents=True, exist_ok=True)
    log, db = folder / "long-lines.jsonl", folder / "long-lines.db"
    db.unlink(missing_ok=True)
    with log.open("w") as file:
        for n, text in enumerate(("hello", "word " * 20_000_000, "again")):
            request = {"model": MODELS[0], "messages": [{"role": "user", "content": text}]}
            response = {
                "id": f"chatcmpl-{n:012d}",
                "choices": [{"message": {"role": "assistant", "content": "ok"}}],
                "usage": {"prompt_tokens": 5, "completion_tokens": 1},
            }
            file.write(json.dumps({"id": f"log_{n}", "request": request, "response": response}))
            file.write('\n{"request": "' + "x" * 100_000_000 + "\n" if n == 1 else "\n")
    measured("ours", log, db, 1)


def remove(folder: Path, name: str) -> None:
    """Delete a database of an earlier run."""
    for old in folder.glob(f"{name}.db*"):
        old.unlink()


def compare(folder: Path, calls: int, rounds: int, kill_after: float, processes: int) -> None:
    """Generate, measure, print the ratios."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"calls-{calls}.jsonl"
    if not log.exists():
        generate(log, calls)
    print(f"{calls} calls, {log.stat().st_size / 2**20:.0f} MiB")
    found: dict[str, list[Cost]] = {"duckdb": [], "ours-plain": [], "ours": []}
    for _ in range(rounds):
        for step, costs in found.items():
            remove(folder, step)
            costs.append(measured(step, log, folder / f"{step}.db", processes))
    for step in ("ours", "ours-plain"):
        for name, at in (("wall", 0), ("CPU", 1)):
            pairs = zip(found[step], found["duckdb"], strict=True)
            ratios = [ours[at] / base[at] for ours, base in pairs]
            words = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
            print(f"{name} of {step} divided by read_json: median {words}")
    measured("ours", log, folder / "ours.db", processes)
    if kill_after:
        remove(folder, "killed")
        killed(log, folder / "killed.db", kill_after, processes)
        print(
            "killed run equals the undisturbed one:",
            digest(folder / "killed.db") == digest(folder / "ours.db"),
        )


if __name__ == "__main__":
    main()
