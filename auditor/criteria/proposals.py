"""Criteria proposed from logged answers, where the user gave none. No model is asked.

What can be proposed is agreement with the logged answer, and form. Where agreement means little,
as for prose, nothing is proposed: the category stays unmeasured until a person gives a rule.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.criteria.answer_length import is_short, was_cut
from auditor.criteria.checks.base import CannotTellError, GradeInput, UnusableError
from auditor.criteria.checks.json_schema import schema_problem, validator_for
from auditor.criteria.checks.json_text import MISSING, first_json, parse_json
from auditor.criteria.checks.python_code import python_problem
from auditor.criteria.checks.sql import sql_problem
from auditor.criteria.checks.transforms import code_block
from auditor.criteria.comparators.numbers import is_number
from auditor.criteria.comparators.text_forms import label, plain
from auditor.criteria.grading import grade_assertion
from auditor.criteria.inference import comparable_fields, coverage, infer_schema
from auditor.criteria.model import Assertion, Criterion
from auditor.criteria.request_facts import RequestFacts
from auditor.criteria.selector import Selector
from auditor.errors import ConfigError
from auditor.text.surrogates import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MIN_EXAMPLES, MAX_EXAMPLES = 5, 200
"""Logged answers of a category that a proposal needs, and that it reads."""
SHAPE_SHARE = 0.95
"""Share of the answers that must have a shape for a rule to rest on it."""
MAX_LABELS, MAX_LABEL_WORDS = 100, 6
LABEL_COVERAGE = 0.9
"""Estimated share of the answers to come whose label has been seen."""
COPIED_SHARE = 0.9
"""Share of the answers that must occur in their request for the task to be an extraction."""
MAX_REQUEST = 100_000
"""Characters of a request in which a copied answer is looked for."""

_REFERENCE = "{{reference}}"
_AGREEMENT = (
    " {{reference}} is the logged answer: this measures agreement with the API model, which the"
    " logged answers reach by construction, and not whether either is right."
)
_FORM = " This is form only: it does not say that an answer is right, and moves nothing by itself."
_EARLY_LOOK, _EARLY_SHARE = 20, 0.8
_CODE = re.compile(r"[\w.:/@#+-]{1,30}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedExample:
    """A logged answer and what was asked; tools in OpenAI's shape."""

    text: str | None
    tool_calls: Sequence[Mapping[str, Any]] = ()
    finish_reason: str | None = None
    tools: Sequence[Mapping[str, Any]] = ()
    request: RequestFacts = field(default_factory=RequestFacts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A criterion, or None with the reason; ``kind`` is the shape that was found."""

    kind: str
    criterion: Criterion | None
    reason: str


def propose(examples: Sequence[LoggedExample], *, category: str = "*") -> Proposal:
    """Propose a criterion for a category from its logged answers (the first 200 are read).

    ``category`` becomes the criterion's selector.
    """
    usable = [e for e in examples[:MAX_EXAMPLES] if _usable(e)]
    if len(usable) < MIN_EXAMPLES:
        reason = f"only {len(usable)} logged answers with text; a rule needs {MIN_EXAMPLES}"
        return Proposal(kind="too-few", criterion=None, reason=reason)
    calling = sum(bool(e.tool_calls) for e in usable) / len(usable)
    if calling >= SHAPE_SHARE:
        return _proposal(_tool_calls(usable), category)
    if calling > 1 - SHAPE_SHARE:
        reason = "some answers are tool calls and some are text; no one rule fits both"
        return Proposal(kind="mixed", criterion=None, reason=reason)
    texts = [(e.text or "").strip() for e in usable]
    for shape in _SHAPES:
        rule = shape(usable, texts)
        if rule is not None:
            return _proposal(rule, category)
    reason = "free text: whether it is good needs a judge or a rule of yours, so none is proposed"
    return Proposal(kind="prose", criterion=None, reason=reason)


class _Rule(NamedTuple):
    """A rule that fits the answers: the shape it rests on, and what it checks in words."""

    kind: str
    assertions: tuple[Assertion, ...]
    words: str


def _proposal(rule: _Rule, category: str) -> Proposal:
    criterion = Criterion(
        assertions=rule.assertions,
        selector=Selector(category=category),
        origin="proposed",
        description=rule.words,
    )
    return Proposal(kind=rule.kind, criterion=criterion, reason=rule.words)


def _usable(example: LoggedExample) -> bool:
    there = bool((example.text or "").strip() or example.tool_calls)
    return there and not was_cut(example.text, example.finish_reason)


def _tool_calls(examples: Sequence[LoggedExample]) -> _Rule:
    content = Assertion(type="tool-calls-equal", value=_REFERENCE)
    words = "The tool calls are those of the logged answer: same tools, same arguments"
    if not all(example.tools for example in examples):
        return _Rule("tool-calls", (content,), words + "." + _AGREEMENT)
    form = Assertion(type="is-valid-openai-tools-call")
    return _Rule(
        "tool-calls", (form, content), words + ", and fit the tools' parameters." + _AGREEMENT
    )


def _json(examples: Sequence[LoggedExample], texts: Sequence[str]) -> _Rule | None:
    strict = [_or_missing(parse_json, text) for text in texts]
    values = strict
    kind = "is-json"
    if not _nearly_all(isinstance(v, dict | list) for v in strict):
        kind, values = "contains-json", [_or_missing(first_json, text) for text in texts]
    pairs = [(v, e) for v, e in zip(values, examples, strict=True) if isinstance(v, dict | list)]
    if len(pairs) < SHAPE_SHARE * len(texts):
        return None
    asked = _asked_schema([e for _, e in pairs], [v for v, _ in pairs])
    schema = asked or infer_schema([v for v, _ in pairs])
    origin = "the requests' schema" if asked else "a schema inferred from the logged answers"
    where = "is" if kind == "is-json" else "contains"
    objects = [(v, e) for v, e in pairs if isinstance(v, dict)]
    fields = comparable_fields([v for v, _ in objects], [_request(e) for _, e in objects])
    if objects and fields == []:
        words = f"The answer {where} JSON that fits {origin}." + _FORM
        return _Rule("json", (Assertion(type=kind, value=schema),), words)
    content = Assertion(
        type="json-fields", value=_REFERENCE, transform="strip-lower", fields=tuple(fields or ())
    )
    compared = f"the fields {', '.join(fields)}" if fields else "all fields"
    if asked:
        form: tuple[Assertion, ...] = (Assertion(type=kind, value=schema),)
        words = f"The answer {where} JSON that fits {origin}; {compared} equal the logged answer's."
    else:  # a schema that was guessed must not fail a logged answer with a rare key
        form = (Assertion(type=kind), Assertion(type=kind, value=schema, live_only=True))
        words = (
            f"The answer {where} JSON and {compared} equal the logged answer's; live, it is held"
            f" against {origin}."
        )
    return _Rule("json", (*form, content), words + _AGREEMENT)


def _xml(examples: Sequence[LoggedExample], texts: Sequence[str]) -> _Rule | None:  # noqa: ARG001
    if not _nearly_all(code_block(text).startswith("<") for text in texts):
        return None
    for kind in ("is-xml", "contains-xml"):
        form = Assertion(type=kind)
        if _nearly_all(bool(grade_assertion(form, GradeInput(text=t)).passed) for t in texts):
            roots = {_root(text) for text in texts}
            root = roots.pop() if len(roots) == 1 else None
            options = {"requiredElements": [root]} if root else None
            named = f" with the root element {root}" if root else ""
            words = f"The answer is well-formed XML{named}." + _FORM
            return _Rule("xml", (Assertion(type=kind, value=options),), words)
    return None


def _labels(examples: Sequence[LoggedExample], texts: Sequence[str]) -> _Rule | None:  # noqa: ARG001
    labels = Counter(label(text) for text in texts if is_short(text) and "\n" not in text)
    labels = Counter({k: n for k, n in labels.items() if k and len(k.split()) <= MAX_LABEL_WORDS})
    few = len(labels) <= min(MAX_LABELS, len(texts) // 2)
    if labels.total() < SHAPE_SHARE * len(texts) or coverage(labels) < LABEL_COVERAGE or not few:
        return None
    names = "|".join(re.escape(without_surrogates(name)) for name in sorted(labels))
    live = Assertion(type="regex", value=f"^(?:{names})$", transform="label", live_only=True)
    content = Assertion(type="equals", value=_REFERENCE, transform="label")
    words = (
        "The answer is the label of the logged answer, up to letter case and punctuation around"
        f" it; live, it is one of the {len(labels)} labels seen."
    )
    return _Rule("label", (live, content), words + _AGREEMENT)


def _numbers(examples: Sequence[LoggedExample], texts: Sequence[str]) -> _Rule | None:  # noqa: ARG001
    if not _nearly_all(is_number(text) for text in texts):
        return None
    shape = Assertion(type="regex", value=r"\d", metric="has a number")
    content = Assertion(type="similar-number", value=_REFERENCE)
    words = "The answer has a number, and it is that of the logged answer." + _AGREEMENT
    return _Rule("number", (shape, content), words)


def _sql(examples: Sequence[LoggedExample], texts: Sequence[str]) -> _Rule | None:  # noqa: ARG001
    for kind, seen in (("is-sql", texts), ("contains-sql", [code_block(t) for t in texts])):
        if _nearly_all(_parses(sql_problem, text) for text in seen):
            words = (
                "The answer is SQL, and the logged statement up to letter case, space, quoting and"
                " aliases. Statements that mean the same and are written otherwise count as"
                " different, so the true agreement is higher." + _AGREEMENT
            )
            content = Assertion(type="sql-equals", value=_REFERENCE)
            return _Rule("sql", (Assertion(type=kind), content), words)
    return None


def _python(examples: Sequence[LoggedExample], texts: Sequence[str]) -> _Rule | None:  # noqa: ARG001
    if not _nearly_all(_parses(python_problem, code_block(text)) for text in texts):
        return None
    words = "The answer, or its first code block, parses as Python; nothing is run." + _FORM
    return _Rule("python", (Assertion(type="is-python", transform="code-block"),), words)


def _extraction(examples: Sequence[LoggedExample], texts: Sequence[str]) -> _Rule | None:
    copied = [
        "\n" not in text and label(text) in plain(_request(example)).casefold()
        for example, text in zip(examples, texts, strict=True)
    ]
    codes = [_CODE.fullmatch(text) is not None for text in texts]
    if max(sum(copied), sum(codes)) < COPIED_SHARE * len(texts):
        return None
    content = Assertion(type="equals", value=_REFERENCE, transform="label")
    words = (
        "The answer is the logged answer up to letter case and punctuation around it: nearly all"
        " logged answers are copied from their request, or are single codes or dates."
    )
    return _Rule("extraction", (content,), words + _AGREEMENT)


_SHAPES: tuple[Callable[[Sequence[LoggedExample], Sequence[str]], _Rule | None], ...] = (
    _json,
    _xml,
    _labels,
    _numbers,
    _sql,
    _python,
    _extraction,
)


def _nearly_all(hits: Iterable[bool]) -> bool:
    """Whether nearly all hold; false early, once a fifth of the first twenty or more do not."""
    seen = held = 0
    for hit in hits:
        seen += 1
        held += hit
        if seen >= _EARLY_LOOK and held < _EARLY_SHARE * seen:
            return False
    return seen > 0 and held >= SHAPE_SHARE * seen


def _request(example: LoggedExample) -> str:
    return example.request.prompt[:MAX_REQUEST]


def _or_missing(read: Callable[[str], Any], text: str) -> Any:
    try:
        return read(text)
    except UnusableError:
        return MISSING


def _parses(problem: Callable[[str], str | None], text: str) -> bool:
    try:
        return problem(text) is None
    except UnusableError:
        return False


def _root(text: str) -> str | None:
    found = re.search(r"<([A-Za-z_][\w.:-]{0,60})", text[:100_000])
    return found[1] if found else None


def _asked_schema(examples: Sequence[LoggedExample], values: Sequence[Any]) -> Any:
    """The one JSON schema that all requests asked for and their answers fit, or None."""
    schemas = [_schema_of(example.request.params.get("response_format")) for example in examples]
    if not schemas or not isinstance(schemas[0], dict) or any(s != schemas[0] for s in schemas):
        return None
    try:
        validator_for(json.dumps(schemas[0], sort_keys=True))
        fits = _nearly_all(schema_problem(schemas[0], value) is None for value in values)
    except (CannotTellError, ConfigError, ValueError):
        return None
    return schemas[0] if fits else None


def _schema_of(response_format: Any) -> Any:
    """The schema inside a request's ``response_format``, where it is of OpenAI's shape."""
    inner = response_format.get("json_schema") if isinstance(response_format, Mapping) else None
    return inner.get("schema") if isinstance(inner, Mapping) else None
