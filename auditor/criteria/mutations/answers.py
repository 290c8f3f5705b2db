"""Errors in the JSON of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.criteria.mutations import documents
from auditor.criteria.mutations.model import Mutant
from auditor.criteria.mutations.spans import written_like

if TYPE_CHECKING:
    from random import Random

    from auditor.criteria.mutations.documents import Change
    from auditor.criteria.mutations.model import Logged, Pool


def field_changed(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """Another name, code or choice in a field."""
    return _put(answer, documents.value_changed(_value(answer), pool.fields, rng))


def text_changed(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """What another answer says, in a field of written text."""
    return _put(answer, documents.text_changed(_value(answer), pool.fields, rng))


def number_off(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """A number in a field is off."""
    del pool
    return _put(answer, documents.number_changed(_value(answer), rng))


def field_dropped(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """A field is missing."""
    del pool
    return _put(answer, documents.value_dropped(_value(answer), rng))


def field_added(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """An item of a list or a field more than there should be."""
    del pool
    return _put(answer, documents.value_added(_value(answer), rng))


def _value(answer: Logged) -> object:
    return answer.json.value if answer.json else None


def _put(answer: Logged, change: Change | None) -> Mutant | None:
    """The answer with a changed value in the place of its JSON."""
    span = answer.json
    if change is None or span is None:
        return None
    written = written_like(change.value, answer.text[span.start : span.end])
    return Mutant(answer.saying(span.replaced(answer.text, written)), change.detail)
