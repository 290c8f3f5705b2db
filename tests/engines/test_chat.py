"""Prompts from messages, answers from text, and what became of each parameter."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.domain import Request
from auditor.engines import EngineSettings
from auditor.engines.chat import CHATML, ChatTemplate, TemplateRefusedError, parse_reply, text_of
from auditor.engines.parameters import sampling_of
from auditor.engines.servers.fewest_tokens import fewest_tokens
from auditor.errors import EngineError

USER = {"role": "user", "content": "Hi"}
TOOL = {"type": "function", "function": {"name": "get", "parameters": {"type": "object"}}}
STRICT = (
    "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system') }}"
    "{% endif %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('must alternate') }}{% endif %}<{{ m['role'] }}>{{ m['content'] }}"
    "{% endfor %}"
)
TOOLS = "{% if tools %}{{ tools | tojson }}{% endif %}{{ messages[-1]['content'] }}"


def template(source=CHATML, **kwargs):
    return ChatTemplate(source, first="<s>", last="</s>", kwargs=kwargs)


def request(messages=(USER,), tools=(), **params):
    return Request(call_id="c", messages=list(messages), tools=list(tools), params=params)


def test_a_prompt_is_what_the_reference_formatter_writes():
    formatter = pytest.importorskip("llama_cpp.llama_chat_format").Jinja2ChatFormatter
    messages = [{"role": "system", "content": "Be brief."}, USER]
    reference = formatter(CHATML, eos_token="</s>", bos_token="<s>")
    assert template().render(messages)[0] == reference(messages=messages).prompt


def test_template_switches_reach_the_template():
    source = "{{ enable_thinking }}{{ bos_token }}"
    assert template(source, enable_thinking=False).render([USER])[0] == "False<s>"


def test_parts_become_text_and_developer_becomes_system():
    messages = [
        {"role": "developer", "content": [{"type": "text", "text": "A"}, {"type": "text"}]},
        {"role": "user", "content": None},
    ]
    prompt, _ = template().render(messages)
    assert prompt.startswith("<|im_start|>system\nA<|im_end|>\n<|im_start|>user\n<|im_end|>")


def test_what_a_template_refuses_is_joined_and_said():
    messages = [{"role": "system", "content": "S"}, USER, USER]
    prompt, fidelity = template(STRICT).render(messages)
    assert prompt == "<user>S\n\nHi\n\nHi"
    assert fidelity == {"messages": "adapted: joined so that user and assistant alternate"}


def test_what_no_joining_mends_is_refused():
    with pytest.raises(TemplateRefusedError, match="must alternate"):
        template(STRICT).render([{"role": "assistant", "content": "x"}])


def test_a_template_that_knows_tools_gets_them():
    prompt, fidelity = template(TOOLS).render([USER], [TOOL])
    assert prompt == json.dumps([TOOL]) + "Hi"
    assert fidelity == {}


def test_a_template_that_does_not_is_told_in_words_of_tools_and_earlier_calls():
    call = {"type": "function", "function": {"name": "get", "arguments": '{"a": 1}'}}
    messages = [
        USER,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "42", "tool_call_id": "x"},
    ]
    prompt, fidelity = template().render(messages, [TOOL])
    assert "<tools>" in prompt
    assert '<tool_call>\n{"name": "get", "arguments": {"a": 1}}\n</tool_call>' in prompt
    assert "<tool_response>\n42\n</tool_response>" in prompt
    assert fidelity["tools"].startswith("adapted")


def test_a_hostile_template_reaches_nothing():
    source = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
    with pytest.raises(TemplateRefusedError):
        template(source).render([USER])


def test_a_broken_template_is_one_clear_error():
    with pytest.raises(EngineError, match="chat template"):
        template("{% if %}").render([USER])


def test_the_prompt_does_not_change_overnight():
    assert template("{{ strftime_now('%d %b %Y') }}").render([USER])[0] == "01 Jan 2026"


@pytest.mark.parametrize(("text", "said", "thought"), [
    ("<think>a</think>\n\nb", "b", "a"),
    ("a\nstill</think>b", "b", "a\nstill"),  # the template wrote the opening tag
    ("plain", "plain", None),
    ("<think>never ends", "<think>never ends", None),
    (" spaced ", " spaced ", None),
    ("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b", "b", "a"),
    ("<|start|>assistant<|channel|>final<|message|>b<|return|>", "b", None),
    ("<|channel|>analysis<|message|>never ends", "", "never ends"),
    ("what <|channel|> means", "what <|channel|> means", None),
])  # fmt: skip
def test_thoughts_are_taken_out(text, said, thought):
    reply = parse_reply(text)
    assert (reply.text, reply.reasoning) == (said, thought)


@pytest.mark.parametrize(("text", "said"), [
    ('<tool_call>\n{"name": "get", "arguments": {"a": 1}}\n</tool_call>', ""),
    ('Sure.\n<tool_call>{"name": "get", "arguments": {"a": 1}}', "Sure."),
    ("<tool_call><function=get>\n<parameter=a>\n1\n</parameter>\n</function></tool_call>", ""),
    ('{"name": "get", "parameters": {"a": 1}}', ""),
    ('<think>hm</think>{"name": "get", "arguments": "{\\"a\\": 1}"}', ""),
    ('<|channel|>commentary to=functions.get <|constrain|>json<|message|>{"a": 1}<|call|>', ""),
    ('<|start|>assistant to=functions.get<|channel|>commentary json<|message|>{"a": 1}<|call|>', ""),
])  # fmt: skip
def test_tool_calls_are_found_in_every_known_form(text, said):
    reply = parse_reply(text, [TOOL])
    assert reply.text == said
    (call,) = reply.tool_calls
    assert call["function"]["name"] == "get"
    assert json.loads(call["function"]["arguments"]) == {"a": 1}


def test_json_that_names_no_offered_tool_is_an_answer():
    text = '{"name": "Alice", "arguments": {}}'
    assert parse_reply(text, [TOOL]).text == text
    assert parse_reply('{"name": "get", "arguments": {}}').tool_calls == ()


@given(st.text(), st.booleans())
def test_any_text_can_be_taken_apart(text, tools):
    reply = parse_reply(f"<tool_call>{text}", [TOOL] if tools else [])
    assert isinstance(reply.text, str)


@given(st.recursive(st.none() | st.text() | st.integers(), lambda c: st.lists(c) | st.dictionaries(
    st.sampled_from(["type", "text", "content"]), c), max_leaves=8))  # fmt: skip
def test_any_content_has_a_text(content):
    assert isinstance(text_of(content), str)


def test_parameters_are_carried_over_or_named():
    sampling, fidelity = sampling_of(
        request(temperature=0.7, top_p=0.9, max_tokens=64, stop="END", seed=5, logprobs=True, n=3,
                reasoning_effort="high", user="u", stream=True, frequency_penalty=0.5,
                made_up=1, parallel_tool_calls=True, presence_penalty="much"),
        EngineSettings(),
    )  # fmt: skip
    assert (sampling.temperature, sampling.top_p, sampling.max_tokens) == (0.7, 0.9, 64)
    assert (sampling.stop, sampling.seed, sampling.frequency_penalty) == (("END",), 5, 0.5)
    assert fidelity.keys() == {
        "logprobs", "n", "reasoning_effort", "made_up", "presence_penalty"
    }  # fmt: skip


def test_defaults_are_greedy_and_capped_by_the_request():
    sampling, fidelity = sampling_of(request(), EngineSettings())
    assert sampling.greedy
    assert (sampling.max_tokens, sampling.capped_by_log) == (512, False)
    assert fidelity == {}


def test_a_call_without_a_seed_has_one_of_its_own():
    settings = EngineSettings()
    one = sampling_of(Request(call_id="a", messages=[USER]), settings)[0].seed
    two = sampling_of(Request(call_id="b", messages=[USER]), settings)[0].seed
    assert one != two
    assert one == sampling_of(Request(call_id="a", messages=[USER]), settings)[0].seed


@given(st.dictionaries(
    st.sampled_from(["temperature", "top_p", "top_k", "max_tokens", "stop", "seed", "n", "x"]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()),
))  # fmt: skip
def test_any_parameters_give_a_sampling(params):
    sampling, _ = sampling_of(request(**params), EngineSettings())
    assert sampling.max_tokens >= 1
    assert 0 <= sampling.seed < 2**32


def test_no_tokenizer_stays_below_the_fewest_tokens():
    words = request([{"role": "user", "content": "one two three four five six seven eight nine"}])
    assert fewest_tokens(words) == 8


@pytest.mark.parametrize(("text", "fewest"), [
    ("这是一个没有空格的句子" * 50, 220),
    ("これはひらがなです" * 100, 225),
    ("띄어쓰기없는문장" * 100, 240),
    ("นี่คือประโยคที่ไม่มีช่องว่าง" * 100, 420),
    ("नमस्ते दुनिया " * 100, 180),
    ("שלום עולם " * 100, 180),
    ("🌳" * 100, 0),
])  # fmt: skip
def test_scripts_without_spaces_are_counted_by_their_characters(text, fewest):
    assert fewest_tokens(request([{"role": "user", "content": text}])) == fewest
