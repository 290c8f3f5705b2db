"""The record of a check: all that is known of it, declared above its function.

The reader of ``criteria.yaml``, the grading and the reference page take what they need from it,
so that a check is described in one place.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple

from auditor.criteria.checks.base import CheckInput, GradeInput, ToolCall
from auditor.criteria.checks.transforms import TEXT_TRANSFORMS, as_text, transformed
from auditor.criteria.model import Assertion
from auditor.domain import Answer, Grade

Family = Literal["content", "similarity", "format", "judged"]
Part = Literal["text", "tool calls", "finish reason", "latency", "cost"]

FAMILIES: Mapping[Family, str] = {
    "content": (
        "Is it the right answer? These compare with the logged answer, your label or a value you"
        " write, and equal is equal."
    ),
    "similarity": (
        "Is it close to the right answer? A threshold decides, and a wrong answer can be close."
        " ROUGE, BLEU, GLEU, METEOR and chrF need `pip install 'auditor[text-metrics]'`."
    ),
    "format": (
        "Has the answer the right form? These need nothing to compare with, so they can check"
        " answers in production; alone they move no spend."
    ),
    "judged": (
        "Only a model or a person can say. These are read and kept, and wait for a judge: until one"
        " is asked, they are neither pass nor fail, and what else a criterion demands decides where"
        " it can."
    ),
}
"""What the checks of a family ask, in the order of the reference page."""

REQUIRED: Any = object()
"""Stands where an argument without a default has its default."""


class ArgumentType(NamedTuple):
    """A type of argument: how a sentence names it, and which YAML values are of it."""

    words: str
    accepts: Callable[[Any], bool]


ANY = ArgumentType("any value", lambda _: True)
LIST = ArgumentType("a list, or text that is cut at its commas", lambda _: True)
CALLS = ArgumentType("a list of tool calls, or JSON text of one", lambda _: True)
DEFINITIONS = ArgumentType("a list of tool definitions", lambda _: True)
SCHEMA = ArgumentType("a JSON Schema", lambda _: True)
TEXT = ArgumentType("a text", lambda value: isinstance(value, str))
TEXTS = ArgumentType(
    "a list of texts",
    lambda value: isinstance(value, list | tuple) and all(isinstance(v, str) for v in value),
)
LABELS = ArgumentType("a list of texts, or a mapping of texts to lists of texts", lambda _: True)
FIELDS = ArgumentType("a list of fields, or a mapping of fields to comparators", lambda _: True)
REFERENCES = ArgumentType(
    "a text, or a list of texts",
    lambda value: isinstance(value, str) or (bool(value) and TEXTS.accepts(value)),
)
FLAG = ArgumentType("true or false", lambda value: isinstance(value, bool))
NUMBER = ArgumentType("a number", lambda value: type(value) in {int, float})
COUNT = ArgumentType("a whole number", lambda value: type(value) is int)
# Code is a text as the user writes it, and a mapping with its digest as a database keeps it.
CODE = ArgumentType("Python", lambda value: isinstance(value, str | dict))
PATTERN = ArgumentType("a pattern as text", lambda value: isinstance(value, str))


@dataclass(frozen=True, slots=True)
class Argument:
    """Something a check is given, by the name it has in ``criteria.yaml``."""

    name: str
    type: ArgumentType
    meaning: str
    default: Any = REQUIRED


ABSOLUTE_TOLERANCE = Argument(
    "absolute_tolerance", NUMBER, "absolute difference at which numbers are equal", 0.0
)
TOLERANCE = Argument("tolerance", NUMBER, "relative difference at which numbers are equal", 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An assertion in YAML, with an answer that passes it and one that fails.

    ``unnoticed`` is an answer that a person would reject and the check passes all the same.
    ``logged`` is the logged answer, ``expected`` the user's label, ``tools`` the request's.
    """

    assertion: str
    passes: str | Answer | GradeInput
    fails: str | Answer | GradeInput
    unnoticed: str | Answer | GradeInput
    logged: str | Answer | None = None
    expected: Any = None
    tools: Sequence[ToolCall] = ()

    def grade_input(self, said: str | Answer | GradeInput) -> GradeInput:
        """What is graded where ``said`` is the answer."""
        if isinstance(said, GradeInput):
            return said
        answer, logged = _answer(said), _answer(self.logged)
        return GradeInput(
            text=answer.text,
            tool_calls=answer.tool_calls,
            finish_reason=answer.finish_reason,
            reference_text=logged.text,
            reference_tool_calls=logged.tool_calls,
            expected=self.expected,
            tools=self.tools,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check: the function, and all that is known of it.

    Attributes:
        name: the assertion's ``type``; ``not-`` before it turns the check around.
        function: grades one answer; its docstring is what the reference page says of it.
        family: what kind of question it answers.
        value: what ``value`` is; None where the check takes none, or a mapping of options only.
        options: the keys of ``value`` where it is a mapping.
        arguments: the keys beside ``value`` that it reads, of ``ARGUMENT_KEYS``.
        settings: the keys of ``config`` that it reads.
        reads: the part of an answer that it looks at, and of the logged answer that
            ``{{reference}}`` stands for.
        transforms: the transforms it takes.
        unnoticed: the wrong answers that it passes, in words.
        example: one assertion with answers, run by the test suite; None where nothing here grades.
        equality: whether a pass says that the answer is what it is compared with, and not only
            that it is near it, contains it or is partly the same.
        in_promptfoo: whether promptfoo has it, with the same meaning.
        in_inspect: inspect_ai's scorer of the same meaning, as it is written there.
        prepare: raises ConfigError for an assertion that could never be used, before any answer
            is graded.
    """

    name: str
    function: Callable[[CheckInput], Grade]
    family: Family
    value: Argument | None = None
    options: tuple[Argument, ...] = ()
    arguments: tuple[Argument, ...] = ()
    settings: tuple[Argument, ...] = ()
    reads: Part = "text"
    transforms: frozenset[str] = TEXT_TRANSFORMS
    unnoticed: str
    example: Example | None
    equality: bool = False
    in_promptfoo: bool = True
    in_inspect: str = ""
    prepare: Callable[[Assertion], object] | None = None

    def __call__(self, given: CheckInput) -> Grade:
        """Grade one answer.

        Raises:
            CannotTellError: the call lacks what the check compares with.
            UnusableError: the answer is beyond what the check reads.
        """
        return self.function(given)

    @property
    def meaning(self) -> str:
        """What an answer must be to pass, in a sentence."""
        return self._documentation[0]

    @property
    def details(self) -> str:
        """What else a user should know, in paragraphs; empty where that is all."""
        return "\n\n".join(self._documentation[1:])

    @property
    def takes_pattern(self) -> bool:
        """Whether the value is a regular expression."""
        return self.value is not None and self.value.type is PATTERN

    @property
    def needs_value(self) -> bool:
        """Whether an assertion without a value is an error."""
        return self.value is not None and self.value.default is REQUIRED

    def arguments_of(self, assertion: Assertion, value: Any) -> dict[str, Any]:
        """Every declared argument and option, as given or by its default.

        ``value`` is the assertion's value with its variables filled in.
        """
        given = {name: getattr(assertion, name) for name in given_arguments(assertion)}
        if self.options and isinstance(value, Mapping):
            given |= {key: item for key, item in value.items() if item is not None}
        given |= {key: item for key, item in (assertion.config or {}).items() if item is not None}
        declared = (*self.arguments, *self.options, *self.settings)
        return {entry.name: given.get(entry.name, entry.default) for entry in declared}

    @property
    def _documentation(self) -> list[str]:
        paragraphs = (inspect.getdoc(self.function) or "").split("\n\n")
        return [" ".join(paragraph.split()) for paragraph in paragraphs]


def references(given: CheckInput) -> list[str]:
    """The texts to compare with, transformed as the answer is."""
    values = given.value if isinstance(given.value, list | tuple) else [given.value]
    return [transformed(as_text(value), given.assertion.transform) for value in values]


ARGUMENT_KEYS = frozenset(
    {"threshold", "tolerance", "absolute_tolerance", "fields", "labels", "alternatives"}
)
"""The keys of an assertion beside ``value`` whose meaning is the check's."""
_UNSET = {entry.name: entry.default for entry in fields(Assertion) if entry.name in ARGUMENT_KEYS}


def given_arguments(assertion: Assertion) -> list[str]:
    """Names of the arguments beside ``value`` that the user gave."""
    return [name for name, unset in _UNSET.items() if getattr(assertion, name) != unset]


def check(
    name: str,
    *,
    family: Family,
    unnoticed: str,
    example: Example,
    value: Argument | None = None,
    options: tuple[Argument, ...] = (),
    arguments: tuple[Argument, ...] = (),
    settings: tuple[Argument, ...] = (),
    reads: Part = "text",
    transforms: frozenset[str] = TEXT_TRANSFORMS,
    equality: bool = False,
    in_promptfoo: bool = True,
    in_inspect: str = "",
    prepare: Callable[[Assertion], object] | None = None,
) -> Callable[[Callable[[CheckInput], Grade]], Check]:
    """Make the function below it the check ``name``; see the attributes of ``Check``."""

    def declare(function: Callable[[CheckInput], Grade]) -> Check:
        return Check(
            name=name,
            function=function,
            family=family,
            value=value,
            options=options,
            arguments=arguments,
            settings=settings,
            reads=reads,
            transforms=transforms,
            unnoticed=unnoticed,
            example=example,
            equality=equality,
            in_promptfoo=in_promptfoo,
            in_inspect=in_inspect,
            prepare=prepare,
        )

    return declare


def _answer(said: str | Answer | None) -> Answer:
    return said if isinstance(said, Answer) else Answer(text=said)
