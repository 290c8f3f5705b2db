"""Which calls may be replayed: every reason, and that no engine is ever sent an image's hash."""

from __future__ import annotations

import json

import pytest
from loopback import Handler, listening
from paired_log import pair
from planted_audit import PlantedEngine
from task_log import add

from auditor.config import Config, load_config
from auditor.decision.reasons import CANNOT, UNKNOWN
from auditor.domain import Candidate
from auditor.engines import EngineSettings, open_engine
from auditor.errors import ConfigError
from auditor.pipeline.pipeline import Pipeline
from auditor.readers.api_shapes import converse, openai_chat
from auditor.readers.call import Call
from auditor.replay import eligibility, replay_stage, sample_stage
from auditor.store.store import Store

HASH = "5" * 64
IMAGE = {"type": "image", "sha256": HASH, "bytes": 9}
TEXT = {"type": "text", "text": "What is it?"}
FUNCTION = {"type": "function", "function": {"name": "get"}}


def candidate(name="small", context_tokens=None):
    return Candidate(
        engine="test", model=name, weights_hash=None, context_tokens=context_tokens, settings={}
    )


def decided(calls="", contents="", *, context_tokens=None, unanswered=False):
    """Return the reason against one plain call after it was changed by SQL, None if there is none."""
    with Store.open() as store:
        add(store, [{"call_id": "c", "system": "Be brief.", "user": "Hi", "response": "Yes."}])
        if calls:
            store.execute(f"UPDATE calls SET {calls}")
        if contents:
            store.execute(contents)
        sample_stage._register(store, candidate(context_tokens=context_tokens))
        eligibility.decide(store, unanswered=unanswered)
        reasons = [row[0] for row in store.rows("SELECT reason FROM eligibility")]
        assert set(reasons) <= CANNOT.keys() | UNKNOWN.keys()
        return reasons[0] if reasons else None


def with_messages(*messages):
    return f"UPDATE contents SET messages = '{json.dumps(messages)}'"


def with_parts(*parts):
    return with_messages({"role": "user", "content": list(parts)})


@pytest.mark.parametrize(("calls", "contents", "reason"), [
    ("", "", None),
    ("status = 'error'", "", "failed-call"),
    ("status = 'cancelled'", "", "failed-call"),
    ("status = 'cached_by_gateway'", "", None),
    ("api_shape = 'embeddings'", "", "no-content"),
    ("content_state = 'partial'", "", "no-content"),
    ("", "DELETE FROM contents", "no-content"),
    ("", "UPDATE contents SET system_text = NULL, messages = '[]'", "no-content"),
    ("", "UPDATE contents SET system_text = NULL, messages = NULL", "no-content"),
    ("", "UPDATE contents SET messages = '[]'", None),  # the system prompt is a request
    ("cost_usd = NULL", "", "no-price"),
    ("cost_usd = 0", "", None),
    ("needs_vision = true", "", "needs-vision"),
    ("", with_parts(TEXT, IMAGE), "needs-vision"),
    ("", with_parts(TEXT, {"type": "input_audio"}), "needs-vision"),
    ("", with_parts({"type": "document", "sha256": HASH}), "needs-vision"),
    ("", with_parts({"type": "video_url", "url": "https://example.com/v"}), "needs-vision"),
    ("", with_messages({"role": "tool", "tool_call_id": "t", "content": [IMAGE]}), "needs-vision"),
    ("", with_parts({"type": "tool_result", "content": [TEXT, IMAGE]}), "needs-vision"),
    ("", with_parts({"type": "tool_result", "content": [TEXT]}), None),
    ("", with_parts(TEXT, {"type": "refusal", "text": "No."}), None),
    ("", with_messages({"role": "user", "content": '"content":[{"type":"image"}]'}), None),
    ("", """UPDATE contents SET messages = '[{"role": "user", "content" : [{"type" : "image"}]}]'""", "needs-vision"),
    ("", """UPDATE contents SET params = '{"modalities": ["text", "audio"]}'""", "needs-vision"),
    ("", """UPDATE contents SET params = '{"modalities": ["text"], "temperature": 0}'""", None),
    ("needs_hosted_tools = true", "", "hosted-tools"),
    ("", f"UPDATE contents SET tools = '{json.dumps([FUNCTION, {'type': 'web_search'}])}'", "hosted-tools"),
    ("", f"UPDATE contents SET tools = '{json.dumps([{'type': 'bash_20250124', 'function': {'name': 'bash'}}])}'", "hosted-tools"),
    ("", f"UPDATE contents SET tools = '{json.dumps([FUNCTION, {'type': 'custom'}, {'function': {}}])}'", None),
])  # fmt: skip
def test_every_reason_a_call_may_not_be_replayed(calls, contents, reason):
    assert decided(calls, contents) == reason


def test_a_prompt_must_fit_the_context_whatever_was_cached_of_it():
    tokens = "input_uncached_tokens = 10, cache_read_tokens = 80, cache_write_5m_tokens = 10"
    assert decided(tokens, context_tokens=100) is None
    assert decided(tokens, context_tokens=99) == "context"
    assert decided(tokens, context_tokens=None) is None
    # An answer that does not fit is known only afterwards: it is a fail, not a reason.
    assert decided(f"{tokens}, output_tokens = 900", context_tokens=100) is None
    assert decided("input_uncached_tokens = NULL", context_tokens=1) is None


