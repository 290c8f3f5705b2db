"""What a planted wrong answer is made from, and what it is."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any, Literal, NamedTuple

from auditor.criteria.answer_length import is_short
from auditor.criteria.checks.base import UnusableError
from auditor.criteria.checks.python_code import python_problem
from auditor.criteria.checks.tool_calls import call_parts
from auditor.criteria.comparators.numbers import is_number
from auditor.criteria.comparators.text_forms import label
from auditor.criteria.mutations.documents import leaves_of
from auditor.criteria.mutations.spans import Span, block_span, json_span
from auditor.domain import Answer
from auditor.text import final_answer

Shape = Literal["calls", "json", "xml", "sql", "code", "pairs", "number", "short", "prose"]
"""What an answer is, as far as the planting of errors is concerned."""

_SQL = re.compile(r"(?is)\s*(?:with\s+\w+|select|insert\s+into|update|delete\s+from)\s")
_TAG = re.compile(r"\s*<[A-Za-z?!]")
_PAIR = re.compile(r"(?m)^[ \t]*[-*]?[ \t]*\**[A-Za-z][\w /()-]{0,40}?\**[ \t]*:\**[ \t]+\S")
_STATEMENT = re.compile(
    r"(?m)^\s*(?:def |class |import |from \w+ import |return\b|for .+:$|while .+:$|if .+:$|\w+ = )"
)
_MAX_TEXT = 100_000
"""Characters of an answer that is still mutated."""


@dataclass(frozen=True, kw_only=True)
class Logged:
    """A logged answer as the planting sees it; tools in OpenAI's shape.

    ``request`` is what was asked: answers to the same request are no errors of one another.
    """

    text: str
    tool_calls: Sequence[Mapping[str, Any]] = ()
    tools: Sequence[Mapping[str, Any]] = ()
    request: str = ""
    finish_reason: str | None = None

    @classmethod
    def of(
        cls,
        text: str | None,
        *,
        tool_calls: Sequence[Mapping[str, Any]] = (),
        tools: Sequence[Mapping[str, Any]] = (),
        request: str = "",
        finish_reason: str | None = None,
    ) -> Logged:
        """The answer without the reasoning before it, which no check looks at."""
        said = final_answer.part(text).answer if text else ""
        return cls(
            text=(said or "")[:_MAX_TEXT],
            tool_calls=tool_calls,
            tools=tools,
            request=request,
            finish_reason=finish_reason,
        )

    @cached_property
    def json(self) -> Span | None:
        """The JSON object or list in the text: where it stands, and its value."""
        return json_span(self.text)

    @cached_property
    def block(self) -> Span:
        """The inside of the first fenced block, else the whole text."""
        return block_span(self.text)

    @cached_property
    def calls(self) -> list[tuple[str, Any]]:
        """Name and arguments of each tool call."""
        return [call_parts(call) for call in self.tool_calls]

    @cached_property
    def shape(self) -> Shape:
        """What the answer is."""
        if self.tool_calls:
            return "calls"
        if self.json is not None:
            return "json"
        found = (shape for shape, is_such in _SHAPES.items() if is_such(self))
        return next(found, "prose")

    def saying(self, text: str) -> Answer:
        """An answer of text in the place of this one."""
        return Answer(text=text, finish_reason=self.finish_reason)

    def calling(self, calls: Sequence[tuple[str, Any]]) -> Answer:
        """An answer of tool calls in the place of this one."""
        from auditor.domain import canonical_json

        return Answer(
            text=self.text or None,
            finish_reason=self.finish_reason,
            tool_calls=[
                {
                    "id": f"call_{n}",
                    "type": "function",
                    "function": {
                        "name": name,
                        "arguments": given if isinstance(given, str) else canonical_json(given),
                    },
                }
                for n, (name, given) in enumerate(calls)
            ],
        )


def _is_python(text: str) -> bool:
    if "\n" not in text.strip() or not _STATEMENT.search(text):
        return False
    try:
        return python_problem(text) is None
    except UnusableError:
        return False


def _is_pairs(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip()]
    return 2 * len(_PAIR.findall(text)) > len(lines) > 1


_SHAPES: Mapping[Shape, Callable[[Logged], object]] = {
    "sql": lambda answer: _SQL.match(answer.block.value),
    "xml": lambda answer: _TAG.match(answer.block.value),
    "number": lambda answer: is_number(answer.text),
    "short": lambda answer: is_short(answer.text) and "\n" not in answer.text.strip(),
    "code": lambda answer: (
        answer.block.value != answer.text.strip() or _is_python(answer.block.value)
    ),
    "pairs": lambda answer: _is_pairs(answer.text),
}
"""How the shapes of text are told, the first that fits; JSON and tool calls come before."""


@dataclass(frozen=True, kw_only=True)
class Pool:
    """The logged answers of a category: what an error in one of them can be taken from."""

    answers: Sequence[Logged]

    @cached_property
    def labels(self) -> dict[str, str]:
        """Short answers that come more than once, as compared; each with how it is written."""
        written: dict[str, str] = {}
        seen: Counter[str] = Counter()
        for answer in self.answers:
            if answer.shape == "short":
                seen[label(answer.text)] += 1
                written.setdefault(label(answer.text), answer.text.strip())
        return {name: written[name] for name, times in seen.items() if times > 1}

    @cached_property
    def said(self) -> frozenset[str]:
        """Every answer, as labels are compared."""
        return frozenset(label(answer.text) for answer in self.answers)

    @cached_property
    def fields(self) -> dict[tuple[str, ...], list[Any]]:
        """Values of the answers' JSON by path, each once; places in lists are ``*``."""
        return _values_by_path(
            ((), answer.json.value) for answer in self.answers if answer.json is not None
        )

    @cached_property
    def arguments(self) -> dict[tuple[str, ...], list[Any]]:
        """Values of the tool calls' arguments by tool and path."""
        return _values_by_path(
            ((name,), given) for answer in self.answers for name, given in answer.calls
        )

    @cached_property
    def tools(self) -> list[str]:
        """Names of the tools that the requests offer or the answers call."""
        offered = (
            str((tool.get("function") or tool).get("name"))
            for answer in self.answers
            for tool in answer.tools
        )
        called = (name for answer in self.answers for name, _ in answer.calls)
        return sorted({*offered, *called})

    @cached_property
    def pairs(self) -> dict[str, list[str]]:
        """Values of ``Key: value`` lines by key, each once."""
        from auditor.criteria.mutations.texts import pairs_in

        found: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for answer in self.answers:
            if answer.shape == "pairs":
                for key, value, _ in pairs_in(answer.text):
                    found[key][value] = None
        return {key: list(values) for key, values in found.items()}

    @cached_property
    def elements(self) -> dict[str, list[str]]:
        """Texts of the innermost XML elements by tag, each once."""
        from auditor.criteria.mutations.texts import elements_in

        found: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for answer in self.answers:
            if answer.shape == "xml":
                for tag, value, _ in elements_in(answer.text):
                    found[tag][value] = None
        return {tag: list(values) for tag, values in found.items()}


def _values_by_path(found: Any) -> dict[tuple[str, ...], list[Any]]:
    values: defaultdict[tuple[str, ...], list[Any]] = defaultdict(list)
    for before, value in found:
        for path, leaf in leaves_of(value):
            known = values[(*before, *path)]
            if leaf not in known:
                known.append(leaf)
    return values


class Mutant(NamedTuple):
    """A wrong answer, and what is wrong with it in a few words."""

    answer: Answer
    detail: str


Maker = Callable[[Logged, Pool, Random], "Mutant | None"]
"""Makes a wrong answer of a logged one; None where it cannot tell that it would be wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A kind of wrong answer.

    Attributes:
        kind: its name, as it is stored.
        words: what the wrong answer has, in words.
        content: the form stays right, and only what is said is wrong. A criterion that notices
            none of these judges form.
        makers: how it is made, by the shape of the logged answer.
    """

    kind: str
    words: str
    content: bool
    makers: Mapping[Shape, Maker]


class Planted(NamedTuple):
    """A planted wrong answer: its kind, the number of the logged answer, what is wrong with it."""

    mutation: Mutation
    number: int
    answer: Answer
    detail: str


__all__ = ["Logged", "Maker", "Mutant", "Mutation", "Planted", "Pool", "Shape"]
