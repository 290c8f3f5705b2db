"""The check of a label that may stand in a sentence."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.criteria.checks.base import (
    CannotTellError,
    CheckInput,
    UnusableError,
    failed,
    outcome,
    passed,
    quoted,
)
from auditor.criteria.checks.json_text import first_json
from auditor.criteria.checks.patterns import compile_pattern
from auditor.criteria.checks.record import ANY, LABELS, Argument, Example, check
from auditor.criteria.checks.transforms import as_text, transformed
from auditor.criteria.comparators.text_forms import INTRODUCTION, label_key, labelled, plain, spaced
from auditor.errors import ConfigError
from auditor.text.surrogates import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.criteria.model import Assertion
    from auditor.domain import Grade

_MAX_TEXT = 20_000
"""Characters of an answer in which a label is still looked for."""
_MAX_INTRODUCED, _MAX_LINE = 20, 500
"""Introductions that are looked at, the last ones, and characters behind each."""
_PARTS = re.compile(r"[,;|\n]|\s(?:and|und|et|y|e|en|&)\s")
_CELL = re.compile(r"[|\t;\n(]|\s[-\u2013\u2014]\s")
"""What ends a label that stands before its reason."""
_NEGATIONS = re.compile(
    r"\b(?:not|no|never|neither|nor|without|cannot|unlike|instead of|rather than|nicht|kein\w*"
    r"|weder|noch|ohne|pas|sans|non|sin|nem)\b|n't\b|[\u4e0d\u975e\u6ca1\u6c92\u7121\u65e0]"
)
_NEGATED_BEHIND = re.compile(
    r"[\s*\"'`]{0,3}[=:?]\s{0,3}(?:no|false|0)\b|"
    r"\W{0,3}(?:\u3067\u306f|\u3058\u3083)(?:\u306a|\u3042\u308a\u307e\u305b\u3093)|\W{0,3}[\uc774\uac00]?\s?\uc544[\ub2c8\ub2d8]"
)
"""``spam: no``, and Japanese and Korean, which turn a word around behind it."""
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Letters of scripts that set no space between words, or none before what belongs to a word."""
_CLAUSE = re.compile(r"[.;:!?\n]|,\s|\bbut\b|\baber\b|\bmais\b|\bpero\b")
_SPACE = re.compile(r"\s+")
_LETTER = r"[^\W_]"
_NEAR = 30
"""Characters before a label in which a negation turns it around."""


class LabelSet(NamedTuple):
    """Known labels: the canonical one by each of its forms, and the patterns that find the forms.

    Most texts name no label at all, and ``anywhere`` (RE2) says so in little time.
    """

    names: Mapping[str, str]
    pattern: re.Pattern[str] | None
    anywhere: Any = None

    def read(self, text: str) -> frozenset[str]:
        """The labels that an answer gives.

        Raises:
            UnusableError: it gives none, or it is not clear which; says why.
        """
        if self.pattern is None:
            return frozenset({label_key(text)})
        if len(text) > _MAX_TEXT:
            raise UnusableError(f"longer than {_MAX_TEXT:,} characters")
        whole = self._listed(text) or self._in_object(text)
        if whole:
            return whole
        first = self._listed(_CELL.split(text.strip(), maxsplit=1)[0])
        if len(first) == 1:  # "URGENT | not routine, she bleeds": the reason names what it likes
            return first
        introduced = set(self._introduced(text))
        if len(introduced) == 1:
            return introduced.pop()
        return self._named(text)

    def _listed(self, text: str) -> frozenset[str]:
        """The label or labels that the text is, and nothing else."""
        key = label_key(text)
        if key in self.names:
            return frozenset({self.names[key]})
        parts = [label_key(part) for part in _list_in(text)]
        known = [self.names.get(part) for part in parts if part]
        return frozenset(known) if known and None not in known else frozenset()  # type: ignore[arg-type]

    def _in_object(self, text: str) -> frozenset[str]:
        """The labels that an object gives under a key such as ``label``, whatever else it says."""
        given = labelled(first_json(text)) if "{" in text else []
        known = [self.names.get(label_key(item)) for item in given]
        return frozenset(known) if known and None not in known else frozenset()  # type: ignore[arg-type]

    def _introduced(self, text: str) -> Iterator[frozenset[str]]:
        """What stands behind each ``Label:`` or ``The category is``, where it is a label."""
        said = plain(text)
        for found in list(INTRODUCTION.finditer(said))[-_MAX_INTRODUCED:]:
            rest = said[found.end() : found.end() + _MAX_LINE].lstrip()
            line = rest.split("\n", 1)[0]
            for end in (line, re.split(r"[.;(]|\s[-]\s", line, maxsplit=1)[0]):
                given = self._listed(end)
                if given:
                    yield given
                    break

    def _named(self, text: str) -> frozenset[str]:
        """The one label that the text names."""
        assert self.pattern is not None
        said = plain(text).casefold()
        there = self.anywhere.search(without_surrogates(said)) is not None
        found = list(self.pattern.finditer(said)) if there else []
        names = {self.names[_SPACE.sub(" ", spaced(match[0]))] for match in found}
        if len(names) != 1:
            shown = ", ".join(quoted(name) for name in sorted(names)[:3])
            raise UnusableError(
                f"names {len(names)} labels: {shown}" if names else "names no label"
            )
        for match in found:
            before = said[max(0, match.start() - _NEAR) : match.start()]
            negated = _NEGATIONS.search(_CLAUSE.split(before)[-1])
            if negated or _NEGATED_BEHIND.match(said, match.end()):
                raise UnusableError(f"may say that it is not {quoted(names.pop())}")
        return frozenset(names)


