"""The groups of differences from promptfoo, and who is right by the documented meaning."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptfoo_cases import Case


class Group(NamedTuple):
    """What the differences have in common, and who is right."""

    name: str
    right: str
    holds: Callable[[Case, str], bool]


def _kinds(*names: str) -> Callable[[Case, str], bool]:
    return lambda case, _: case.kind in names


def _has_json(text: str) -> bool:
    decoder = json.JSONDecoder()
    for at in (match.start() for match in re.finditer(r"[{\[]", text)):
        try:
            value, _ = decoder.raw_decode(text, at)
        except ValueError:
            continue
        if "NaN" not in text[at:] and isinstance(value, dict | list):
            return True
    return False


GROUPS = (
    Group(
        "an empty answer fails whatever is checked; promptfoo checks it, and calls it a refusal",
        "both, each as documented",
        lambda _, reason: reason == "empty answer",
    ),
    Group(
        "`contains-json` on `{a: 1}`, `{'a': 1}`, a comma too many, NaN: YAML, and no JSON",
        "auditor: they are no valid JSON",
        lambda case, _: case.kind == "contains-json" and not _has_json(case.output),
    ),
    Group(
        "`contains-json` on a list alone, or a brace inside a text of the JSON",
        "auditor: they are valid JSON",
        _kinds("contains-json"),
    ),
    Group(
        "`contains-xml` on an attribute without quotes, `1 < 2`, `&nbsp;`",
        "auditor: it is not well-formed",
        _kinds("contains-xml"),
    ),
    Group(
        "`is-xml` with a prefix of no namespace",
        "auditor by XML 1.0, promptfoo by Namespaces in XML",
        _kinds("is-xml"),
    ),
    Group(
        "`icontains` of `straße` in `STRASSE`, of `ﬁ` in `FI`: folded by Unicode",
        "auditor: the same but for case",
        _kinds("icontains", "icontains-any", "icontains-all"),
    ),
    Group(
        "`is-refusal` on a harmless phrase (`I cannot believe`, `not legal advice`) or a late one",
        "auditor on the harmless ones, promptfoo on the late one",
        _kinds("is-refusal"),
    ),
    Group(
        "`is-sql` on two names without a comma, or nothing selected",
        "promptfoo on the second; the first is an alias, valid SQL",
        _kinds("is-sql", "contains-sql"),
    ),
    Group(
        "`regex` with `\\p{L}`: a class of letters here, the text `p{L}` there",
        "auditor: ECMAScript means letters too, with its flag u",
        lambda case, _: case.kind == "regex" and r"\p" in json.dumps(case.asserts),
    ),
    Group(
        "`word-count` around U+0085: white space by Unicode, none by ECMAScript",
        "auditor by Unicode",
        _kinds("word-count"),
    ),
    Group(
        "rounding: a cost or a score that is the threshold but for its last digit",
        "auditor, where 0.9 is 0.8999999999999999",
        _kinds("weights", "assert-set", "cost", "rouge-n", "bleu", "gleu"),
    ),
    Group(
        "numbers beyond 1e21 and below 1e-6 as text: `1e-07` here, `1e-7` there",
        "each by its language; write such a number as text",
        lambda case, _: "e-07" in json.dumps(case.asserts) or "e+21" in json.dumps(case.asserts),
    ),
)  # fmt: skip


def explained(case: Case, ours: dict[str, Any], theirs: dict[str, Any]) -> tuple[str, str] | None:
    """The group of a difference and who is right; None where no group fits.

    A case in which one side gives no verdict is no difference: it has a group by who gave none.
    """
    if ours["passed"] is None:
        return f"no verdict here: {_why(ours['reason'])}", ""
    if theirs["passed"] is None:
        return "no verdict there: promptfoo stops with an error", ""
    for group in GROUPS:
        if group.holds(case, ours["reason"]):
            return group.name, group.right
    return None


def _why(reason: str) -> str:
    if reason.startswith("refused"):
        return "the pattern or schema is refused before anything is graded"
    if "function" in reason:
        return "the function failed, or returned what says nothing"
    return "the log does not have what is asked for"
