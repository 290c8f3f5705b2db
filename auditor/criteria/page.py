"""The reference page of criteria, made from the table of checks and the keys of the file.

``python -m auditor.criteria.page > docs/criteria.md`` writes it; the test suite holds it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from auditor.criteria.checks import BUILT_IN
from auditor.criteria.checks.record import FAMILIES, REQUIRED, Argument, Check, Family
from auditor.criteria.checks.transforms import NO_TRANSFORMS, TRANSFORMS
from auditor.criteria.choosing import MATCHING_SHARE
from auditor.criteria.comparators.comparator import COMPARATORS
from auditor.criteria.file import AssertionSpec, CriterionSpec, MatchSpec
from auditor.criteria.judged import JUDGED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pydantic import BaseModel

    from auditor.criteria.checks.base import GradeInput

_OPENING = f"""\
# Criteria

<!-- Made by `python -m auditor.criteria.page`; change the checks, not this file. -->

A criterion is the rule by which an answer passes or fails. Logged and local answers are graded by
the same criterion, call by call. Without a rule of yours, criteria are proposed from the logged
answers where they have a shape that a rule can hold.

```yaml
# criteria.yaml, named by [grade] criteria in auditor.toml
version: 1
criteria:
  - match: {{system: "*You route support tickets*"}}
    assert:
      - {{type: equals, value: "{{{{expected}}}}", transform: label}}
  - category: "*invoice*"
    threshold: 0.8
    assert:
      - {{type: is-json, weight: 1}}
      - {{type: json-fields, value: "{{{{reference}}}}", fields: [total, currency], weight: 4}}
```

The criteria are tried in the order of the file. The first one whose globs match at least
{MATCHING_SHARE:.0%} of a category's calls grades the whole category, so put the special ones
first.

Two variables stand for something of each call:

- `{{{{reference}}}}` is the logged answer. The criterion then measures agreement with the API
  model, which the logged answer reaches by construction; it does not say that either is right.
- `{{{{expected}}}}` is your own label of the call, from `labels.jsonl`: one line
  `{{"id": "the log id or call id", "expected": "the right answer"}}` a call.

A criterion that uses neither judges form alone, unless it says `about: content`. Form moves no
spend by itself, and it can be checked in production. Where a call lacks what a criterion compares
with, its answers are neither pass nor fail. An answer that is empty or an error of the model's
fails every criterion; where a server or an engine failed, the call is asked again, and until then
its answer is neither pass nor fail.

The `defaultTest` of a promptfoo configuration is read as a criterion for all categories.
"""
_GLOBS = """\
`category` or `match` must be given. A glob matches the whole text, in any case: `*` is any text
and `?` any one character. The keys of `match`, all of which must match:
"""


_FIELDS = """\
## Fields

`fields` of `json-fields` and `tool-calls-equal` is a list of the fields that count, or a mapping of
fields to comparators, where the fields that it does not name count too:

```yaml
assert:
  - type: json-fields
    value: "{{reference}}"
    fields: {address.city: label, items: list, "items[].price": {number: 0.01}, note: ignore}
```

A field is named by its path from the top of the object, or of the tool's arguments: `total`,
`address.city`, `items[].price` in every element of a list, `["a.b"]` where a name has a point or a
bracket in it. `*` is every field of an object: `{"*": ignore, total: exact}` compares the total
alone. What is said of an object or a list holds for all that is in it, and the longest path that
fits is what counts: `{tags: set, "tags[]": label}` is a set of labels. A `?` at the end says that a
field may be absent: `discount?`. Where a field without it is in neither value, the answer is
neither pass nor fail.

