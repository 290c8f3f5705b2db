r"""Ingest beside the analyze step of two other tools, on the same calls in the same run.

    pip install llm-route-audit==0.3.3      (each in an environment of its own)
    pip install frugon==0.2.6
    python benchmarks/ingest_scale.py --calls 1000000 --folder /tmp/scale
    python benchmarks/ingest_peers.py /tmp/scale/calls-1000000.jsonl \\
        --llm-route-audit ENV/bin/llm-route-audit --frugon ENV/bin/frugon

The peers do not read the log as it is: the calls are written anew in the format of each first
(which is not timed), without the broken lines, which one of them refuses, and with the token
counts where they look for them. Peak memory is that of all processes.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import measured_run


def flat(record: dict[str, Any]) -> dict[str, Any]:
    """A call as frugon wants it: model, usage and messages at the top."""
    request, response = record["request"], record["response"]
    usage, (given, said) = response["usage"], counts(response["usage"])
    return {
        "timestamp": record["timestamp"],
        "model": response["model"],
        "messages": messages(request),
        "response": {"choices": [{"message": {"content": text(response)}}]},
        "usage": {"prompt_tokens": given + usage.get("cache_read_input_tokens", 0),
                  "completion_tokens": said},
    }  # fmt: skip


def disjoint(record: dict[str, Any]) -> dict[str, Any]:
    """A call as llm-route-audit wants it: its own names, cached tokens counted separately."""
    request, response = record["request"], record["response"]
    usage, (given, said) = response["usage"], counts(response["usage"])
    cached = usage.get("prompt_tokens_details", {}).get("cached_tokens", 0)
    return {
        "id": record["id"],
        "timestamp": record["timestamp"],
        "model": response["model"],
        "messages": messages(request),
        "response": text(response),
        "input_tokens": given - cached,
        "output_tokens": said,
        "cache_read_tokens": cached or usage.get("cache_read_input_tokens", 0),
        "latency_ms": record["latency_ms"],
    }


def counts(usage: dict[str, Any]) -> tuple[int, int]:
    if "prompt_tokens" in usage:
        return usage["prompt_tokens"], usage["completion_tokens"]
    return usage["input_tokens"], usage["output_tokens"]


def messages(request: dict[str, Any]) -> list[dict[str, Any]]:
    system = request.get("system")
    return [*([{"role": "system", "content": system}] if system else []), *request["messages"]]


def text(response: dict[str, Any]) -> str:
    if "choices" in response:
        return str(response["choices"][0]["message"]["content"])
    return str(response["content"][0]["text"])


def rewrite(log: Path, target: Path, form: Any) -> None:
    """Write the calls of a log in another format."""
    with log.open("rb") as lines, target.open("w", encoding="utf-8") as file:
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            file.write(json.dumps(form(record)) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", type=Path)
    parser.add_argument("--llm-route-audit", type=Path)
    parser.add_argument("--frugon", type=Path)
    args = parser.parse_args()
    database = args.log.with_suffix(".peers.duckdb")
    database.unlink(missing_ok=True)
    auditor = Path(sys.executable).with_name("auditor")
    ingest = [auditor, "ingest", args.log, "--db", database]
    ours = measured_run.run("auditor ingest", ingest, quiet=True)
    for name, program, form in (
        ("llm-route-audit", args.llm_route_audit, disjoint),
        ("frugon", args.frugon, flat),
    ):
        if program is None:
            continue
        theirs = args.log.with_suffix(f".{name}.jsonl")
        if not theirs.exists():
            rewrite(args.log, theirs, form)
        found = measured_run.run(f"{name} analyze", [program, "analyze", theirs], quiet=True)
        ratios = ", ".join(
            f"{label} {a / b:.2f}"
            for label, a, b in zip(("wall", "CPU", "memory"), ours, found, strict=True)
        )
        print(f"auditor/{name}: {ratios}")


if __name__ == "__main__":
    main()