def _compile(assertion: Assertion) -> None:
    label_set(assertion.labels)


@check(
    "label",
    family="content",
    equality=True,
    value=Argument(
        "value",
        ANY,
        "the label that is wanted, or a list of them; without it, any one will do",
        None,
    ),
    arguments=(
        Argument("labels", LABELS, "the labels there are, or each with its synonyms", None),
    ),
    prepare=_compile,
    in_promptfoo=False,
    unnoticed="what is said of the label, but for a `not` just before it",
    example=Example(
        assertion=(
            '{type: label, value: "{{reference}}", labels: {refund: [money back], delivery: []}}'
        ),
        logged="refund",
        passes="The customer asks for their money back.",
        fails="It is a delivery problem, not a refund.",
        unnoticed="I doubt that it is a refund.",
    ),
)
def label(given: CheckInput) -> Grade:
    """The answer gives the wanted label, alone, behind ``Label:``, or inside a sentence.

    Letter case, punctuation around a label, and hyphens or underscores between its words do not
    count. An answer that is longer than a label is read only where ``labels`` says which there
    are: the label before a bar, a line break or a dash, the one introduced by ``Label:``,
    ``Answer:``, ``The category is`` and the like, else the only one that is named. An answer that
    names two labels fails, and so does one that has a ``not`` just before its label, unless that
    is a label too. Several wanted labels (a list, or a text of known labels with commas) are a
    set: their order is free.
    """
    known = label_set(given.arguments["labels"])
    wanted = _wanted(given, known)
    try:
        got = known.read(given.text)
        short = len(given.text) <= _MAX_TEXT
        if not known.names and wanted is not None and _is_list(given.value) and short:
            got = frozenset(label_key(part) for part in _list_in(given.text)) or got
    except UnusableError as reason:
        return failed(str(reason))
    if wanted is None:
        return passed(f"names {_shown(got)}") if len(got) == 1 else failed(f"names {_shown(got)}")
    return outcome(got == wanted, f"got {_shown(got)}, wanted {_shown(wanted)}")


def _wanted(given: CheckInput, known: LabelSet) -> frozenset[str] | None:
    """The labels to agree with; None where any one will do.

    Raises:
        CannotTellError: what to compare with is not one of the labels.
    """
    value = given.value
    if value is None:
        return None
    transform = given.assertion.transform
    if _is_list(value):
        keys = frozenset(label_key(transformed(as_text(item), transform)) for item in value)
        wanted = frozenset(known.names.get(key, key) for key in keys)
        stray = None if not known.names else next((k for k in keys if k not in known.names), None)
    else:
        text = transformed(as_text(value), transform)
        try:
            wanted, stray = known.read(text), None
        except UnusableError:
            wanted, stray = frozenset(), text
    if stray is not None:
        raise CannotTellError(f"what to compare with is none of the labels: {quoted(stray)}")
    return wanted


def label_set(labels: Any) -> LabelSet:
    """The labels of an assertion, made ready to be looked for.

    Raises:
        ConfigError: a text stands for two labels.
    """
    if labels is None:
        return _NO_LABELS
    if isinstance(labels, Mapping):
        return _label_set(tuple((name, _synonyms(others)) for name, others in labels.items()))
    return _label_set(tuple(labels))


@functools.lru_cache(maxsize=256)
def _label_set(labels: tuple[str | tuple[str, tuple[str, ...]], ...]) -> LabelSet:
    names: dict[str, str] = {}
    for label in labels:
        name, synonyms = (label, ()) if isinstance(label, str) else label
        for written in (name, *synonyms):
            key = label_key(written)
            if not key or names.setdefault(key, name) != name:
                raise ConfigError(f"the label {quoted(written)} stands for two labels, or for none")
    # the longest first, so that "not spam" is found before "spam"
    keys = sorted(names, key=lambda key: (-len(key), key))
    anywhere = compile_pattern("|".join(map(_words, keys)))
    return LabelSet(names, re.compile("|".join(map(_form, keys))), anywhere)


def _form(key: str) -> str:
    """A pattern of a label in a text; letters beside it would make another word of it."""
    # "non-spam" and "spam-free" do not name "spam"
    before = "" if _UNSPACED.match(key) else rf"(?<!{_LETTER})(?<!{_LETTER}[-_])"
    behind = "" if _UNSPACED.match(key[-1]) else rf"(?![-_]?{_LETTER})"
    return before + _words(key) + behind


def _words(key: str) -> str:
    """A pattern of a label's words, with anything between them that may join them."""
    return r"[-_\s]+".join(map(re.escape, key.split(" ")))


_NO_LABELS = LabelSet({}, None)


def _synonyms(others: Any) -> tuple[str, ...]:
    if others is None:
        return ()
    return (others,) if isinstance(others, str) else tuple(str(other) for other in others)


def _list_in(text: str) -> list[str]:
    """The parts of a text that is a list: JSON's, or with commas or line breaks between."""
    inner = text.strip()
    if inner.startswith("["):
        try:
            value = json.loads(inner)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, list):
            return [as_text(item) for item in value]
    introduced = INTRODUCTION.match(inner)
    return _PARTS.split(inner[introduced.end() :] if introduced else inner)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _shown(names: frozenset[str]) -> str:
    return ", ".join(quoted(name) for name in sorted(names)[:5])
