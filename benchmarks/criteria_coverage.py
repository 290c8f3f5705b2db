"""Which share of spend has a criterion on content, and does that criterion hold?

    python benchmarks/criteria_coverage.py LOG... [--categories]

Each LOG has its truth beside it, NAME.truth.jsonl for NAME.jsonl: one object per call with the `id`
of the log line or of the response, and where known a `gold` answer and a `grader`. A folder stands
for all logs in it; with `--categories` every category has its line. Every log goes the whole way:
ingested, categorized, a criterion proposed for every category.

Three questions are asked of each proposal: do the logged answers pass that the truth says are
right; do the other right answers pass that the truth gives, and the same answers written another
way (a fence, the order of keys, capitals of a label); do planted errors fail. A call counts as
covered by content only where its category's criterion fails at least 90 % of the planted errors and
accepts at least 95 % of the right answers.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.categories import stage as categorize
from auditor.criteria.answer_kinds import kinds_of
from auditor.criteria.answer_length import was_cut
from auditor.criteria.category_samples import category_samples
from auditor.criteria.checks.base import GradeInput
from auditor.criteria.checks.json_text import MISSING, first_json
from auditor.criteria.checks.refusal import is_refusal
from auditor.criteria.comparators.fields import Comparison
from auditor.criteria.comparators.numbers import number_in
from auditor.criteria.comparators.shapes import ANYTHING, Shape, shape_of
from auditor.criteria.grading import grade, grade_assertion
from auditor.criteria.model import Assertion
from auditor.criteria.mutations import Logged, plant
from auditor.criteria.proposals import MAX_EXAMPLES, LoggedExample, Proposal, basis, propose
from auditor.criteria.request_facts import request_facts
from auditor.ingest import stage as ingest
from auditor.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from auditor.criteria.model import Criterion

CAUGHT, ACCEPTED, RIGHT_PASS = 0.90, 0.95, 0.98
CALLS = 400
"""Calls of a category that are measured."""
CONTENT = ("reference-free", "equivalence", "similarity")

_CALLS = """
SELECT c.call_id, c.log_id, c.provider_response_id, c.cost_usd, c.model, c.project, c.tags,
       c.content_state, c.finish_reason, o.system_text, o.messages, o.tools, o.params,
       o.response_text, o.tool_calls
FROM call_categories k JOIN calls c USING (call_id) LEFT JOIN contents o USING (call_id)
WHERE k.category_id = ? ORDER BY md5(c.call_id), c.call_id
"""


@dataclass(kw_only=True)
class Measured:
    """A category: its proposal, its dollars by what a grade of them rests on, and three tallies."""

    name: str
    proposal: Proposal
    dollars: Counter[str] = field(default_factory=Counter)
    right: Counter[bool | None] = field(default_factory=Counter)
    others: Counter[bool | None] = field(default_factory=Counter)
    planted: Counter[bool | None] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)

    @property
    def caught(self) -> float | None:
        """Share of the planted errors that fail, of all."""
        return _share(self.planted, passing=False)

    @property
    def accepted(self) -> float | None:
        """Share of the right answers written another way that pass."""
        return _share(self.others, passing=True)

    @property
    def holds(self) -> bool:
        """Whether the criterion is good enough for its dollars to count."""
        caught, accepted = self.caught, self.accepted
        return (caught or 0.0) >= CAUGHT and (accepted is None or accepted >= ACCEPTED)


def _share(tally: Counter[bool | None], *, passing: bool) -> float | None:
    return tally[passing] / tally.total() if tally.total() else None


def main() -> int:
    """Print a line a log; exit 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("logs", nargs="+", type=Path)
    parser.add_argument("--categories", action="store_true", help="a line for each category")
    parser.add_argument("--labels", action="store_true", help="the truth as the user's labels")
    parser.add_argument("--missed", action="store_true", help="what was missed or refused, too")
    given = parser.parse_args()
    print(
        f"{'log':24} {'spend':>8} {'content':>8} {'(ref-free':>9} {'equal':>6} {'similar)':>8}"
        f" {'weak':>6} {'form':>6} {'judge':>6} {'none':>6} | {'right pass':>10}"
        f" {'alternatives':>12} {'caught':>7}"
    )
    for log in _logs(given.logs):
        _print_log(log, given)
    return 0