Without a comparator values are compared by their type: texts up to typography (quotes, dashes,
spaces, letters of full width, accents composed or not) and white space around them, numbers by
value, times with a date (2031-01-05T10:00:00Z) as moments, lists in their order.
"""


def criteria_page() -> str:
    """The page in Markdown, ending with a line feed."""
    sections = [
        _OPENING,
        "## The keys of a criterion\n",
        _keys(CriterionSpec),
        f"{_GLOBS}\n",
        _keys(MatchSpec),
        "The keys of an entry of `assert`:\n",
        _keys(AssertionSpec),
        "A key that the check does not read is an error.\n",
        "## Transforms\n",
        "What `transform` makes of the answer, and of the value it is compared with:\n",
        _table(("transform", "the check sees"), _transforms()),
        _FIELDS,
        _table(("comparator", "a field is the same when it is"), _comparators()),
        "## Checks\n",
        _summary(),
        *(_family(family) for family in FAMILIES),
    ]
    return "\n".join(sections)


def _keys(spec: type[BaseModel]) -> str:
    rows = (
        (f"`{entry.alias or name}`", entry.description or "", _default(entry))
        for name, entry in spec.model_fields.items()
    )
    return _table(("key", "what it is", "default"), rows)


def _default(entry: Any) -> str:
    if entry.is_required():
        return "required"
    return _written(entry.default)


def _transforms() -> Iterator[tuple[str, str]]:
    for name, transform in TRANSFORMS.items():
        yield f"`{name}`", transform.meaning


def _comparators() -> Iterator[tuple[str, str]]:
    for written, meaning in COMPARATORS.items():
        yield f"`{written}`", meaning


def _summary() -> str:
    graded = (check for check in BUILT_IN.values() if check.example is not None)
    rows = (
        (
            f"[`{check.name}`](#{check.name.replace(':', '')})",
            check.family,
            _markdown(check.meaning),
        )
        for check in graded
    )
    return _table(("check", "family", "an answer passes when"), rows)


def _anchor(check: Check) -> str:
    return check.name.replace(":", "")  # as the hosts of Markdown make them


def _family(family: Family) -> str:
    checks = [check for check in BUILT_IN.values() if check.family == family]
    if family == "judged":
        return "\n".join(["## Checks that wait for a judge\n", f"{FAMILIES[family]}\n", _judged()])
    sections = ("\n".join(_section(check)) for check in checks)
    return "\n".join([f"## Checks of {family}\n", f"{FAMILIES[family]}\n", *sections])


def _judged() -> str:
    rows = (
        (f"`{name}`", _markdown(judged.question), judged.value) for name, judged in JUDGED.items()
    )
    return _table(("check", "an answer passes when", "`value`"), rows)


def _section(check: Check) -> Iterator[str]:
    yield f"### {check.name}\n"
    yield f"{_markdown(check.meaning)}\n"
    if check.details:
        yield f"{_markdown(check.details)}\n"
    arguments = list(_arguments(check))
    if arguments:
        yield _table(("argument", "type", "meaning", "default"), arguments)
    else:
        yield "It takes no value.\n"
    if check.reads != "text":
        but = "" if check.transforms == NO_TRANSFORMS else " but `tool-calls`"
        yield f"It reads the answer's {check.reads} and takes no transform{but}.\n"
    yield f"It does not notice {check.unnoticed}.\n"
    if not check.in_promptfoo:
        yield "promptfoo has no check of this name.\n"
    yield from _example(check)


def _arguments(check: Check) -> Iterator[tuple[str, str, str, str]]:
    if check.value is not None:
        yield _argument(check.value, check.value.name)
    for option in check.options:
        yield _argument(option, f"value: {{{option.name}: ...}}")
    for argument in check.arguments:
        yield _argument(argument, argument.name)
    for setting in check.settings:
        yield _argument(setting, f"config: {{{setting.name}: ...}}")


def _argument(argument: Argument, written: str) -> tuple[str, str, str, str]:
    default = "required" if argument.default is REQUIRED else _written(argument.default)
    return f"`{written}`", argument.type.words, argument.meaning, default


def _written(default: Any) -> str:
    """A default as the user would write it; empty where it is nothing at all."""
    if isinstance(default, float | int) and not isinstance(default, bool):
        return f"`{default:g}`"
    return f"`{default}`" if default and isinstance(default, str) else ""


def _example(check: Check) -> Iterator[str]:
    example = check.example
    assert example is not None
    yield f"```yaml\nassert:\n  - {example.assertion}\n```\n"
    rows: list[tuple[str, str]] = []
    passing = example.grade_input(example.passes)
    if example.logged is not None:
        rows.append(("logged answer", _shown(passing.reference_text, passing.reference_tool_calls)))
    if example.expected is not None:
        rows.append(("label", f"`{example.expected}`"))
    for words, said in (
        ("passes", example.passes),
        ("fails", example.fails),
        ("passes, though wrong", example.unnoticed),
    ):
        rows.append((words, _answer(example.grade_input(said), check)))
    yield _table(("", "answer"), rows)


def _answer(given: GradeInput, check: Check) -> str:
    shown = _shown(given.text, given.tool_calls)
    if check.reads == "finish reason":
        return f"{shown}, finish reason `{given.finish_reason}`"
    if check.reads == "latency":
        return f"{shown}, after {given.request.latency_ms} ms"
    if check.reads == "cost":
        return f"{shown}, for ${given.request.cost_usd}"
    return shown


def _shown(text: str | None, tool_calls: Sequence[Any]) -> str:
    if text is None:
        functions = (call["function"] for call in tool_calls)
        return ", ".join(f"`{f['name']}({f['arguments']})`" for f in functions)
    line = text.replace("\n", "⏎")
    return f"`` {line} ``" if "`" in line else f"`{line}`"


def _markdown(docstring: str) -> str:
    return docstring.replace("``", "`")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    cells = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


if __name__ == "__main__":
    sys.stdout.write(criteria_page())