def test_a_call_without_an_answer_may_be_replayed_where_the_api_is_asked_again():
    lacking = "provider = 'anthropic', model = 'm', content_state = 'partial', reader = 'pairs'"
    no_answer = "UPDATE contents SET response_text = NULL"
    assert decided(lacking, no_answer) == "no-content"
    assert decided(lacking, no_answer, unanswered=True) is None
    assert decided(f"{lacking}, needs_vision = true", no_answer, unanswered=True) == "needs-vision"
    assert decided(lacking.replace("pairs", "claude-code"), no_answer, unanswered=True)


def test_candidates_differ_by_their_context_alone():
    with Store.open() as store:
        add(store, [{"call_id": n, "user": "Hi", "response": "Yes."} for n in ("long", "seen")])
        store.execute("UPDATE calls SET input_uncached_tokens = 500 WHERE call_id = 'long'")
        store.execute("UPDATE calls SET needs_vision = true WHERE call_id = 'seen'")
        for known in (candidate("small", 100), candidate("large", 1000)):
            sample_stage._register(store, known)
        eligibility.decide(store, unanswered=False)
        found = store.rows(
            "SELECT model, call_id, reason FROM eligibility JOIN candidates USING (candidate_id)"
            " ORDER BY ALL"
        )
    assert found == [
        ("large", "seen", "needs-vision"),
        ("small", "long", "context"),
        ("small", "seen", "needs-vision"),
    ]


def test_readers_keep_what_the_rule_looks_at():
    """An image in a tool's result of Bedrock, and the kinds of answer that OpenAI was asked for."""
    seen = Call()
    result = {"toolUseId": "t", "content": [{"text": "a map"}, {"image": {"format": "png"}}]}
    messages = [{"role": "user", "content": [{"toolResult": result}]}]
    converse.request(seen, {"modelId": "m", "messages": messages})
    assert seen.needs_vision
    spoken = Call()
    openai_chat.request(spoken, {"model": "m", "messages": [], "modalities": ["text", "audio"]})
    assert spoken.params == {"modalities": ["text", "audio"]}


# -- no hash is ever sent --------------------------------------------------------------------------


def image_url(number):
    data = f"data:image/png;base64,{'aGFzaA' * 4}{number % 10}AA="
    return {"type": "image_url", "image_url": {"url": data}}


@pytest.fixture(scope="module")
def seeing_log(tmp_path_factory):
    """A log of an OpenAI client in which half of the calls of one task hold an image."""
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    records = []
    for number in range(80):
        record = pair(number, system="Sort the picture or the text: cat or dog.", answer="cat")
        if number % 2:
            content = record["request"]["messages"][1]["content"]
            parts = [{"type": "text", "text": content}, image_url(number)]
            record["request"]["messages"][1]["content"] = parts
        records.append(json.dumps(record))
    path.write_text("\n".join(records))
    return path


class Recorded(PlantedEngine):
    """An engine in this process that keeps what it was asked."""

    def __init__(self):
        super().__init__({})
        self.asked = []

    def answers(self, requests, done=frozenset()):
        self.asked += requests
        self._answers = {request.messages[-1]["content"]: "cat" for request in requests}
        return super().answers(requests, done)


def replayed(log, engine):
    with Store.open() as store:
        pipeline = Pipeline(store=store, config=Config())
        pipeline.ingest([str(log)])
        pipeline.run_to("criteria")
        assert store.value("SELECT count(*) FROM contents WHERE messages LIKE '%sha256%'") == 40
        settings = sample_stage.SampleSettings(candidates=[engine.candidate], samples=200)
        sample_stage.run(store, settings)
        replay_stage.run(
            store,
            replay_stage.ReplaySettings(
                engines=[engine], max_output_tokens=20, answer_headroom=2.0
            ),
        )
        assert store.value("SELECT count(*) FROM answers WHERE candidate_id IS NOT NULL") > 20
        assert store.rows("SELECT reason, count(*) FROM eligibility GROUP BY 1") == [
            ("needs-vision", 40)
        ]


def test_no_engine_is_asked_a_call_with_an_image(seeing_log):
    engine = Recorded()
    replayed(seeing_log, engine)
    sent = json.dumps([[*request.messages] for request in engine.asked])
    assert "Question" in sent
    assert "sha256" not in sent


def test_no_server_is_sent_the_hash_of_an_image(seeing_log):
    bodies = []

    class Answering(Handler):
        def post(self):
            bodies.append(json.dumps(self.body()))
            message = {"role": "assistant", "content": "cat"}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            usage = {"prompt_tokens": 60, "completion_tokens": 1}
            self.send_json(200, {"choices": [choice], "usage": usage})

    with listening(Answering) as url:
        engine = open_engine(f"{url}/v1#tiny", EngineSettings(timeout_s=10))
        try:
            replayed(seeing_log, engine)
        finally:
            engine.close()
    assert bodies
    assert not [body for body in bodies if "sha256" in body or "image" in body]


def test_the_old_setting_for_images_is_told_what_to_do(tmp_path):
    (tmp_path / "auditor.toml").write_text("[replay]\nvision = true\n")
    with pytest.raises(ConfigError, match=r"replay\.vision is no longer a setting") as caught:
        load_config(start=tmp_path)
    assert "remove it" in caught.value.hint
