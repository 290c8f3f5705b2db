"""Server engines against small servers that behave, and that misbehave in every known way."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager

import httpx2
import pytest
from loopback import Handler, listening

from auditor.domain import Request
from auditor.engines import EngineSettings, open_engine
from auditor.engines.servers import server as server_module
from auditor.engines.servers.http_client import Failure, failure_of, pause
from auditor.errors import EngineError

PROSE = "The quick brown fox jumps over the lazy dog. "


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Retries without the waiting."""
    monkeypatch.setattr(server_module, "pause", lambda attempt, failure: 0.0)
    monkeypatch.delenv("AUDITOR_ENGINE_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


class Fake:
    """A server whose ``reply(body, nth)`` returns (status, content type, raw bytes)."""

    def __init__(self, reply) -> None:
        self.reply = reply
        self.seen: list[dict] = []
        self.headers: list[dict] = []
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()


@contextmanager
def serving(reply, *, get=None):
    fake = Fake(reply)

    class Faking(Handler):
        def post(self):
            body = self.body()
            with fake.lock:
                fake.seen.append(body)
                fake.headers.append({k.lower(): v for k, v in self.headers.items()})
                nth = len(fake.seen)
                fake.at_once += 1
                fake.most_at_once = max(fake.most_at_once, fake.at_once)
            try:
                answered = fake.reply(body, nth)
            finally:
                with fake.lock:
                    fake.at_once -= 1
            if answered is None:  # drop the connection
                self.close_connection = True
                self.connection.close()
            else:
                self.send(*answered)

        def get(self):
            self.send(*(get(self.path) if get else (404, "text/plain", b"no")))

    with listening(Faking) as fake.url:
        yield fake


def completion(text, prompt_tokens=50, reason="stop", **message):
    value = {
        "choices": [{"message": {"content": text, **message}, "finish_reason": reason}],
        "usage": {"prompt_tokens": prompt_tokens, "completion_tokens": 7},
    }
    return 200, "application/json", json.dumps(value).encode()


def stream(*events, done=True):
    lines = [f"data: {json.dumps(event)}\n\n" for event in events]
    return 200, "text/event-stream", ("".join(lines) + "data: [DONE]\n\n" * done).encode()


def delta(text=None, reason=None, **more):
    return {"choices": [{"delta": {"content": text, **more}, "finish_reason": reason}]}


def error(status, message):
    told = message if isinstance(message, dict) else {"message": message}
    return status, "application/json", json.dumps({"error": told}).encode()


def ask(i=0, text="Hello", **params):
    return Request(call_id=f"r{i}", messages=[{"role": "user", "content": text}], params=params)


@contextmanager
def opened(fake, **settings):
    engine = open_engine(f"{fake.url}/v1#tiny", EngineSettings(**settings))
    try:
        yield engine
    finally:
        engine.close()


def answer_of(reply, request=None, **settings):
    with serving(reply) as fake, opened(fake, **{"timeout_s": 5, **settings}) as engine:
        ((_call_id, answer),) = engine.answers([request or ask()])
        return answer, fake


def test_an_answer_and_what_was_sent_for_it():
    request = ask(temperature=0.3, max_completion_tokens=9, seed=4, stop=["x"], top_p=0.5,
                  logit_bias={"1": 2}, stream=True)  # fmt: skip
    answer, fake = answer_of(lambda body, n: completion("hi", prompt_tokens=12), request)
    assert (answer.text, answer.input_tokens, answer.output_tokens) == ("hi", 12, 7)
    assert (answer.finish_reason, answer.error) == ("stop", None)
    assert answer.fidelity == {"logit_bias": "dropped: token ids belong to another vocabulary"}
    assert fake.seen[0] == {
        "model": "tiny", "messages": [{"role": "user", "content": "Hello"}], "stream": True,
        "stream_options": {"include_usage": True}, "temperature": 0.3, "max_tokens": 9, "seed": 4,
        "stop": ["x"], "top_p": 0.5,
    }  # fmt: skip


def test_a_streamed_answer_is_put_together():
    call = {"index": 0, "id": "c", "function": {"name": "get", "arguments": '{"a"'}}
    rest = {"index": 0, "function": {"arguments": ": 1}"}}
    answer, _ = answer_of(
        lambda body, n: stream(
            delta("Hel"), delta("lo"), delta(tool_calls=[call]), delta(tool_calls=[rest]),
            delta(reason="stop"), {"choices": [], "usage": {"prompt_tokens": 9}},
        )
    )  # fmt: skip
    assert answer.text == "Hello"
    assert answer.tool_calls[0]["function"] == {"name": "get", "arguments": '{"a": 1}'}
    assert answer.input_tokens == 9
    assert answer.ttft_ms is not None


@pytest.mark.parametrize("misbehave", [
    pytest.param(lambda: error(500, "boom"), id="500"),
    pytest.param(lambda: error(429, "slow down"), id="429"),
    pytest.param(lambda: error(503, "busy"), id="503"),
    pytest.param(lambda: None, id="drop"),
    pytest.param(lambda: (200, "application/json", b'{"choices": ['), id="invalid-json"),
    pytest.param(lambda: (200, "application/json", b'{"choices": []}'), id="no-choices"),
    pytest.param(lambda: (200, "application/json", b'{"choices"', 400), id="half-a-body"),
    pytest.param(lambda: stream(delta("Hel"), done=False), id="half-a-stream"),
    pytest.param(lambda: stream(delta("Hel")), id="stream-without-a-reason"),
    pytest.param(lambda: error(408, "too slow"), id="408"),
    pytest.param(lambda: error(599, "proxy"), id="599"),
    pytest.param(lambda: error(500, "failed to allocate the KV cache"), id="out-of-memory"),
    pytest.param(lambda: error(200, {"message": "x", "code": 503}), id="error-in-a-200"),
])  # fmt: skip
def test_what_passes_is_tried_again_until_the_true_answer(misbehave):
    answer, fake = answer_of(lambda body, n: misbehave() if n < 3 else completion("true"))
    assert (answer.text, answer.error) == ("true", None)
    assert len(fake.seen) == 3


@pytest.mark.parametrize(("reply", "slug"), [
    (lambda: error(500, "boom"), "server-error"),
    (lambda: error(429, "slow down"), "rate-limited"),
    (lambda: None, "connection-lost"),
    (lambda: (200, "application/json", b"<html>"), "invalid-response"),
    (lambda: (200, "application/json", b"[1]"), "invalid-response"),
    (lambda: stream(delta("Hel"), done=False), "half-answer"),
    (lambda: error(400, "no such thing"), "refused"),
    (lambda: error(400, "maximum context length is 4096 tokens"), "context-overflow"),
    (lambda: error(500, "the request exceeds the available context size"), "context-overflow"),
    (lambda: error(400, "rejected by content_filter"), "filtered"),
    (lambda: completion(None, reason="content_filter"), "filtered"),
    (lambda: completion(""), "empty-answer"),
    (lambda: completion("half", reason="length"), "truncated"),
    (lambda: error(200, "oops in a 200"), "refused"),
    (lambda: error(507, "CUDA out of memory. Tried to allocate 2 GiB"), "out-of-memory"),
    (lambda: stream(delta("Hel"), {"error": {"message": "gone", "code": 502}}), "server-error"),
])  # fmt: skip
def test_what_stays_wrong_has_a_name(reply, slug):
    with (
        serving(lambda body, n: completion("ok") if n == 1 else reply()) as fake,
        opened(fake, timeout_s=5, urls_concurrency=1) as engine,
    ):
        dict(engine.answers([ask(0)]))
        got = dict(engine.answers([ask(1, "other")]))
    assert got["r1"].error == slug


def test_one_refused_request_is_its_own_failure():
    def reply(body, n):
        bad = "bad" in body["messages"][0]["content"]
        return error(400, "cannot do that") if bad else completion("fine")

    with serving(reply) as fake, opened(fake) as engine:
        got = dict(engine.answers([ask(i, f"{'bad' if i == 3 else 'good'} {i}") for i in range(9)]))
    assert {i: a.error for i, a in got.items() if a.error} == {"r3": "refused"}
    assert "cannot do that" in got["r3"].error_detail
    assert len(got) == 9


def test_a_truncated_prompt_is_an_error_never_an_answer():
    answer, _ = answer_of(lambda body, n: completion("yes", prompt_tokens=2048),
                          ask(text=PROSE * 400))  # fmt: skip
    assert (answer.error, answer.text) == ("truncated-by-server", None)
    assert "2048" in answer.error_detail


def test_a_whole_prompt_is_not_called_truncated():
    answer, _ = answer_of(lambda body, n: completion("yes", prompt_tokens=4005),
                          ask(text=PROSE * 400))  # fmt: skip
    assert answer.error is None


def counted(prompt, output, text="Paris is the capital of France."):
    def reply(body, n):
        value = json.loads(completion(text)[2])
        value["usage"] = {"prompt_tokens": prompt, "completion_tokens": output}
        return 200, "application/json", json.dumps(value).encode()

    return reply


@pytest.mark.parametrize("prompt", [0, 1, 9, 10**9])
@pytest.mark.parametrize("output", [0, 2, 10**9])
def test_counts_that_cannot_be_true_are_unknown_and_the_answer_counts(prompt, output):
    with serving(counted(prompt, output)) as fake, opened(fake) as engine:
        ((_, answer),) = engine.answers([ask(text=PROSE * 40, max_tokens=100)])
        (note,) = engine.notes
        (speed,) = engine.speed()
    assert (answer.text, answer.error) == ("Paris is the capital of France.", None)
    assert (answer.input_tokens, answer.output_tokens) == (None, None)
    assert "cannot be true" in note
    assert (speed.prompt_tokens_per_s, speed.output_tokens_per_s) == (None, None)


def test_true_counts_stay():
    for prompt, output in ((460, 8), (700, 100), (360, 7)):
        answer, _ = answer_of(counted(prompt, output), ask(text=PROSE * 40, max_tokens=100))
        assert (answer.input_tokens, answer.output_tokens) == (prompt, output)


def test_a_server_that_cannot_count_cuts_no_prompt():
    """Some servers count only what their cache lacks: a long prompt may look cut, a short one not."""
    with serving(counted(300, 8)) as fake, opened(fake, urls_concurrency=1) as engine:
        long, short = ask(0, text=PROSE * 400), ask(1, text=PROSE * 3)
        assert dict(engine.answers([long]))["r0"].error == "truncated-by-server"
        assert dict(engine.answers([ask(2, text="Hello")]))["r2"].error is None
        fake.reply = counted(5, 8)
        assert dict(engine.answers([short]))["r1"].error is None
        fake.reply = counted(300, 8)
        got = dict(engine.answers([long]))["r0"]
    assert (got.error, got.input_tokens) == (None, None)


def test_a_server_that_stalls_is_a_timeout_and_the_others_go_on():
    release = threading.Event()

    def reply(body, n):
        if "stall" in body["messages"][0]["content"]:
            release.wait(10)
        return completion("fine")

    with serving(reply) as fake, opened(fake, timeout_s=0.5) as engine:
        got = dict(engine.answers([ask(0, "stall"), ask(1), ask(2, "b")]))
        release.set()
    assert got["r0"].error == "timeout"
    assert got["r1"].text == got["r2"].text == "fine"


def test_closing_the_run_does_not_wait_for_a_server_that_stalls():
    release = threading.Event()

    def reply(body, n):
        if "stall" in body["messages"][0]["content"]:
            release.wait(10)
        return completion("fine")

    with serving(reply) as fake, opened(fake) as engine:
        run = engine.answers([ask(0, "stall"), ask(1)])
        assert next(run)[0] == "r1"
        began = time.monotonic()
        run.close()
        assert time.monotonic() - began < 5
        release.set()


@pytest.mark.parametrize(("reply", "words"), [
    (lambda: error(401, "bad key"), "refuses access"),
    (lambda: error(404, "model 'tiny' not found"), "does not know 'tiny'"),
])  # fmt: skip
def test_what_fails_for_every_request_stops_the_engine(reply, words):
    with (
        serving(lambda body, n: reply()) as fake,
        opened(fake) as engine,
        pytest.raises(EngineError, match=words) as caught,
    ):
        dict(engine.answers([ask()]))
    assert caught.value.hint


def test_a_server_that_refuses_connections_is_one_clear_error():
    with serving(lambda body, n: completion("x")) as fake:
        pass
    with opened(fake) as engine, pytest.raises(EngineError, match="cannot be reached") as caught:
        dict(engine.answers([ask()]))
    assert caught.value.transient
    assert caught.value.hint


def test_a_host_that_lets_no_connection_through_is_not_there():
    request = httpx2.Request("POST", "http://127.0.0.1:1")
    assert failure_of(httpx2.ConnectTimeout("", request=request)).error == "no-connection"


def test_a_parameter_that_the_server_refuses_by_name_is_left_out_and_said():
    def reply(body, n):
        if "top_k" in body:
            return error(400, "Unrecognized request argument supplied: top_k")
        return completion("fine")

    answer, fake = answer_of(reply, ask(top_k=5))
    assert answer.text == "fine"
    assert answer.fidelity == {"top_k": "dropped: refused by the server"}
    assert len(fake.seen) == 2


def test_equal_greedy_requests_are_sent_once_and_sampled_ones_each():
    with serving(lambda body, n: completion(str(n))) as fake, opened(fake) as engine:
        got = dict(engine.answers([ask(i) for i in range(5)]))
        assert len(fake.seen) == 1
        assert len({answer.text for answer in got.values()}) == 1
        dict(engine.answers([ask(i, temperature=1) for i in range(5)]))
        assert len(fake.seen) == 6
        assert len({body["seed"] for body in fake.seen[1:]}) == 5


def test_what_is_done_is_not_sent():
    with serving(lambda body, n: completion("x")) as fake, opened(fake) as engine:
        got = dict(engine.answers([ask(0, "a"), ask(1, "b")], done={"r0"}))
    assert got.keys() == {"r1"}
    assert len(fake.seen) == 1


def test_several_servers_share_the_work_and_the_limit_holds():
    def slow(body, n):
        time.sleep(0.02)
        return completion("x")

    with serving(slow) as one, serving(slow) as two:
        spec = f"{one.url}/v1,{two.url}/v1#tiny"
        engine = open_engine(spec, EngineSettings(urls_concurrency=2))
        got = dict(engine.answers([ask(i, f"text {i}") for i in range(20)]))
        rows = engine.speed()
        engine.close()
    assert len(got) == 20
    assert len(one.seen) + len(two.seen) == 20
    assert min(len(one.seen), len(two.seen)) >= 5
    assert max(one.most_at_once, two.most_at_once) <= 2
    assert sum(row.requests for row in rows) == 20


def test_a_key_goes_only_to_the_named_host(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    _, fake = answer_of(lambda body, n: completion("x"))
    assert "authorization" not in fake.headers[0]
    monkeypatch.setenv("AUDITOR_ENGINE_API_KEY", "sk-mine")
    _answer, fake = answer_of(lambda body, n: completion("x"))
    assert fake.headers[0]["authorization"] == "Bearer sk-mine"


def test_a_redirect_is_not_followed():
    with serving(lambda body, n: completion("stolen")) as thief:
        where = f"{thief.url}/v1/chat/completions".encode()
        with serving(lambda body, n: (307, "text/plain", where)) as fake, opened(fake) as engine:
            got = dict(engine.answers([ask()]))
    assert got["r0"].error == "refused"
    assert thief.seen == []


@pytest.mark.parametrize("spec", [
    "http://127.0.0.1:1/v1", "http://#m", "http://user:pw@127.0.0.1/v1#m", "ollama:",
])  # fmt: skip
def test_a_wrong_address_is_one_clear_error(spec):
    with pytest.raises(EngineError) as caught:
        open_engine(spec)
    assert caught.value.hint


def test_the_candidate_is_known_without_asking_the_server():
    one = open_engine("http://127.0.0.1:1/v1#m").candidate
    assert one.candidate_id == open_engine("http://127.0.0.1:1#m").candidate.candidate_id
    assert one.candidate_id != open_engine("http://127.0.0.1:2/v1#m").candidate.candidate_id


def ollama_lines(*events):
    return 200, "application/x-ndjson", "".join(json.dumps(e) + "\n" for e in events).encode()


@pytest.fixture
def ollama(monkeypatch):
    @contextmanager
    def start(reply):
        shown = {"model_info": {"llama.context_length": 4096}}
        raw = json.dumps(shown).encode()

        def routed(body, n):
            if "messages" not in body:
                return 200, "application/json", raw
            return reply(body, n)

        with serving(routed) as fake:
            monkeypatch.setenv("OLLAMA_HOST", fake.url)
            engine = open_engine("ollama:tiny", EngineSettings(timeout_s=5))
            try:
                yield engine, fake
            finally:
                engine.close()

    return start


def test_ollama_is_asked_with_a_context_that_fits(ollama):
    def reply(body, n):
        return ollama_lines(
            {"message": {"content": "Hel"}},
            {"message": {"content": "lo"}},
            {"done": True, "done_reason": "stop", "prompt_eval_count": 2100, "eval_count": 2},
        )

    form = {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}
    request = ask(text=PROSE * 200, max_tokens=99, response_format=form, tool_choice="required")
    with ollama(reply) as (engine, fake):
        ((_, answer),) = engine.answers([request])
    assert (answer.text, answer.input_tokens, answer.error) == ("Hello", 2100, None)
    sent = fake.seen[-1]
    assert sent["options"]["num_ctx"] == 4096
    assert sent["options"]["num_predict"] == 99
    assert sent["format"] == {"type": "object"}
    assert answer.fidelity == {"tool_choice": "dropped: Ollama lets the model choose"}


def test_ollama_s_cut_prompt_is_an_error(ollama):
    done = {"done": True, "done_reason": "stop", "prompt_eval_count": 4096, "eval_count": 2}
    with ollama(lambda body, n: ollama_lines({"message": {"content": "x"}}, done)) as (engine, _):
        ((_, answer),) = engine.answers([ask(text=PROSE * 600)])
    assert (answer.error, answer.text) == ("context-overflow", None)


def test_ollama_s_absurd_count_is_no_cut_prompt(ollama):
    done = {"done": True, "done_reason": "stop", "prompt_eval_count": 10**7, "eval_count": 0}
    with ollama(lambda body, n: ollama_lines({"message": {"content": "x"}}, done)) as (engine, _):
        ((_, answer),) = engine.answers([ask()])
    assert (answer.error, answer.text) == (None, "x")
    assert (answer.input_tokens, answer.output_tokens) == (None, None)


def test_ollama_s_half_an_answer_is_tried_again(ollama):
    done = {"done": True, "done_reason": "stop", "prompt_eval_count": 9, "eval_count": 2}

    def reply(body, n):
        events = [{"message": {"content": "x"}}, done]
        return ollama_lines(*(events if n > 2 else events[:1]))

    with ollama(reply) as (engine, _fake):
        ((_, answer),) = engine.answers([ask()])
    assert (answer.text, answer.error) == ("x", None)


def test_pauses_double_and_respect_what_the_server_asks():
    plain = Failure(error="server-error", detail="")
    asked = Failure(error="rate-limited", detail="", retry_after=7.0)
    assert 0.25 <= pause(0, plain) <= 0.5
    assert 4.0 <= pause(4, plain) <= 8.0
    assert pause(30, plain) <= 30.0
    assert pause(0, asked) == 7.0
