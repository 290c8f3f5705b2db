"""Output shapes, tokens and the lexicon."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.categories.routes.lexicon import is_generic, task_type
from auditor.categories.routes.shape import family, shape
from auditor.categories.routes.text import shingles, tokenize


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, "empty"),
        ("  \n", "empty"),
        ('{"b": 1, "a": [2]}', "json:{a,b}"),
        ('```json\n{"b": 1}\n```', "json:{b}"),
        ("[1, 2]", "json:[]"),
        ('{"broken": ', "label"),
        ("SELECT name FROM users WHERE id = 3", "sql"),
        ("```sql\nselect count(*) from t\n```", "sql"),
        ("WITH x AS (SELECT 1) SELECT * FROM x", "sql"),
        ("Select one of the rooms and book it soon please", "phrase"),
        ('<svg viewBox="0 0 24 24"><path d="M0 0"/></svg>', "svg"),
        ("<!DOCTYPE html>\n<html><body>hi</body></html>", "markup"),
        ("```python\ndef f(x):\n    return x\n```", "code:python"),
        ("def f(x):\n    return x + 1\n", "code:"),
        ("#include <stdio.h>\n\nint main() {\n    return 0;\n}", "code:"),
        ("42", "number"),
        ("$1,234.50", "number"),
        ("positive", "label"),
        ("card_arrival", "label"),
        ("1. Mix\n2. Bake\n3. Eat", "list"),
        ("# Title\n\nSome text that goes on for a while, long enough.", "markdown"),
        ("Reset your password from the settings page.", "phrase"),
        ("word " * 40, "prose"),
        ("word " * 100, "long"),
        ("请您在设置页面重置密码,然后再次登录您的账户即可。", "phrase"),
    ],
)
def test_shape(answer, expected):
    assert shape(answer) == expected


def test_tool_calls_are_a_shape_of_their_own():
    assert shape("", tool_calls=True) == "tool_call"


@given(st.text(max_size=300))
def test_shape_of_anything_has_a_family(text):
    assert family(shape(text)) in {
        "json",
        "sql",
        "svg",
        "markup",
        "code",
        "tool_call",
        "label",
        "text",
    }


@pytest.mark.parametrize(
    "system",
    [
        "You are a helpful assistant.",
        "You are ChatGPT, a large language model trained by OpenAI.\nKnowledge cutoff: 2023-10\nCurrent date: 2026-10-12",
        "You are Claude, an AI assistant made by Anthropic. Be concise.",
        "Du bist ein hilfreicher Assistent.",
        "Eres un asistente útil.",
        "你是一个有用的助手。",
        "",
    ],
)
def test_generic_system_prompts(system):
    assert is_generic(system)


@pytest.mark.parametrize(
    "system",
    [
        "You are a helpful programming assistant inside the IDE.",
        "Translate the text into German.",
        "You are the SQL assistant of the analytics console.",
        "Du bist der Kundendienst der Stadtwerke.",
        "你是一位法律顾问，回答合同问题。",
    ],
)
def test_specific_system_prompts(system):
    assert not is_generic(system)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Summarize the meeting in three bullets.", "summarize"),
        ("Classify the ticket into one of the queues.", "classify"),
        ("Translate into German.", "translate"),
        ("Extract the total from this invoice.", "extract"),
        ("You write PostgreSQL for the warehouse.", "sql"),
        ("Identify the language of the message.", "detect language"),
        ("Is this comment offensive?", "moderate"),
        ("Good morning.", "other"),
    ],
)
def test_task_type(text, expected):
    assert task_type(text) == expected


def token_words(text: str, **bounds: int) -> list[str]:
    tokens = tokenize([text], **bounds)
    return [tokens.word(i) for i in range(len(tokens.hashes))]


def test_tokens_are_words_numbers_ideographs_and_marks():
    assert token_words("Due 2026-10-12, 你好 naïve!") == [
        "", "", "Due", "2026-10-12", ",", "你", "好", "naïve", "!", "", "",
    ]  # fmt: skip


def test_numbers_and_letter_case_are_the_same_token():
    one, two = tokenize(["Order 17 of 3.5 kg"]), tokenize(["order a9 OF 2026-01-02 KG"])
    assert one.hashes.tolist() == two.hashes.tolist()


def test_a_text_has_the_same_tokens_alone_and_among_others():
    texts = ["one two three", "", "你好 " * 900, "\x00\ud800 odd", "one two three"]
    together = tokenize(texts)
    for row, text in enumerate(texts):
        assert together.hashes[together.rows == row].tolist() == tokenize([text]).hashes.tolist()


def test_reading_is_bounded_and_shingles_do_not_cross_the_gap():
    text = "alpha " * 50 + "x " * 100_000 + "omega " * 50
    tokens = tokenize([text], head=60, tail=60)
    assert len(tokens.hashes) < 50
    plain = shingles(tokenize(["alpha omega " * 4], head=500, tail=500))
    cut = shingles(tokens)
    assert not set(plain.hashes[2:-2].tolist()) & set(cut.hashes.tolist())


@given(st.lists(st.text(max_size=80), max_size=8))
def test_tokenize_reads_anything(texts):
    tokens = tokenize(texts)
    assert len(set(tokens.rows.tolist())) == len(texts)
    assert len(tokens.starts) == len(tokens.ends) == len(tokens.hashes)
