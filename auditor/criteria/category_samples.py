"""Some calls of each category, from which its criterion is chosen or proposed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from auditor.criteria.proposals import MAX_EXAMPLES, LoggedExample
from auditor.criteria.request_facts import request_facts
from auditor.criteria.selector import CallFacts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from auditor.store.store import Store

MAX_CATEGORIES = 500
"""Categories, by spend, that get a criterion; no audit replays as many."""

_SPEND = """
SELECT category_id, name FROM v_spend WHERE NOT ignored ORDER BY spend_rank LIMIT ?
"""

# The same calls every time: in the order of a hash of their ids.
_EXAMPLES = """
WITH ranked AS (
    SELECT call_id, category_id,
           row_number() OVER (PARTITION BY category_id ORDER BY md5(call_id), call_id) AS place
    FROM call_categories
    SEMI JOIN (SELECT category_id FROM v_spend WHERE NOT ignored ORDER BY spend_rank LIMIT ?)
        USING (category_id)
    SEMI JOIN (SELECT call_id FROM calls WHERE content_state = 'full' AND status <> 'error')
        USING (call_id)
)
SELECT call_id, category_id, system_text, messages, tools, params, response_text, tool_calls,
       finish_reason, model, project, tags,
       (SELECT max(expected) FROM labels
        WHERE rater = 'user' AND subject IN (calls.log_id, calls.call_id)) AS expected
FROM ranked JOIN calls USING (call_id) JOIN contents USING (call_id)
WHERE place <= ?
ORDER BY category_id, place
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CategorySample:
    """A category with some of its calls: as selectors see them, and their logged answers.

    ``call_ids`` and ``expected``, the user's labels, are those of the examples; None for no label.
    """

    category_id: str
    name: str
    calls: Sequence[CallFacts]
    examples: Sequence[LoggedExample]
    call_ids: Sequence[str] = ()
    expected: Sequence[Any] = ()


def category_samples(store: Store, per_category: int = MAX_EXAMPLES) -> Iterator[CategorySample]:
    """The costliest categories, each with some of its calls that were answered in full.

    A category without such calls comes last, as one call of which only the category is known: a
    criterion can still select it by name.
    """
    names = dict(store.rows(_SPEND, [MAX_CATEGORIES]))
    aliases: dict[str, list[str]] = {}
    for alias, category_id in store.rows("SELECT alias, category_id FROM category_aliases"):
        aliases.setdefault(category_id, []).append(alias)
    rows = (
        row
        for batch in store.batches(_EXAMPLES, [MAX_CATEGORIES, per_category], size=200)
        for row in batch.to_pylist()
    )
    for category_id, group in groupby(rows, key=lambda row: str(row["category_id"])):
        called = (names.pop(category_id), *aliases.get(category_id, ()))
        members = list(group)
        parsed = [_read_call(row, called) for row in members]
        yield CategorySample(
            category_id=category_id,
            name=called[0],
            calls=[call for call, _ in parsed],
            examples=[example for _, example in parsed],
            call_ids=[row["call_id"] for row in members],
            expected=[
                None if row["expected"] is None else json.loads(row["expected"]) for row in members
            ],
        )
    for category_id, name in names.items():
        called = (name, *aliases.get(category_id, ()))
        call = CallFacts(category_id=category_id, category_names=called)
        yield CategorySample(category_id=category_id, name=name, calls=[call], examples=[])


def _read_call(row: Mapping[str, Any], names: Sequence[str]) -> tuple[CallFacts, LoggedExample]:
    facts = request_facts(row)
    call = CallFacts(
        category_id=row["category_id"],
        category_names=names,
        system=facts.system,
        user=facts.user,
        model=facts.model,
        project=facts.project,
    )
    example = LoggedExample(
        text=row["response_text"],
        tool_calls=json.loads(row["tool_calls"] or "[]"),
        finish_reason=row["finish_reason"],
        tools=json.loads(row["tools"] or "[]"),
        request=facts,
        expected=None if row["expected"] is None else json.loads(row["expected"]),
    )
    return call, example
