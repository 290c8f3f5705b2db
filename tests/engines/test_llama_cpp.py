"""The in-process engine with the embedded model: small sets, real decoding."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys

import needs
import pytest

from auditor.decision.faults import spares_the_model
from auditor.domain import Request
from auditor.engines import EngineSettings, open_engine
from auditor.engines.llama_cpp import bindings
from auditor.errors import EngineError

needs.embedded_model()
jsonschema = pytest.importorskip("jsonschema")

SYSTEM = (
    "You are the ticket router of an online shop. Read the message and answer with exactly one "
    "label and nothing else: billing, shipping, account, technical or other. Do not explain."
)
THINGS = ["invoice", "parcel", "password", "export", "refund", "courier", "login", "crash"]
SCHEMA = {
    "type": "object",
    "properties": {
        "thing": {"type": "string", "maxLength": 12},
        "days": {"type": "integer"},
        "urgent": {"type": "boolean"},
    },
    "required": ["thing", "days", "urgent"],
    "additionalProperties": False,
}


def classify(i: int, **params) -> Request:
    text = f"My {THINGS[i % 8]} number {i} from day {i * 7 % 28} is {THINGS[i * 3 % 8]} again."
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]
    return Request(
        call_id=f"c{i}", messages=messages, params={"max_tokens": 3, "temperature": 0, **params}
    )


def extract(i: int, **params) -> Request:
    text = f"The {THINGS[i % 8]} is late by {i + 2} days. Extract as JSON."
    form = {"type": "json_schema", "json_schema": {"name": "late", "schema": SCHEMA}}
    return Request(
        call_id=f"e{i}",
        messages=[{"role": "user", "content": text}],
        params={"max_tokens": 48, "temperature": 0, "response_format": form, **params},
    )


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def engine(cache):
    engine = open_engine(None, EngineSettings(slots=4, cache_folder=cache, threads=1))
    yield engine
    engine.close()


def texts(engine, requests, done=frozenset()):
    return {call_id: answer.text for call_id, answer in engine.answers(requests, done)}


@pytest.fixture(scope="module")
def mixed():
    return [classify(i) for i in range(36)] + [extract(i) for i in range(2)]


@pytest.fixture(scope="module")
def answered(engine, mixed):
    return texts(engine, mixed)


def test_every_request_is_answered_once(answered, mixed):
    assert answered.keys() == {request.call_id for request in mixed}
    assert all(answered.values())


def test_the_same_answers_in_any_input_order(engine, mixed, answered):
    shuffled = list(mixed)
    random.Random(3).shuffle(shuffled)
    assert texts(engine, shuffled) == answered


def test_the_same_answers_from_a_fresh_engine(mixed, answered, cache):
    other = open_engine(None, EngineSettings(slots=4, cache_folder=cache, threads=1))
    try:
        assert texts(other, mixed) == answered
    finally:
        other.close()


def test_the_same_answers_after_an_interruption(engine, mixed, answered):
    run = engine.answers(mixed)
    first = dict(next(run) for _ in range(23))
    run.close()
    rest = texts(engine, mixed, done=frozenset(first))
    assert rest.keys() == answered.keys() - first.keys()
    assert {call_id: answer.text for call_id, answer in first.items()} | rest == answered


def test_nothing_is_decoded_when_all_is_done(engine, mixed):
    assert texts(engine, mixed, done={request.call_id for request in mixed}) == {}


def test_constrained_answers_validate(engine, answered):
    for call_id, text in answered.items():
        if call_id.startswith("e"):
            jsonschema.validate(json.loads(text), SCHEMA)


def test_equal_requests_are_decoded_once_and_answered_each(engine):
    one, two = classify(1), classify(1)
    two = Request(call_id="again", messages=two.messages, params=two.params)
    before = sum(row.requests for row in engine.speed()[:1])
    got = texts(engine, [one, two])
    assert got["again"] == got["c1"]
    assert sum(row.requests for row in engine.speed()[:1]) == before + 1


def test_sampled_answers_repeat_with_their_seed_and_differ_between_calls(engine):
    asked = [
        Request(
            call_id=f"s{i}",
            messages=[{"role": "user", "content": "Write a sentence about the sea."}],
            params={"temperature": 1.0, "top_p": 0.95, "max_tokens": 12, **seed},
        )
        for i, seed in enumerate([{}, {}, {"seed": 5}, {"seed": 5}])
    ]
    got = texts(engine, asked)
    assert got["s2"] == got["s3"]
    assert got["s0"] != got["s1"]
    assert texts(engine, asked) == got


def test_sampling_under_a_schema_validates(engine):
    got = texts(engine, [extract(i, temperature=1.2, seed=i) for i in range(2)])
    for text in got.values():
        jsonschema.validate(json.loads(text), SCHEMA)


def test_a_stop_string_ends_the_answer_before_it(engine):
    free = next(engine.answers([classify(2, max_tokens=12)]))[1]
    word = free.text.split()[1]
    cut = next(engine.answers([classify(2, max_tokens=12, stop=[word])]))[1]
    assert cut.text == free.text[: free.text.index(word)]
    assert cut.finish_reason == "stop"


def test_an_answer_cut_by_the_log_s_own_limit_is_an_answer(engine):
    answer = next(engine.answers([classify(3, max_tokens=2)]))[1]
    assert (answer.finish_reason, answer.error, answer.output_tokens) == ("length", None, 2)


def test_an_answer_cut_by_our_limit_is_an_error(engine):
    request = Request(
        call_id="long",
        messages=[{"role": "user", "content": "Write a long story about a lighthouse."}],
        max_output_tokens=5,
    )
    answer = next(engine.answers([request]))[1]
    assert (answer.error, answer.finish_reason) == ("truncated", "length")
    assert answer.text


def test_a_prompt_longer_than_the_context_fails_alone(cache):
    engine = open_engine(None, EngineSettings(slots=4, cache_folder=cache, context_tokens=256))
    long = Request(call_id="long", messages=[{"role": "user", "content": "word " * 400}])
    try:
        got = dict(engine.answers([long, classify(1)]))
    finally:
        engine.close()
    assert got["long"].error == "context-overflow"
    assert "400" in got["long"].error_detail or "token" in got["long"].error_detail
    assert got["c1"].error is None


def test_what_is_not_carried_over_is_said(engine):
    answer = next(engine.answers([classify(4, logit_bias={"5": 1}, service_tier="x", top_k=3)]))[1]
    assert answer.fidelity == {
        "logit_bias": "dropped: token ids belong to another vocabulary",
    }


def test_a_forced_tool_is_called_with_arguments_of_its_schema(engine):
    tool = {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {
                "type": "object",
                "properties": {"city": {"enum": ["Oslo", "Lyon"]}},
                "required": ["city"],
                "additionalProperties": False,
            },
        },
    }
    request = Request(
        call_id="t",
        messages=[{"role": "user", "content": "What is the weather in Oslo?"}],
        tools=[tool],
        params={"tool_choice": "required", "max_tokens": 64},
    )
    answer = next(engine.answers([request]))[1]
    (call,) = answer.tool_calls
    assert call["function"]["name"] == "get_weather"
    assert json.loads(call["function"]["arguments"])["city"] in {"Oslo", "Lyon"}
    assert answer.fidelity == {"tools": "adapted: described in the system message"}


INTERRUPTED = """
import sys
from auditor.domain import Request
from auditor.engines import EngineSettings, open_engine
settings = EngineSettings(cache_folder=sys.argv[1], threads=1, slots=4)
engine = open_engine(None, settings)
text = "Write a very long story about the sea and its ships."
requests = [
    Request(call_id=str(i), messages=[{"role": "user", "content": f"{i}. {text}"}],
            params={"max_tokens": 4 if i == 0 else 2000})
    for i in range(8)
]
try:
    for call_id, answer in engine.answers(requests):
        print("answered", flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
engine.close()
print("closed", flush=True)
"""


def test_ctrl_c_stops_a_decode_at_once_and_keeps_what_was_answered(cache):
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, cache], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "answered\n"
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    # Eight stories of 2000 tokens take minutes: had the decode gone on, this would time out.
    assert rest == "interrupted\nclosed\n"
    assert process.returncode == 0


def test_an_engine_can_be_closed_while_a_run_is_under_way(cache):
    engine = open_engine(None, EngineSettings(slots=4, cache_folder=cache, threads=1))
    run = engine.answers([classify(i, max_tokens=40) for i in range(12)])
    next(run)
    engine.close()  # as a pipeline does on its way out, with the generator still open
    run.close()
    engine.close()


@pytest.fixture
def failing(monkeypatch):
    """Make llama.cpp fail to decode such prompts, so many times; short ones are the self-test."""

    def fail(chosen, times):
        left = [times]
        prefill = bindings.Context.prefill

        def sometimes(self, sequence, tokens, start, **kwargs):
            if left[0] and chosen(tokens):
                left[0] -= 1
                raise EngineError("llama.cpp failed to decode (code -3)")
            return prefill(self, sequence, tokens, start, **kwargs)

        monkeypatch.setattr(bindings.Context, "prefill", sometimes)

    return fail


def test_a_decode_that_fails_once_changes_no_answer(engine, mixed, answered, failing):
    failing(lambda tokens: len(tokens) > 40, times=1)
    assert texts(engine, mixed) == answered


def test_what_cannot_be_decoded_is_our_engines_fault_and_the_rest_is_answered(engine, failing):
    far = Request(call_id="far", messages=[{"role": "user", "content": "no " * 600}],
                  params={"max_tokens": 2})  # fmt: skip
    failing(lambda tokens: len(tokens) > 512, times=10**6)
    got = dict(engine.answers([*(classify(i) for i in range(4)), far]))
    assert {i: a.error for i, a in got.items() if a.error} == {"far": "decode-failed"}
    assert spares_the_model(got["far"].error)
    assert len(got) == 5


def test_a_model_that_decodes_nothing_cannot_be_used(engine, failing):
    failing(lambda tokens: len(tokens) > 20, times=10**6)
    with pytest.raises(EngineError, match="failed to decode"):
        dict(engine.answers([classify(0), extract(0)]))


def test_speed_is_measured_on_the_way(engine, answered):
    rows = engine.speed()
    assert {row.concurrency for row in rows} >= {4}
    assert all(row.output_tokens_per_s > 0 and row.prompt_tokens_per_s > 0 for row in rows)
    assert {row.candidate_id for row in rows} == {engine.candidate.candidate_id}


def assert_grammar_exact(engine, count, monkeypatch):
    """The staged search must find what masking the whole vocabulary leaves on top."""
    from auditor.engines.llama_cpp.token_choice import PickerFactory

    requests = [extract(i) for i in range(count)]
    staged = texts(engine, requests)
    tried = []

    def full(shop, state, logits, highest):
        tried.append(highest)
        masked = shop.masked(state, logits)
        return int(masked["id"][int(masked["logit"].argmax())])

    monkeypatch.setattr(PickerFactory, "best", full)
    assert texts(engine, requests) == staged
    assert len(tried) > count
    for text in staged.values():
        jsonschema.validate(json.loads(text), SCHEMA)


def test_staged_grammar_gives_what_the_full_mask_gives(engine, monkeypatch):
    assert_grammar_exact(engine, 3, monkeypatch)


@pytest.mark.slow
def test_staged_grammar_gives_what_the_full_mask_gives_on_100_requests(engine, monkeypatch):
    assert_grammar_exact(engine, 100, monkeypatch)


def test_exact_mode_gives_what_create_chat_completion_gives(cache):
    assert_exact([classify(i) for i in range(3)] + [extract(1)], cache)


@pytest.mark.slow
def test_exact_mode_gives_what_create_chat_completion_gives_on_100_requests(cache):
    assert_exact([classify(i, max_tokens=8) for i in range(70)] + [extract(i) for i in range(30)],
                 cache)  # fmt: skip


def assert_exact(requests, cache):
    from llama_cpp import Llama

    engine = open_engine(None, EngineSettings(exact=True, cache_folder=cache, threads=1))
    try:
        ours = dict(engine.answers(requests))
        path = engine._embedded.ready()
    finally:
        engine.close()
    llama = Llama(str(path), n_ctx=512, n_threads=1, n_threads_batch=1, verbose=False)
    for request in requests:
        params = dict(request.params)
        form = params.pop("response_format", None)
        if form:
            params["response_format"] = {
                "type": "json_object",
                "schema": form["json_schema"]["schema"],
            }
        reply = llama.create_chat_completion(messages=list(request.messages), **params)
        assert ours[request.call_id].text == reply["choices"][0]["message"]["content"]
        assert ours[request.call_id].finish_reason == reply["choices"][0]["finish_reason"]
        assert ours[request.call_id].input_tokens == reply["usage"]["prompt_tokens"]
    llama.close()
