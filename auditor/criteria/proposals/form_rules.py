"""The rules for answers that are a record, a table or a list without JSON."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from auditor.criteria.answer_length import is_short
from auditor.criteria.checks.counts import COUNTED
from auditor.criteria.checks.written_forms import read_items, read_record, read_rows
from auditor.criteria.inference import MAX_KEYS, comparable_fields
from auditor.criteria.model import Assertion
from auditor.criteria.proposals.model import AGREEMENT, REFERENCE_VALUE, Rule
from auditor.criteria.proposals.sample import nearly_all

if TYPE_CHECKING:
    from auditor.criteria.proposals.sample import Sample

COMMON_KEY_SHARE = 0.8
"""Share of the records that must have a key for it to be one of the form."""
MIN_KEYS = 2
MAX_MEAN_WORDS = 3
"""Words of an item on average; clauses with commas between have more."""
LISTS_SHARE = 0.8
"""Share of the answers that must have several items for the answers to be lists."""


def record_rule(sample: Sample) -> Rule | None:
    """``Key: value`` lines or YAML: the fields that are no written text are the logged answer's."""
    records = [read_record(text) for text in sample.texts]
    if not nearly_all(record is not None and len(record) >= MIN_KEYS for record in records):
        return None
    hits = [record is not None for record in records]
    found = [record for record in records if record is not None]
    keys = Counter(key for record in found for key in record)
    common = [key for key, n in keys.items() if n >= COMMON_KEY_SHARE * len(found)]
    if len(common) < MIN_KEYS or len(keys) > MAX_KEYS:
        return None
    compared = comparable_fields(found, sample.only(hits).asked)
    if compared is None:
        return None
    content = Assertion(type="key-values", value=REFERENCE_VALUE, fields=compared.fields or ())
    ignored = ", ".join(compared.ignored)
    words = (
        f"The answer is a record of the fields {', '.join(sorted(common))};"
        f" {'all but ' + ignored if ignored else 'all'} equal the logged answer's."
    )
    unnoticed = (
        f"what the fields of written text say: {ignored}" if ignored else "the order of lines"
    )
    return Rule("record", (content,), words + AGREEMENT, unnoticed)


def table_rule(sample: Sample) -> Rule | None:
    """CSV or a Markdown table: the rows of the logged answer, in any order."""
    tables = [read_rows(text) for text in sample.texts]
    if not nearly_all(rows is not None and len(rows) > 1 for rows in tables):
        return None
    content = Assertion(type="same-rows", value=REFERENCE_VALUE)
    words = "The answer is a table with the rows of the logged answer, in any order."
    return Rule("table", (content,), words + AGREEMENT, "the order of the rows")


def list_rule(sample: Sample) -> Rule | None:
    """Keywords or tags: the items of the logged answer, in any order."""
    if not nearly_all(map(_is_list, sample.texts)):
        return None
    lists = [read_items(text) for text in sample.texts]
    several = sum(items is not None and len(items) > 1 for items in lists)
    if several < LISTS_SHARE * len(sample):
        return None
    if not nearly_all(items is not None and all(map(is_short, items)) for items in lists):
        return None
    words_each = [len(item.split()) for items in lists for item in items or ()]
    if sum(words_each) > MAX_MEAN_WORDS * len(words_each):
        return None
    content = Assertion(type="same-items", value=REFERENCE_VALUE)
    words = "The answer is a list with the items of the logged answer, in any order."
    return Rule("list", (content,), words + AGREEMENT, "the order of the items")


def _is_list(text: str) -> bool:
    """Whether all of an answer is a list: nearly every line a bullet, or one line of items."""
    lines = [line for line in text.splitlines() if line.strip()]
    return len(lines) <= 1 or COUNTED["bullets"](text) >= LISTS_SHARE * len(lines)