def _logs(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        inside = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        yield from (p for p in inside if not p.name.endswith(".truth.jsonl"))


def _print_log(log: Path, given: argparse.Namespace) -> None:
    categories = list(measure(log, labelled=given.labels))
    total = sum(sum(c.dollars.values()) for c in categories)
    dollars: Counter[str] = Counter()
    for category in categories:
        for kind, amount in category.dollars.items():
            dollars["weak" if kind in CONTENT and not category.holds else kind] += amount
    shares = {kind: amount / total for kind, amount in dollars.items()}
    content = sum(shares.get(kind, 0.0) for kind in CONTENT)
    tallies = [
        sum((getattr(c, name) for c in categories), Counter[bool | None]())
        for name in ("right", "others", "planted")
    ]
    told = [_share(t, passing=p) for t, p in zip(tallies, (True, True, False), strict=True)]
    print(
        f"{log.stem[:24]:24} {total:8.2f} {content:8.1%} {shares.get('reference-free', 0):9.1%}"
        f" {shares.get('equivalence', 0):6.1%} {shares.get('similarity', 0):8.1%}"
        f" {shares.get('weak', 0):6.1%} {shares.get('form', 0):6.1%}"
        f" {shares.get('judged', 0):6.1%} {shares.get('none', 0):6.1%} | {_percent(told[0]):>10}"
        f" {_percent(told[1]):>12} {_percent(told[2]):>7}",
        flush=True,
    )
    for c in categories if given.categories or given.missed else ():
        share = sum(c.dollars.values()) / total
        covered = sum(c.dollars[k] for k in CONTENT) / (sum(c.dollars.values()) or 1)
        print(
            f"    {c.name[:44]:44} {share:6.1%} {c.proposal.kind:12} content {covered:5.0%}"
            f" right {_percent(_share(c.right, passing=True)):>6}"
            f" alternatives {_percent(c.accepted):>6} caught {_percent(c.caught):>6}"
            f" {'' if c.holds else 'WEAK'}"
        )
        if given.missed:
            print("        missed:", dict(c.missed.most_common(6)), "refused:", c.refused[:3])


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def measure(log: Path, *, labelled: bool = False) -> Iterator[Measured]:
    """The categories of one log; ``labelled``: with the truth's answers as the user's labels."""
    truth = _truth(log)
    store = Store.open()
    ingest.run(store, [str(log)], ingest.IngestSettings())
    categorize.run(store, categorize.CategorizeSettings())
    for sample in category_samples(store):
        rows = list(store.dicts(_CALLS, [sample.category_id]))
        examples = [_example(row, _told(truth, row) if labelled else {}) for row in rows]
        seen = examples[:MAX_EXAMPLES] if labelled else sample.examples
        proposal = propose(seen, category=sample.category_id)
        measured = Measured(name=sample.name, proposal=proposal)
        _tally_dollars(measured, rows, examples)
        if proposal.criterion is not None:
            _tally(measured, proposal.criterion, rows, examples, truth)
        yield measured


def _tally_dollars(
    measured: Measured, rows: Sequence[Mapping[str, Any]], examples: Sequence[LoggedExample]
) -> None:
    for row, example in zip(rows, examples, strict=True):
        measured.dollars[_basis(measured.proposal.criterion, example)] += float(
            row["cost_usd"] or 0
        )


def _basis(criterion: Criterion | None, example: LoggedExample) -> str:
    """What a grade of the call rests on."""
    if criterion is None or not (example.said or example.tool_calls):
        return "none"
    kinds = kinds_of(example.text, example.tool_calls)
    counting = [a for a in criterion.deciding if a.when in kinds]
    return basis(criterion, counting) if counting else "none"


def _tally(
    measured: Measured,
    criterion: Criterion,
    rows: Sequence[Mapping[str, Any]],
    examples: Sequence[LoggedExample],
    truth: Mapping[str, Mapping[str, Any]],
) -> None:
    decided = [
        i
        for i, e in enumerate(examples)
        if _basis(criterion, e) in CONTENT and not was_cut(e.text, e.finish_reason)
    ][:CALLS]
    for i in decided:
        example, row = examples[i], rows[i]
        told = _told(truth, row)
        if not is_right(example, told):
            continue
        measured.right[_graded(criterion, example, example.text, example.tool_calls)] += 1
        for text, calls in alternatives(example, told):
            passed = _graded(criterion, example, text, calls)
            measured.others[passed] += 1
            if not passed:
                measured.refused.append(f"{(example.text or '')[:60]!r} / {(text or calls)!s:.80}")
    logged = [
        Logged.of(e.text, tool_calls=e.tool_calls, tools=e.tools, request=e.request.prompt)
        for e in examples
    ]
    right = [i for i in decided if is_right(examples[i], _told(truth, rows[i]))]
    for planted in plant(logged, among=right, per_kind=25):
        example, wrong = examples[planted.number], planted.answer
        if not is_wrong(wrong.text, _told(truth, rows[planted.number])):
            continue
        passed = _graded(criterion, example, wrong.text, wrong.tool_calls)
        measured.planted[passed] += 1
        if passed is not False:
            measured.missed[planted.mutation.kind] += 1


def _graded(
    criterion: Criterion, example: LoggedExample, text: str | None, calls: Sequence[Any]
) -> bool | None:
    return grade(criterion, _given(example, text, calls)).passed


def _given(example: LoggedExample, text: str | None, calls: Sequence[Any]) -> GradeInput:
    return GradeInput(
        text=text,
        tool_calls=calls,
        tools=example.tools,
        reference_text=example.text,
        reference_tool_calls=example.tool_calls,
        expected=example.expected,
        request=example.request,
    )


def _example(row: Mapping[str, Any], told: Mapping[str, Any]) -> LoggedExample:
    full = row["content_state"] == "full"
    return LoggedExample(
        text=row["response_text"] if full else None,
        tool_calls=json.loads(row["tool_calls"] or "[]") if full else (),
        finish_reason=row["finish_reason"],
        tools=json.loads(row["tools"] or "[]"),
        request=request_facts(row),
        expected=(told.get("grader") or {}).get("possible_answer") or told.get("gold"),
    )


def _truth(log: Path) -> dict[str, Mapping[str, Any]]:
    path = log.with_name(log.name.removesuffix(".jsonl") + ".truth.jsonl")
    if not path.is_file():
        return {}
    lines = path.read_text("utf-8").splitlines()
    return {told["id"]: told for told in map(json.loads, lines)}


def _told(truth: Mapping[str, Mapping[str, Any]], row: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the truth says of a call; empty where it says nothing."""
    return truth.get(row["log_id"]) or truth.get(row["provider_response_id"] or "") or {}


def is_wrong(text: str | None, told: Mapping[str, Any]) -> bool:
    """Whether an answer with an error planted into it is wrong by the truth.

    A sum whose result is still right has its error in the reasoning.
    """
    if (told.get("grader") or {}).get("kind") != "numeric" or text is None:
        return True
    return number_in(text) != number_in(str(told["gold"]))


def is_right(example: LoggedExample, told: Mapping[str, Any]) -> bool:
    """Whether the truth says that a logged answer is right, or nothing against it."""
    grader = told.get("grader") or {}
    if grader.get("published_correct") is False:
        return False
    refusal = grade_assertion(Assertion(type=is_refusal.name), GradeInput(text=example.text))
    return not refusal.passed


def alternatives(
    example: LoggedExample, told: Mapping[str, Any]
) -> Iterator[tuple[str | None, Sequence[Any]]]:
    """Other right answers: those of the truth, and the logged one written another way.

    BFCL's truth lets an argument be left out also where the tool then does something else than was
    asked for (kilometers, of a tool whose documented default is miles): those are no right answers.
    """
    grader = told.get("grader") or {}
    if example.tool_calls:
        shapes = {
            tool["function"]["name"]: shape_of(tool["function"].get("parameters"))
            for tool in example.tools
        }
        yield from ((None, calls) for calls in _other_calls(example.tool_calls, grader, shapes))
        return
    text = example.said
    value = first_json(text) if text[:1] in "{[`" else MISSING
    if isinstance(value, dict | list):
        yield json.dumps(value, indent=2, ensure_ascii=False), ()
        yield f"```json\n{json.dumps(value, ensure_ascii=False)}\n```", ()
        if isinstance(value, dict):
            turned = dict(reversed(list(value.items())))
            yield json.dumps(turned, ensure_ascii=False), ()
    elif grader.get("kind") == "exact_label":
        yield from ((said, ()) for said in (f"{text}.", f"**{text}**", f"Label: {text}"))
        yield text.replace("_", " ").capitalize(), ()
    elif grader.get("kind") == "numeric" and told.get("gold") is not None:
        gold = str(told["gold"])
        if number_in(gold) is not None:
            for said in (gold, f"#### {gold}", f"\\boxed{{{gold}}}", f"The answer is **{gold}**."):
                yield said, ()
    elif grader.get("kind") == "qa_f1":
        yield from ((answer, ()) for answer in grader["answers"])
        yield f'"{text}"', ()
        yield text.rstrip(",.") + ".", ()
    elif grader.get("kind") == "sql_exec":
        yield f"```sql\n{text.rstrip(';')};\n```", ()
        yield " ".join(text.split()), ()


def _other_calls(
    calls: Sequence[Mapping[str, Any]], grader: Mapping[str, Any], shapes: Mapping[str, Shape]
) -> Iterator[list[dict[str, Any]]]:
    """Calls in which one argument has another accepted value, and in another order."""
    written = [json.loads(call["function"]["arguments"] or "{}") for call in calls]
    names = [call["function"]["name"] for call in calls]
    if len(calls) > 1:
        yield _calls(reversed(list(zip(names, written, strict=True))))
    accepted = grader.get("possible_answer") or []
    for i, possible in enumerate(accepted):
        if i >= len(calls):
            return
        (arguments,) = possible.values()
        for key, values in arguments.items():
            others = (v for v in values if _first_of_each(v) != written[i].get(key))
            for value in itertools.islice(others, 2):
                changed = dict(written[i])
                if value == "" and (
                    key not in changed or _matters(shapes, names[i], key, changed[key])
                ):
                    continue
                if value == "":
                    del changed[key]  # BFCL writes "" where the argument may be left out
                else:
                    changed[key] = _first_of_each(value)
                mine = [*written[:i], changed, *written[i + 1 :]]
                yield _calls(zip(names, mine, strict=True))


def _matters(shapes: Mapping[str, Shape], tool: str, argument: str, value: Any) -> bool:
    """Whether the tool documents that it takes another value where the argument is left out."""
    shape = shapes.get(tool, ANYTHING).properties.get(argument, ANYTHING)
    if not shape.has_default:
        return False
    return not all(field.same for field in Comparison(shape=shape).fields(shape.default, value))


def _first_of_each(value: Any) -> Any:
    """BFCL lists accepted values inside an object too, for each of its fields."""
    if isinstance(value, dict) and all(isinstance(v, list) and v for v in value.values()):
        return {key: accepted[0] for key, accepted in value.items()}
    return value


def _calls(pairs: Iterable[tuple[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"type": "function", "function": {"name": n, "arguments": json.dumps(a)}} for n, a in pairs
    ]


if __name__ == "__main__":
    sys.exit(main())
