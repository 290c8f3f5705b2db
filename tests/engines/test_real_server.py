"""The OpenAI-compatible engine against llama.cpp's own server, from the wheel ``xllamacpp``."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time

import httpx2
import needs
import pytest

from auditor.domain import Request
from auditor.engines import EngineSettings, open_engine
from auditor.engines.llama_cpp.embedded_model import find_embedded
from auditor.engines.servers import server as server_module
from auditor.errors import EngineError

pytest.importorskip("xllamacpp", reason="llama.cpp's server comes from the package xllamacpp")
needs.embedded_model()
jsonschema = pytest.importorskip("jsonschema")

SERVE = """
import sys, time, xllamacpp
path, port = sys.argv[1], int(sys.argv[2])
params = xllamacpp.CommonParams()
params.model.path, params.hostnames, params.port = path, ["127.0.0.1"], port
params.n_parallel, params.n_ctx, params.warmup = 2, 1024, False
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(params)
time.sleep(600)
"""
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 12}, "late": {"type": "boolean"}},
    "required": ["city", "late"],
    "additionalProperties": False,
}


def ask(name: str, text: str, **params) -> Request:
    return Request(
        call_id=name,
        messages=[{"role": "user", "content": text}],
        params={"temperature": 0, "max_tokens": 24, **params},
    )


@pytest.fixture(scope="module")
def server():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(find_embedded(None).shipped), str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                if httpx2.get(f"{base}/health", trust_env=False).status_code == httpx2.codes.OK:
                    break
            except httpx2.HTTPError:
                pass
            assert process.poll() is None, "the server ended"
            time.sleep(0.1)
        yield process, f"{base}/v1#smollm2"
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def engine(server):
    engine = open_engine(server[1], EngineSettings(timeout_s=120))
    yield engine
    engine.close()


def test_answers_come_with_their_counts_and_times(engine):
    requests = [ask(f"r{i}", f"Say a word about the number {i}.") for i in range(3)]
    got = dict(engine.answers(requests))
    assert got.keys() == {"r0", "r1", "r2"}
    for answer in got.values():
        assert answer.error is None
        assert answer.text
        assert answer.ttft_ms < answer.latency_ms
        assert answer.output_tokens > 0
    local = open_engine(str(find_embedded(None).shipped))
    assert got["r0"].input_tokens == len(local._ready(requests[0]).tokens)
    local.close()


def test_a_schema_is_held_and_a_logged_seed_repeats(engine):
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    text = "The parcel to Oslo is late. As JSON."
    one = dict(engine.answers([ask("a", text, response_format=form, max_tokens=64)]))["a"]
    jsonschema.validate(json.loads(one.text), SCHEMA)
    drawn = [
        dict(engine.answers([ask("s", "A word?", temperature=1.5, seed=3, max_tokens=6)]))["s"]
        for _ in range(2)
    ]
    assert drawn[0].text == drawn[1].text


def test_a_prompt_beyond_the_context_is_that_request_s_failure(engine):
    requests = [ask("long", "word " * 2000), ask("short", "Hello")]
    got = dict(engine.answers(requests))
    assert got["long"].error == "context-overflow"
    assert got["short"].error is None


def test_a_server_that_dies_is_a_clear_error_not_a_failed_model(server, monkeypatch):
    process, spec = server
    monkeypatch.setattr(server_module, "pause", lambda attempt, failure: 0.05)
    engine = open_engine(spec, EngineSettings(timeout_s=30))
    run = engine.answers([ask(f"r{i}", f"Count to {i}.", max_tokens=48) for i in range(40)])
    answered = [next(run)]
    process.kill()
    with pytest.raises(EngineError, match="cannot be reached") as caught:
        answered.extend(run)
    engine.close()
    assert caught.value.transient
    assert [answer.error for _, answer in answered] == [None] * len(answered)
