"""Time the in-process engine against its peers on a fixed log of requests.

    python benchmarks/replay_speed.py --runs 3 --threads 2 --server /path/to/llama-server

Each contestant runs in a process of its own with nothing cached; runs of all contestants
alternate, so that a change of the machine's load hits all of them. Printed are medians of wall
time and of CPU time (with ``--threads 1`` the measure that other work on the machine disturbs
least), and each one's ratio to auditor's, paired by round.

Contestants: ``auditor``; ``chat`` is llama-cpp-python's create_chat_completion in log order;
``server`` is llama.cpp's own server, given by ``--server``, asked over 8 connections in sorted
order; ``xllamacpp`` is the same server from the wheel of that name (``--xllamacpp-python`` is an
interpreter that has it).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import httpx2
from replay_workload import SCHEMA, workload

from auditor.engines import EngineSettings
from auditor.engines.llama_cpp.embedded_model import find_embedded
from auditor.engines.llama_cpp.engine import LlamaCppEngine
from auditor.engines.llama_cpp.gguf import read_gguf

if TYPE_CHECKING:
    from auditor.domain import Request

SERVER = """
import sys, time, xllamacpp as x
path, port, threads, slots = sys.argv[1], *map(int, sys.argv[2:])
p = x.CommonParams()
p.model.path, p.hostnames, p.port = path, ["127.0.0.1"], port
p.n_parallel, p.n_ctx, p.cpuparams.n_threads, p.cpuparams_batch.n_threads = (
    slots, 1024 * slots, threads, threads)
p.warmup = False
server = x.Server(p)
time.sleep(3600)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--slots", type=int, default=24, help="of auditor")
    parser.add_argument("--server-slots", type=int, default=8)
    parser.add_argument("--size", type=float, default=1.0, help="share of the 180 requests")
    parser.add_argument("--weights", choices=["q8_0", "shipped"], default="q8_0")
    parser.add_argument("--server", help="llama.cpp's llama-server")
    parser.add_argument("--xllamacpp-python", help="a Python that has xllamacpp")
    parser.add_argument("--only", help="contestants, comma separated")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(one(args)))
        return
    contestants = ["auditor", "chat"]
    contestants += ["server"] * bool(args.server) + ["xllamacpp"] * bool(args.xllamacpp_python)
    if args.only:
        contestants = [name for name in contestants if name in args.only.split(",")]
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in contestants}
    for number in range(args.runs):
        for name in contestants:
            command = [sys.executable, __file__, "--one", name, *sys.argv[1:]]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"{name} failed:\n{done.stderr[-2000:]}")
            rounds[name].append(json.loads(done.stdout.splitlines()[-1]))
            print(f"round {number + 1} {name:10} {rounds[name][-1]}", file=sys.stderr, flush=True)
    print(f"weights {args.weights}, {args.threads} threads, {args.slots} slots "
          f"(servers {args.server_slots}), "
          f"load {os.getloadavg()[0]:.1f}, {len(requests_of(args.size))} requests")  # fmt: skip
    for name in contestants:
        runs = rounds[name]
        ratios = ", ".join(f"{key} {paired(rounds, name, key)}" for key in ("wall", "cpu"))
        print(
            f"{name:10} wall {median(runs, 'wall'):7.1f} s  CPU {median(runs, 'cpu'):7.1f} s  "
            f"output tokens {median(runs, 'tokens'):.0f}  auditor/{name}: {ratios}"
        )


def median(runs: list[dict[str, float]], key: str) -> float:
    return statistics.median(run[key] for run in runs)


