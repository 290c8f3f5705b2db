"""Checks of records, lists and tables that are written without JSON."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from auditor.criteria.checks.base import CannotTellError, CheckInput, failed, outcome
from auditor.criteria.checks.json_documents import difference, unknown_field
from auditor.criteria.checks.record import ANY, FIELDS, NUMBER, Argument, Example, check
from auditor.criteria.checks.transforms import as_text
from auditor.criteria.checks.written_forms import key_of, read_items, read_record, read_rows
from auditor.criteria.comparators.comparator import rules_of
from auditor.criteria.comparators.fields import Comparison

if TYPE_CHECKING:
    from collections.abc import Hashable

    from auditor.criteria.model import Assertion
    from auditor.domain import Grade

_SHARE = Argument("threshold", NUMBER, "the least F1 of what is in both", 1.0)


def _parse_fields(assertion: Assertion) -> None:
    rules_of(assertion.fields)


@check(
    "key-values",
    family="content",
    value=Argument("value", ANY, "the record that is wanted, as `Key: value` lines or YAML"),
    arguments=(
        Argument(
            "fields",
            FIELDS,
            "the fields that count, in lower case; or comparators of fields, where the others count"
            " too; see [fields](#fields)",
            (),
        ),
        Argument("threshold", NUMBER, "share of the fields that must be the same", 1.0),
    ),
    prepare=_parse_fields,
    equality=True,
    in_promptfoo=False,
    unnoticed="fields that `fields` leaves out, and the order of the lines",
    example=Example(
        assertion='{type: key-values, value: "{{reference}}", fields: {note: ignore}}',
        logged="Name: Ada Lovelace\nTotal: $1,200\nNote: called twice",
        passes="**Total:** 1200\n**Name:** Ada Lovelace\n**Note:** called once",
        fails="Name: Ada Lovelace\nTotal: $1,300\nNote: called twice",
        unnoticed="Name: Ada Lovelace\nTotal: $1,200\nNote: never called",
    ),
)
def key_values(given: CheckInput) -> Grade:
    """As large a share of the fields of a record as ``threshold`` is the same as in the wanted one.

    A record is ``Key: value`` line by line, with or without bullets and bold keys, or YAML. Names
    and texts are compared up to letter case and punctuation around them, numbers by their value.
    """
    wanted, got = read_record(as_text(given.value)), read_record(given.text)
    if wanted is None:
        raise CannotTellError("what to compare with is no record")
    if got is None:
        return failed("no record: not `Key: value` line by line")
    rules = rules_of(given.arguments["fields"])
    absent = rules.absent_from(wanted, got)
    if absent is not None:
        raise CannotTellError(unknown_field(absent, wanted, got))
    compared = Comparison(rules=rules, text=lambda text: str(key_of(text)))
    fields = compared.fields(wanted, got)
    different = [field for field in fields if not field.same]
    share = 1 - len(different) / len(fields) if fields else 1.0
    explanation = f"{len(fields) - len(different)} of {len(fields)} fields equal"
    if different:
        explanation += f"; {'; '.join(map(difference, different[:3]))}"
    return outcome(share >= given.arguments["threshold"], explanation, share)


@check(
    "same-items",
    family="content",
    value=Argument("value", ANY, "the list that is wanted: bullets, lines, commas, or JSON"),
    arguments=(_SHARE,),
    equality=True,
    in_promptfoo=False,
    unnoticed="the order of the items, and how often one is said",
    example=Example(
        assertion='{type: same-items, value: "{{reference}}", threshold: 0.8}',
        logged="- late parcel\n- refund\n- angry",
        passes="Refund, late parcel, angry",
        fails="- early parcel\n- refund",
        unnoticed="angry, angry, refund, late parcel",
    ),
)
def same_items(given: CheckInput) -> Grade:
    """The items of the list are the wanted ones, in any order.

    They are compared up to letter case and punctuation around them. The score is F1: 2 x items in
    both / (items wanted + items given).
    """
    wanted, got = _items(given.value), _items(given.text)
    if not wanted:
        raise CannotTellError("what to compare with is no list")
    return _in_both(Counter(set(wanted)), Counter(set(got)), "items", given)


@check(
    "same-rows",
    family="content",
    value=Argument("value", ANY, "the table that is wanted: CSV or Markdown"),
    arguments=(_SHARE,),
    equality=True,
    in_promptfoo=False,
    unnoticed="the order of the rows",
    example=Example(
        assertion='{type: same-rows, value: "{{reference}}"}',
        logged="item,price\npen,1.50\nink,12",
        passes="| Item | Price |\n|---|---|\n| Ink | 12.00 |\n| Pen | 1.5 |",
        fails="item,price\npen,1.50\nink,13",
        unnoticed="ink,12\npen,1.50\nitem,price",
    ),
)
def same_rows(given: CheckInput) -> Grade:
    """The rows of the table are the wanted ones, in any order.

    A table is CSV with commas, semicolons, tabs or bars, or Markdown's. Cells are compared up to
    letter case and punctuation around them, numbers by their value. The score is F1: 2 x rows in
    both / (rows wanted + rows given).
    """
    wanted, got = read_rows(as_text(given.value)), read_rows(given.text)
    if wanted is None:
        raise CannotTellError("what to compare with is no table")
    if got is None:
        return failed("no table")
    one, other = (Counter(tuple(map(key_of, row)) for row in rows) for rows in (wanted, got))
    return _in_both(one, other, "rows", given)


def _items(value: Any) -> list[Hashable]:
    items = value if isinstance(value, list) else read_items(as_text(value)) or []
    return [key for key in (key_of(as_text(item)) for item in items) if key != ""]


def _in_both(one: Counter[Any], other: Counter[Any], unit: str, given: CheckInput) -> Grade:
    both = (one & other).total()
    score = 2 * both / (one.total() + other.total())
    explanation = f"{both} {unit} in both, {one.total()} wanted, {other.total()} given"
    return outcome(score >= given.arguments["threshold"], explanation, score)
