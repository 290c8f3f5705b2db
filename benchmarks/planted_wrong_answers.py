"""Do the proposed criteria fail wrong answers? Errors planted in logs, by kind and by family.

    python benchmarks/planted_wrong_answers.py LOG... [--calls 120] [--seed 1] [--missed]

A folder stands for all logs in it. Every log goes the way of an audit: ingested, categorized, a
criterion proposed for every category. Then wrong answers are made of logged ones that pass, one of
each kind a call, and graded in the place of a local model's answer.

The errors are made here and share no code with ``auditor.criteria.mutations``, which the product
itself plants: texts are cut and turned as texts, SQL by patterns, JSON by a walk of its own. What may
be right all the same is left out; a statement is planted only where it returns other rows, if the
log's truth names a SQLite file (``grader.db``, a path from the log's folder).

A grade rests on equality with the logged answer, on similarity to it, on rules that need no
reference, on form alone, or on a judge that has not spoken. 99 % must be caught of what rests on
content by equality or without a reference; exit 1 below.
"""

# ruff: noqa: D102, E501 - errors are short functions, and a form is a line
from __future__ import annotations

import argparse
import contextlib
import json
import random
import re
import sqlite3
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.categories import stage as categorize
from auditor.criteria.answer_length import was_cut
from auditor.criteria.category_samples import category_samples
from auditor.criteria.checks.base import GradeInput
from auditor.criteria.grading import grade, kinds_of
from auditor.criteria.proposals import basis, propose
from auditor.ingest import stage as ingest
from auditor.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from auditor.criteria.proposals import LoggedExample

CONTENT = ("equivalence", "reference-free")
NEEDED = 0.99
REFUSALS = ("I am not able to do that.", "Sorry, I can't help with this one.",
            "Das kann ich leider nicht beantworten.", "Je ne peux pas répondre à cette demande.")  # fmt: skip
NOTHING = ("", "   ", "null", "{}", "[]", "...", "Here you go!", "As requested, see above.", "TODO")
Calls = list[tuple[str, Any]]
Wrong = tuple[str | None, "Calls | None"]


# -- errors of text --------------------------------------------------------------------------------


def plain(text: str) -> str:
    """A text without case, quotes and punctuation."""
    return " ".join(re.sub(r"[^\w]+", " ", text.casefold()).split())


def nothing(text: str, draw: random.Random, others: Sequence[str]) -> str | None:
    said = draw.choice(NOTHING)
    return said if plain(said) not in {plain(text), *map(plain, others)} else None


def declined(text: str, draw: random.Random, others: Sequence[str]) -> str | None:
    del others
    return (
        None if re.search(r"(?i)\b(sorry|cannot|can't|unable)\b", text) else draw.choice(REFUSALS)
    )


def of_another_call(text: str, draw: random.Random, others: Sequence[str]) -> str | None:
    unlike = [
        o
        for o in others
        if len(common(text, o)) <= 0.4 * len(words(text) | words(o))
        and not words(text) <= words(o)  # a label and more beside it
        and not same_end(text, o)
    ]
    return draw.choice(unlike) if unlike else None


