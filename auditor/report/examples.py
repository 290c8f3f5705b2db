"""Chooses the side-by-side examples by rule, never by hand, and reads their texts."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from auditor.pricing.tokens import input_tokens
from auditor.report.data import CategoryReport, Example, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from auditor.store.store import Store

MAX_EXAMPLES = 40
ANSWER_CHARACTERS = 4_000
PROMPT_CHARACTERS = 2_000
MAX_SVG_CHARACTERS = 5 * ANSWER_CHARACTERS
_SVG = re.compile(r"<svg\b.*</svg\s*>", re.DOTALL | re.IGNORECASE)

BOTH_PASS = "First drawn call where both answers pass"  # noqa: S105 - no password
ONLY_API_PASSES = "First drawn call where the API answer passes and the local one does not"
DIFFERENT = "First other drawn call whose answers differ"

_CHOICE = """
SELECT draw_no, call_id, api_answer_id, local_answer_id, api_passed, local_passed, differ
FROM v_pairs WHERE category_id = ? AND candidate_id = ? ORDER BY draw_no
"""
_CALL = f"""
SELECT model, system_text, messages, cost_usd, latency_ms, output_tokens,
       {input_tokens()} AS input_tokens
FROM calls LEFT JOIN contents USING (call_id) WHERE call_id = ?
"""
_ANSWER = """
SELECT a.text, a.tool_calls, a.error, a.input_tokens, a.output_tokens, a.latency_ms,
       g.passed, g.explanation
FROM answers a LEFT JOIN grades g ON g.answer_id = a.answer_id AND g.replicate = 0
  AND g.criterion_id = (SELECT criterion_id FROM decisions
                        WHERE category_id = ? AND candidate_id = ?)
WHERE a.answer_id = ?
"""


def choose_examples(store: Store, categories: Sequence[CategoryReport]) -> list[Example]:
    """Up to three examples a category in order of spend, ``MAX_EXAMPLES`` in all."""
    found: list[Example] = []
    for category in categories:
        if category.candidate_id is None or len(found) >= MAX_EXAMPLES:
            continue
        drawn = store.dicts(_CHOICE, [category.category_id, category.candidate_id])
        found += [_example(store, category, rule, row) for rule, row in _by_rule(drawn)]
    return found[:MAX_EXAMPLES]


def _by_rule(drawn: Sequence[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """Apply the three rules in draw order; a call is shown once."""
    rules: tuple[tuple[str, Callable[[Mapping[str, Any]], Any]], ...] = (
        (BOTH_PASS, lambda row: row["api_passed"] and row["local_passed"]),
        (ONLY_API_PASSES, lambda row: row["api_passed"] and row["local_passed"] is False),
        (DIFFERENT, lambda row: row["differ"]),
    )
    chosen: list[tuple[str, Mapping[str, Any]]] = []
    taken: set[str] = set()
    for rule, holds in rules:
        row = next((row for row in drawn if row["call_id"] not in taken and holds(row)), None)
        if row is not None:
            chosen.append((rule, row))
            taken.add(row["call_id"])
    return chosen


def _example(store: Store, category: CategoryReport, rule: str, row: Mapping[str, Any]) -> Example:
    call = store.dicts(_CALL, [row["call_id"]])[0]
    system, system_cut = truncate(call["system_text"] or "", PROMPT_CHARACTERS)
    prompt, prompt_cut = truncate(last_user_text(call["messages"]), PROMPT_CHARACTERS)
    keys = [category.category_id, category.candidate_id]
    api = store.dicts(_ANSWER, [*keys, row["api_answer_id"]])[0]
    local = store.dicts(_ANSWER, [*keys, row["local_answer_id"]])[0]
    # What the log measured of the API answer, not what is known of a copy of its text.
    api |= {key: call[key] for key in ("input_tokens", "output_tokens", "latency_ms")}
    return Example(
        category_id=category.category_id,
        rule=rule,
        draw_no=row["draw_no"],
        call_id=row["call_id"],
        model=call["model"],
        system=system,
        prompt=prompt,
        system_cut=system_cut,
        prompt_cut=prompt_cut,
        api=_side(api, call["cost_usd"]),
        local=_side(local, None),
    )


def _side(row: Mapping[str, Any], cost_usd: Any) -> Side:
    text, cut = truncate(row["text"] or "", ANSWER_CHARACTERS)
    tool_calls = row["tool_calls"] if row["tool_calls"] not in {None, "[]", "null"} else None
    return Side(
        text=text,
        cut=cut,
        svg=svg_in(row["text"] or ""),
        tool_calls=truncate(tool_calls, ANSWER_CHARACTERS)[0] if tool_calls else None,
        passed=row["passed"],
        explanation=truncate(row["explanation"] or "", PROMPT_CHARACTERS)[0],
        error=row["error"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        latency_ms=row["latency_ms"],
        cost_usd=cost_usd,
    )


def svg_in(text: str) -> str | None:
    """The SVG in an answer, None if there is none or it is too large to show."""
    found = _SVG.search(text)
    return found.group() if found and len(found.group()) <= MAX_SVG_CHARACTERS else None


def truncate(text: str, limit: int) -> tuple[str, int]:
    """The first ``limit`` characters and how many were cut off."""
    return text[:limit], max(0, len(text) - limit)


def last_user_text(messages: str | None) -> str:
    """The text of the last user message of a JSON list of chat messages; images as a word."""
    if messages is None:
        return ""
    for message in reversed(json.loads(messages)):
        if message.get("role") == "user":
            return _content_text(message.get("content"))
    return ""


def _content_text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = []
    for part in content:
        if isinstance(part, dict):
            text = part.get("text")
            parts.append(text if isinstance(text, str) else f"[{part.get('type', 'part')}]")
    return "\n".join(parts)