def paired(rounds: dict[str, list[dict[str, float]]], name: str, key: str) -> str:
    if "auditor" not in rounds:
        return "-"
    ratios = [a[key] / b[key] for a, b in zip(rounds["auditor"], rounds[name], strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def requests_of(size: float) -> list[Request]:
    return workload(round(100 * size), round(40 * size), round(40 * size))


def one(args: argparse.Namespace) -> dict[str, float]:
    """Run one contestant once; start-up (loading the model) is not timed."""
    requests = requests_of(args.size)
    embedded = find_embedded(None)
    path = embedded.shipped if args.weights == "shipped" else embedded.ready()
    run = {"auditor": run_auditor, "chat": run_chat, "server": run_server,
           "xllamacpp": run_server}[args.one]  # fmt: skip
    return run(args, path, requests)


def cpu_now(pid: int | None = None) -> float:
    """CPU seconds of this process, or of another one."""
    if pid is None:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run_auditor(args: argparse.Namespace, path: Path, requests: list[Request]) -> dict[str, float]:
    settings = EngineSettings(slots=args.slots, threads=args.threads)
    engine = LlamaCppEngine(read_gguf(path), settings)
    for _ in engine.answers([requests[0]]):  # loads the model
        pass
    began, cpu = time.perf_counter(), cpu_now()
    answers = dict(engine.answers(requests))
    wall, cpu = time.perf_counter() - began, cpu_now() - cpu
    tokens = sum(answer.output_tokens or 0 for answer in answers.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    engine.close()
    return {"wall": wall, "cpu": cpu, "tokens": tokens, "peak_mb": peak}


def run_chat(args: argparse.Namespace, path: Path, requests: list[Request]) -> dict[str, float]:
    from llama_cpp import Llama

    llama = Llama(str(path), n_ctx=1024, n_threads=args.threads, n_threads_batch=args.threads,
                  verbose=False)  # fmt: skip
    began, cpu, tokens = time.perf_counter(), cpu_now(), 0
    for request in requests:
        params = dict(request.params)
        if params.pop("response_format", None):
            # It ignores json_schema; this is its own way to say the same.
            params["response_format"] = {"type": "json_object", "schema": SCHEMA}
        reply = llama.create_chat_completion(list(request.messages), repeat_penalty=1.0, **params)
        tokens += reply["usage"]["completion_tokens"]
    return {"wall": time.perf_counter() - began, "cpu": cpu_now() - cpu, "tokens": tokens}


def run_server(args: argparse.Namespace, path: Path, requests: list[Request]) -> dict[str, float]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    if args.one == "server":
        command = [args.server, "-m", path, "--port", port, "--host", "127.0.0.1", "-t",
                   args.threads, "-tb", args.threads, "-np", args.server_slots, "-c",
                   1024 * args.server_slots, "--no-webui"]  # fmt: skip
    else:
        command = [args.xllamacpp_python, "-c", SERVER, path, port, args.threads,
                   args.server_slots]  # fmt: skip
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    try:
        wait_for(base, process)
        began, cpu = time.perf_counter(), cpu_now(process.pid)
        tokens = ask_all(base, requests, args.server_slots)
        return {"wall": time.perf_counter() - began, "cpu": cpu_now(process.pid) - cpu,
                "tokens": tokens}  # fmt: skip
    finally:
        process.kill()
        process.wait()


def wait_for(base: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit("the server ended")
        try:
            if httpx2.get(f"{base}/health", trust_env=False).status_code == 200:
                return
        except httpx2.HTTPError:
            pass
        time.sleep(0.1)
    raise SystemExit("the server did not start")


def ask_all(base: str, requests: list[Request], connections: int) -> int:
    """Ask in sorted order, which is best for the server's cache of prompts."""
    inbox: SimpleQueue[Request] = SimpleQueue()
    for request in sorted(requests, key=lambda request: str(request.messages)):
        inbox.put(request)
    counts: list[int] = []

    def work() -> None:
        with httpx2.Client(trust_env=False, timeout=3600) as client:
            while True:
                try:
                    request = inbox.get_nowait()
                except Empty:
                    return
                body: dict[str, Any] = {"messages": list(request.messages), **request.params}
                reply = client.post(f"{base}/v1/chat/completions", json=body).raise_for_status()
                counts.append(reply.json()["usage"]["completion_tokens"])

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(counts) != len(requests):
        raise SystemExit("the server did not answer every request")
    return sum(counts)


if __name__ == "__main__":
    main()