def first_third(text: str, draw: random.Random, others: Sequence[str]) -> str | None:
    del draw
    cut = text[: len(text) // 3]
    known = {plain(o) for o in others}
    return cut if len(text) > 40 and plain(cut) not in known and not same_end(cut, text) else None


def two_answers(text: str, draw: random.Random, others: Sequence[str]) -> str | None:
    """A short answer that leaves open which of two it is."""
    unlike = [o for o in others if not common(text, o) and len(o) < 40]
    if len(text) >= 40 or "\n" in text or not unlike:
        return None
    return f"Either {draw.choice(unlike)} or {text}, hard to say."


def number_changed(text: str, draw: random.Random, others: Sequence[str]) -> str | None:
    """The last number of a text is another one."""
    del others
    found = list(re.finditer(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?![\w])", text))
    if not found:
        return None
    last = found[-1]
    value = float(last.group().replace(",", ""))
    new = draw.choice([value * 2 + 1, value + 11, value * 1000 + 5])
    return text[: last.start()] + f"{new:g}" + text[last.end() :]


def same_end(one: str, other: str) -> bool:
    """Whether two texts end with the same number: a reasoned answer may be right when cut."""
    numbers = [re.findall(r"\d[\d.,]*", text)[-1:] for text in (one, other)]
    return numbers[0] == numbers[1] != []


def words(text: str) -> set[str]:
    return set(plain(text).split())


def common(one: str, other: str) -> set[str]:
    return words(one) & words(other)


# -- errors of JSON and of arguments ---------------------------------------------------------------


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from places(item, (*path, at))
    elif path and value not in (None, "", False):
        yield path, value


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy with another value at a path; ``...`` takes the place away."""
    copy = json.loads(json.dumps(value))
    inside = copy
    for step in path[:-1]:
        inside = inside[step]
    if new is ...:
        del inside[path[-1]]
    else:
        inside[path[-1]] = new
    return copy


def is_brief(value: Any) -> bool:
    return not isinstance(value, str) or len(value) < 40


def value_wrong(value: Any, draw: random.Random) -> Any:
    found = [(p, v) for p, v in places(value) if is_brief(v)]
    if not found:
        return None
    path, former = draw.choice(found)
    if isinstance(former, bool):
        return put(value, path, not former)
    if isinstance(former, int | float):
        return put(value, path, former * 3 + 7)
    return put(value, path, f"{former[::-1]} of Zanzibar")


def value_null(value: Any, draw: random.Random) -> Any:
    found = [(p, v) for p, v in places(value) if is_brief(v) and not isinstance(p[-1], int)]
    return put(value, draw.choice(found)[0], None) if found else None


def value_gone(value: Any, draw: random.Random) -> Any:
    found = [p for p, v in places(value) if is_brief(v)]
    return put(value, draw.choice(found), ...) if found else None


def values_swapped(value: Any, draw: random.Random) -> Any:
    """Two brief values of one object change places."""
    found = [(p, v) for p, v in places(value) if is_brief(v) and not isinstance(p[-1], int)]
    pairs = [(a, b) for a in found for b in found
             if a[0][:-1] == b[0][:-1] and plain(str(a[1])) != plain(str(b[1]))]  # fmt: skip
    if not pairs:
        return None
    (one, first), (two, second) = draw.choice(pairs)
    return put(put(value, one, second), two, first)


def emptied(value: Any, draw: random.Random) -> Any:
    del draw
    return {} if isinstance(value, dict) and any(True for _ in places(value)) else None


OF_VALUES: dict[str, Callable[[Any, random.Random], Any]] = {
    "a value is another": value_wrong,
    "a value is null": value_null,
    "a value is gone": value_gone,
    "two values swapped": values_swapped,
    "all is gone": emptied,
}


# -- errors of SQL ---------------------------------------------------------------------------------

SQL = {
    "= for <>": (r"(?<![<>!])=", "<>"),
    "< for >": (r"<(?![>=])", ">"),
    "> for <": (r"(?<!<)>(?!=)", "<"),
    "OR for AND": (r"(?i)\bAND\b", "OR"),
    "min for max": (r"(?i)\bmax\(", "min("),
    "max for min": (r"(?i)\bmin\(", "max("),
    "sum for avg": (r"(?i)\bavg\(", "sum("),
    "no WHERE": (r"(?is)\bwhere\b.*?(?=\bgroup\b|\border\b|\blimit\b|\bintersect\b|\bexcept\b|\bunion\b|\)|;|$)", ""),
    "no LIMIT": (r"(?i)\blimit\s+\d+", ""),
    "no DISTINCT": (r"(?i)\bdistinct\b", ""),
    "other literal": (r"(?i)(?<==)\s*(['\"])([^'\"]+)\1", r" '\2 x'"),
    "other number": (r"(?<=[<>=]) ?\d+\b", " 987654"),
    "ASC for DESC": (r"(?i)\bdesc\b", "ASC"),
    "EXCEPT for INTERSECT": (r"(?i)\bintersect\b", "EXCEPT"),
}  # fmt: skip
SQL_NEEDS_ROWS = {"no DISTINCT", "ASC for DESC", "no LIMIT", "sum for avg", "min for max",
                  "max for min", "OR for AND", "EXCEPT for INTERSECT"}  # fmt: skip
"""Without a database these might return the same rows: they are planted only where there is one."""


def statements(text: str, database: Path | None) -> Iterator[tuple[str, str]]:
    for kind, (pattern, new) in SQL.items():
        changed = re.sub(pattern, new, text, count=1)
        if " ".join(changed.split()) == " ".join(text.split()):
            continue
        if database is None:
            if kind not in SQL_NEEDS_ROWS:
                yield kind, changed
        elif rows(database, text) is not None and rows(database, changed) != rows(database, text):
            yield kind, changed


def rows(database: Path, statement: str) -> list[str] | None:
    """The rows of a statement, in their order where it names one; None for an error."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        opened.text_factory = lambda raw: raw.decode("utf-8", "replace")
        try:
            found = [repr(row) for row in opened.execute(statement).fetchmany(10_000)]
        except sqlite3.Error:
            return None
    return found if re.search(r"(?i)\border\s+by\b", statement) else sorted(found)


# -- a call ----------------------------------------------------------------------------------------


def wrong_answers(
    example: LoggedExample, others: Sequence[LoggedExample], database: Path | None,
    draw: random.Random,
) -> Iterator[tuple[str, Wrong]]:  # fmt: skip
    """Wrong answers to a call by kind; calls of tools as names with arguments."""
    calls = [called(call) for call in example.tool_calls]
    if calls:
        yield from wrong_calls(calls, others, draw)
        return
    text = example.said
    texts = [
        other.said for other in others if other.said and other.request.user != example.request.user
    ]
    makers = {"says nothing": nothing, "declines": declined, "another call's": of_another_call,
              "the first third": first_third, "one of two": two_answers}  # fmt: skip
    value = parsed(text)
    is_sql = re.match(r"(?is)\s*(?:```\w*\s*)?(?:with|select)\b", text) is not None
    if value is None and not is_sql:
        makers["another number"] = number_changed
    for kind, maker in makers.items():
        said = maker(text, draw, texts)
        if (said is not None and plain(said) != plain(text)) or (
            kind == "says nothing" and said is not None and not said.strip()
        ):
            yield kind, (said, None)
    if value is not None:
        for kind, change in OF_VALUES.items():
            new = change(value, draw)
            if new is not None and new != value:
                yield kind, (json.dumps(new, ensure_ascii=False), None)
    elif is_sql:
        for kind, changed in statements(text, database):
            yield f"SQL: {kind}", (changed, None)


def wrong_calls(
    calls: Calls, others: Sequence[LoggedExample], draw: random.Random
) -> Iterator[tuple[str, Wrong]]:
    yield "declines", (draw.choice(REFUSALS), [])
    yield "a call twice", (None, [*calls, calls[0]])
    if len(calls) > 1:
        yield "a call less", (None, calls[1:])
    name, given = calls[0]
    yield "a tool of another name", (None, [(f"{name}_v2", given), *calls[1:]])
    if isinstance(given, dict):
        for kind, change in OF_VALUES.items():
            if kind == "a value is null":
                continue  # null is how some callers leave an argument out
            new = change(given, draw)
            if new is not None and new != given:
                yield kind, (None, [(name, new), *calls[1:]])
    donors = [[called(call) for call in other.tool_calls] for other in others if other.tool_calls]
    unlike = [donor for donor in donors if json.dumps(donor) != json.dumps(calls)]
    if unlike:
        yield "another call's", (None, draw.choice(unlike))


def called(call: Mapping[str, Any]) -> tuple[str, Any]:
    given = call["function"].get("arguments")
    return call["function"]["name"], json.loads(given or "{}") if isinstance(given, str) else given


def parsed(text: str) -> Any:
    inside = re.sub(r"^```\w*\n|\n```$", "", text.strip())
    try:
        value = json.loads(inside)
    except ValueError:
        return None
    return value if isinstance(value, dict | list) else None


# -- a log -----------------------------------------------------------------------------------------


def measure(log: Path, most: int, seed: int, tally: Tally) -> None:
    """Plant errors in every category of a log."""
    store = Store.open()
    ingest.run(store, [str(log)], ingest.IngestSettings())
    categorize.run(store, categorize.CategorizeSettings())
    databases = named_databases(log)
    log_ids = dict(store.rows("SELECT call_id, coalesce(log_id, provider_response_id) FROM calls"))
    for sample in category_samples(store):
        criterion = propose(sample.examples, category=sample.category_id).criterion
        if criterion is None:
            continue
        for number, example in enumerate(sample.examples[:most]):
            if was_cut(example.text, example.finish_reason):
                continue
            given = graded(example, example.text, example.tool_calls)
            counting = [
                a
                for a in criterion.deciding
                if a.when in kinds_of(example.text, example.tool_calls)
            ]
            if not counting or not grade(criterion, given).passed:
                continue
            others = [other for other in sample.examples if other is not example][:60]
            draw = random.Random(f"{seed} {log.name} {sample.category_id} {number}")
            database = databases.get(log_ids.get(sample.call_ids[number]) or "")
            for kind, (text, calls) in wrong_answers(example, others, database, draw):
                said = [as_call(*one) for one in calls or ()]
                passed = grade(criterion, graded(example, text, said)).passed
                shown = f"{sample.name[:30]}: {(text or calls)!s:.70} for {(example.said or example.tool_calls)!s:.70}"
                tally.add(basis(criterion, counting), kind, passed, shown)


def graded(example: LoggedExample, text: str | None, calls: Sequence[Any]) -> GradeInput:
    return GradeInput(
        text=text, tool_calls=calls, tools=example.tools, reference_text=example.text,
        reference_tool_calls=example.tool_calls, request=example.request,
        finish_reason=example.finish_reason,
    )  # fmt: skip


def as_call(name: str, given: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "arguments": json.dumps(given)}}


def named_databases(log: Path) -> dict[str, Path]:
    """The SQLite file of each call by the id in the truth file, where there is one."""
    truth = log.with_name(log.name.removesuffix(".jsonl") + ".truth.jsonl")
    found = {}
    for line in truth.read_text("utf-8").splitlines() if truth.is_file() else ():
        told = json.loads(line)
        name = (told.get("grader") or {}).get("db")
        if name and (log.parent / name).is_file():
            found[told["id"]] = log.parent / name
    return found


class Tally:
    """Planted and caught, by family and kind."""

    def __init__(self) -> None:
        self.planted: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.caught: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.missed: list[str] = []
        self.untold = 0

    def add(self, family: str, kind: str, passed: bool | None, shown: str) -> None:
        if passed is None:
            self.untold += 1
            return
        self.planted[family][kind] += 1
        self.caught[family][kind] += not passed
        if passed and family in CONTENT:
            self.missed.append(f"{family}, {kind}: {shown}")

    def share(self, *families: str) -> float | None:
        planted = sum(self.planted[family].total() for family in families)
        return sum(self.caught[f].total() for f in families) / planted if planted else None


def main() -> int:
    """Print what was caught by kind and family; exit 1 where too little of content is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("logs", nargs="+", type=Path)
    parser.add_argument("--calls", type=int, default=120, help="calls of a category")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--missed", action="store_true", help="show what passed on content")
    given = parser.parse_args()
    tally = Tally()
    for path in given.logs:
        for log in sorted(path.glob("*.jsonl")) if path.is_dir() else [path]:
            if not log.name.endswith(".truth.jsonl"):
                measure(log, given.calls, given.seed, tally)
    families = [family for family in ("equivalence", "reference-free", "similarity", "form", "judged")
                if tally.planted[family]]  # fmt: skip
    print(f"{'error':28}" + "".join(f"{family:>22}" for family in families))
    for kind in sorted(set().union(*tally.planted.values())):
        cells = (
            f"{tally.caught[f][kind]:,} of {tally.planted[f][kind]:,}"
            if tally.planted[f][kind]
            else "-"
            for f in families
        )
        print(f"{kind:28}" + "".join(f"{cell:>22}" for cell in cells))
    print(f"{'all':28}" + "".join(f"{tally.share(f) or 0:>22.2%}" for f in families))
    content = tally.share(*CONTENT)
    print(f"content: {content or 0:.2%} of {sum(tally.planted[f].total() for f in CONTENT):,} caught;"
          f" {tally.untold:,} wait for a judge")  # fmt: skip
    for line in tally.missed[:60] if given.missed else ():
        print("  passed:", line)
    return 0 if content is not None and content >= NEEDED else 1


if __name__ == "__main__":
    sys.exit(main())
