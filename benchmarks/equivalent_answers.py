"""Do right answers that are written differently pass, and wrong ones fail? And how fast is it?

Tool calls, JSON, labels and numbers of the workload logs, rewritten so that they say the same, and
changed so that they do not; the truth files say which other arguments are accepted. Each answer is
graded against the logged answer (``{{reference}}``) or against what is accepted (``{{expected}}``).

    python benchmarks/equivalent_answers.py [--data DIR] [--seed 1] [--show]
"""

# ruff: noqa: E501 - a kind is a line
from __future__ import annotations

import argparse
import json
import os
import random
import time
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

from auditor.criteria import Assertion, Criterion, GradeInput, grade
from auditor.criteria.comparators.shapes import ANYTHING, shape_of

HERE = Path(__file__).resolve().parents[1]
REFERENCE = "{{reference}}"
ACCEPTED_LIMIT, CAUGHT_LIMIT, CPU_LIMIT_S = 0.95, 0.99, 3.0


def criterion(*assertions, **rule):
    return Criterion(assertions=assertions or (Assertion(**rule),))


CALLS = criterion(type="tool-calls-equal", value=REFERENCE)
ALTERNATIVES = criterion(type="tool-calls-equal", value="{{expected}}", alternatives=True)
AS_BFCL = criterion(
    type="tool-calls-equal", value="{{expected}}", alternatives=True, fields={"*": "label"}
)
JSON = criterion(
    Assertion(type="contains-json"),
    Assertion(type="json-fields", value=REFERENCE, transform="strip-lower"),
)
CALLS_AS_LABELS = criterion(type="tool-calls-equal", value=REFERENCE, fields={"*": "label"})
CALLS_AS_NAMES = criterion(type="tool-calls-equal", value=REFERENCE, fields={"*": "alias"})
NUMBER = criterion(type="similar-number", value=REFERENCE)


class Tally:
    """Answers of each kind, and how many came out as they should."""

    def __init__(self):
        self.counts, self.missed = Counter(), defaultdict(list)

    def add(self, part, kind, rule, given, *, right):
        """Grade an answer that should pass or fail."""
        result = grade(rule, given)
        fine = result.passed is right
        self.counts[part, right, kind, fine] += 1
        if not fine:
            self.missed[part, kind].append((given, result))

    def share(self, part, right, kind=None):
        """Answers that came out as they should, and all."""
        hits = Counter()
        for (p, r, k, fine), n in self.counts.items():
            if (p, r) == (part, right) and kind in {None, k}:
                hits[fine] += n
        return hits[True], hits.total()

    def kinds(self, part, right):
        """What was done to the answers of a part."""
        return sorted({k for p, r, k, _ in self.counts if (p, r) == (part, right)})


def read(data, name):
    """Records and truths of a log by id, in the order of the log."""
    with (data / f"{name}.jsonl").open() as lines:
        records = {record["id"]: record for record in map(json.loads, lines)}
    with (data / f"{name}.truth.jsonl").open() as lines:
        truths = {truth["id"]: truth for truth in map(json.loads, lines)}
    return [(records[i], truths[i]) for i in records if i in truths]


def call(name, arguments, *, as_object=False):
    written = arguments if as_object else json.dumps(arguments, ensure_ascii=False)
    return {"type": "function", "function": {"name": name.replace(".", "_"), "arguments": written}}


def tools_of(record):
    return [
        {"type": "function", "function": {"name": t["name"], "parameters": t["input_schema"]}}
        for t in record["request"].get("tools", ())
    ]


def calls_of(gold):
    return [call(g["name"], g["arguments"]) for g in gold]


# -- tool calls ------------------------------------------------------------------------------------


def rewritten_calls(gold, shapes, rng):
    """The same calls, written otherwise: what was done to them, and the calls."""

    def each(change):
        return [call(g["name"], change(dict(g["arguments"]), shapes[g["name"]])) for g in gold]

    def spelled(arguments, shape):
        more = {k: s.default for k, s in shape.properties.items() if s.has_default}
        return {**{k: v for k, v in more.items() if shape.may_lack(k)}, **arguments}

    def nulls(arguments, shape):
        return {**{k: None for k in shape.properties if shape.may_lack(k)}, **arguments}

    def left_out(arguments, shape):
        return {k: v for k, v in arguments.items() if not _is_default(k, v, shape)}

    def empties(arguments, shape):
        empty = {"string": "", "array": [], "object": {}}
        more = {
            k: empty[t]
            for k, s in shape.properties.items()
            for t in s.types & empty.keys()
            if shape.may_lack(k) and not s.has_default and not s.choices
        }
        return {**more, **arguments}

    def floats(arguments, _):
        return {k: float(v) if type(v) is int else v for k, v in arguments.items()}

    def texts(arguments, shape):
        return {
            k: str(v) if type(v) in {int, float} and _of(shape, k).types <= {"integer", "number"} else v
            for k, v in arguments.items()
        }  # fmt: skip

    def cases(arguments, shape):
        return {
            k: v.swapcase() if isinstance(v, str) and _of(shape, k).choices else v
            for k, v in arguments.items()
        }

    def typography(arguments, _):
        return {k: _typeset(v) for k, v in arguments.items()}

    yield "keys in another order", each(lambda a, _: dict(reversed(a.items())))
    yield "arguments as an object", [call(g["name"], g["arguments"], as_object=True) for g in gold]
    shuffled = calls_of(gold)
    rng.shuffle(shuffled)
    yield "calls in another order", shuffled
    for kind, change in (
        ("defaults spelled out", spelled),
        ("defaults left out", left_out),
        ("null for what is absent", nulls),
        ("empty for what is absent", empties),
        ("5.0 for 5", floats),
        ('"5" for 5', texts),
        ("choices in another case", cases),
        ("quotes and accents set otherwise", typography),
    ):
        changed = each(change)
        if [json.loads(c["function"]["arguments"]) for c in changed] != [g["arguments"] for g in gold] or kind == "5.0 for 5":  # fmt: skip
            yield kind, changed


def alternative_calls(accepted, rng):
    """Calls with accepted arguments, drawn; what may be left out is, now and then."""

    def value(one):
        if isinstance(one, dict):
            return {k: value(rng.choice(v)) for k, v in one.items()}
        return [value(item) for item in one] if isinstance(one, list) else one

    calls = []
    for entry in accepted:
        ((name, arguments),) = entry.items()
        drawn = {key: value(rng.choice(options)) for key, options in arguments.items()}
        calls.append(call(name, {k: v for k, v in drawn.items() if v != ""}))
    return calls


def broken_calls(gold, accepted, shapes, others, rng):
    """Wrong calls: what was done to them, and the calls."""
    at = rng.randrange(len(gold))
    name, arguments = gold[at]["name"], gold[at]["arguments"]
    options = next(iter(accepted[at].values()))
    shape = shapes[name]

    def with_arguments(changed):
        calls = calls_of(gold)
        calls[at] = call(name, changed)
        return calls

    # an argument of which every value is accepted, and one that may be anything, cannot be wrong
    keys = [k for k in arguments if "" not in options.get(k, ()) and k in shape.properties]
    needed = [k for k in keys if not _is_default(k, arguments[k], shape)]
    if needed:
        key = rng.choice(needed)
        wrong = _other_value(arguments[key], rng)
        if wrong not in options.get(key, ()):
            yield "argument changed", with_arguments({**arguments, key: wrong})
        key = rng.choice(needed)
        rest = {k: v for k, v in arguments.items() if k != key}
        yield "argument dropped", with_arguments(rest)
    yield "argument added", with_arguments({**arguments, "verbose_level": 3})
    yield "other tool", [*calls_of(gold)[:at], call("delete_everything", arguments), *calls_of(gold)[at + 1 :]]  # fmt: skip
    yield "one call too many", [*calls_of(gold), calls_of(gold)[0]]
    if len(gold) > 1:
        yield "one call too few", calls_of(gold)[1:]
    other = rng.choice(others)
    if other != gold:
        yield "another call's answer", calls_of(other)


def _of(shape, key):
    return shape.properties.get(key, ANYTHING)


def _is_default(key, value, shape):
    inner = shape.properties.get(key)
    return (
        inner is not None and shape.may_lack(key) and inner.has_default and inner.default == value
    )


def _other_value(value, rng):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return rng.choice([value + 1, value * 10 + 3, -value - 1])
    if isinstance(value, str):
        return rng.choice(
            [f"{value} 2", value[:-1] + "q", "something else", value[: len(value) // 2]]
        )
    if isinstance(value, list) and value:
        return rng.choice([value[:-1], [*value, "x"], [_other_value(value[0], rng), *value[1:]]])
    if isinstance(value, dict) and value:
        key = rng.choice(sorted(value))
        return {**value, key: _other_value(value[key], rng)}
    return "something else"


def _typeset(value):
    if isinstance(value, str):
        return unicodedata.normalize("NFD", value.replace("'", "\u2019").replace(" ", "\u00a0"))
    if isinstance(value, list):
        return [_typeset(item) for item in value]
    if isinstance(value, dict):
        return {key: _typeset(item) for key, item in value.items()}
    return value


def try_calls(data, tally, rng):
    rows = [(r, t) for r, t in read(data, "dev-tools.anthropic") if t["category"] == "tool_call"]
    golds = [t["gold"] for _, t in rows]
    for record, truth in rows:
        gold, accepted, tools = truth["gold"], truth["grader"]["possible_answer"], tools_of(record)
        known = {t["function"]["name"]: shape_of(t["function"]["parameters"]) for t in tools}
        shapes = {g["name"]: known[g["name"].replace(".", "_")] for g in gold}

        def given(calls, *, gold=gold, accepted=accepted, tools=tools):
            return GradeInput(
                text=None, tool_calls=calls, reference_tool_calls=calls_of(gold),
                expected=accepted, tools=tools,
            )  # fmt: skip

        for kind, calls in rewritten_calls(gold, shapes, rng):
            tally.add("tool calls", kind, CALLS, given(calls), right=True)
            tally.add("tool calls, accepted arguments listed", kind, ALTERNATIVES, given(calls), right=True)  # fmt: skip
        for _ in range(3):
            calls = alternative_calls(accepted, rng)
            part = "tool calls, accepted arguments listed"
            tally.add(part, "accepted arguments drawn", ALTERNATIVES, given(calls), right=True)
            part = "accepted arguments, against the logged call alone"
            tally.add(part, "by type", CALLS, given(calls), right=True)
            tally.add(part, "as labels", CALLS_AS_LABELS, given(calls), right=True)
            tally.add(part, "as names", CALLS_AS_NAMES, given(calls), right=True)
        for kind, calls in broken_calls(gold, accepted, shapes, golds, rng):
            tally.add("tool calls", kind, CALLS, given(calls), right=False)
            part = "tool calls, accepted arguments listed"
            tally.add(part, kind, ALTERNATIVES, given(calls), right=False)
            tally.add("the same, up to letter case", kind, AS_BFCL, given(calls), right=False)
            tally.add("as names", kind, CALLS_AS_NAMES, given(calls), right=False)


# -- JSON ------------------------------------------------------------------------------------------


def rewritten_json(gold):
    def deep(value, change):
        value = change(value)
        if isinstance(value, dict):
            return {key: deep(item, change) for key, item in value.items()}
        return [deep(item, change) for item in value] if isinstance(value, list) else value

    def turned(value):
        return dict(reversed(value.items())) if isinstance(value, dict) else value

    def floated(value):
        return float(value) if type(value) is int else value

    def nulled(value):
        return {**value, "remark": None} if isinstance(value, dict) else value

    def swapped(value):
        return value.swapcase() if isinstance(value, str) else value

    text = json.dumps(gold, ensure_ascii=False)
    yield "keys in another order", json.dumps(deep(gold, turned))
    yield "indented", json.dumps(gold, indent=4)
    yield "no space", json.dumps(gold, separators=(",", ":"))
    yield "in a fence", f"```json\n{text}\n```"
    yield "in a fence with words around", f"Here is the result:\n\n```\n{text}\n```\nLet me know!"
    yield "behind a preamble", f"Sure, here it is: {text}"
    yield "5.0 for 5", json.dumps(deep(gold, floated))
    yield "null for what is absent", json.dumps(deep(gold, nulled))
    yield "letters escaped", json.dumps(gold, ensure_ascii=True)
    yield "quotes and accents set otherwise", json.dumps(_typeset(gold), ensure_ascii=False)
    yield "letters in another case", json.dumps(deep(gold, swapped))


def broken_json(gold, others, rng):
    paths = list(_paths(gold))
    if paths:
        yield "field changed", json.dumps(_with(gold, rng.choice(paths), _other_value))
        yield "field dropped", json.dumps(_with(gold, rng.choice(paths), None))
    yield "field added", json.dumps({**gold, "extra_field": "x"})
    yield "cut short", json.dumps(gold)[:-2]
    other = rng.choice(others)
    if other != gold:
        yield "another call's answer", json.dumps(other)


def _paths(value, path=()):
    if isinstance(value, dict | list) and value:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _paths(item, (*path, key))
    elif path and value is not None:  # null dropped is null
        yield path


def _with(value, path, change):
    copy = json.loads(json.dumps(value))
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    if change is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = change(inner[path[-1]], random.Random(str(path)))
    return copy


def json_rows(data):
    kinds = {"json_schema_output", "json_extraction"}
    rows = [*read(data, "dev-tools.anthropic"), *read(data, "saas-support.openai")]
    return [t["gold"] for _, t in rows if t["category"] in kinds and isinstance(t["gold"], dict)]


def try_json(data, tally, rng):
    golds = json_rows(data)
    for gold in golds:
        logged = json.dumps(gold, ensure_ascii=False)
        for kind, text in rewritten_json(gold):
            given = GradeInput(text=text, reference_text=logged)
            tally.add("JSON", kind, JSON, given, right=True)
        for kind, text in broken_json(gold, golds, rng):
            given = GradeInput(text=text, reference_text=logged)
            tally.add("JSON", kind, JSON, given, right=False)


# -- labels and numbers ----------------------------------------------------------------------------


def label_rows(data):
    rows = read(data, "saas-support.openai")
    for category in ("intent_classification", "sentiment"):
        golds = [t["gold"] for _, t in rows if t["category"] == category]
        yield golds, sorted(set(golds))


def try_labels(data, tally, rng):
    for golds, labels in label_rows(data):
        rule = criterion(type="label", value=REFERENCE, labels=labels)
        for gold in golds:
            other = rng.choice([label for label in labels if label != gold])
            words = gold.replace("_", " ")
            same = {
                "in capitals": gold.upper(), "in bold": f"**{gold}**", "with a full stop": f"{words.capitalize()}.",
                "Label: x": f"Label: {gold}", "The category is x": f"The category is **{gold}**.",
                "an object": json.dumps({"label": gold}), "words for underscores": words,
                "in a sentence": f'I would put this message under "{gold}".', "last line": f"Let me think.\n\nAnswer: {gold}",
            }  # fmt: skip
            wrong = {
                "another label": other, "two labels": f"{gold} or {other}", "not x": f"not {gold}",
                "said not to be x": f"This is certainly not {gold}.", "refused": "I cannot tell.",
                "Label: another": f"Label: {other}", "part of it": gold[: len(gold) // 2],
            }  # fmt: skip
            for right, answers in ((True, same), (False, wrong)):
                for kind, text in answers.items():
                    given = GradeInput(text=text, reference_text=gold)
                    tally.add("labels", kind, rule, given, right=right)


def try_numbers(data, tally, rng):
    rows = [t for _, t in read(data, "open-chat.openai") if t["category"] == "math"]
    for truth in rows:
        number = float(truth["gold"].replace(",", ""))
        scaled = number * rng.choice([1, 1000, 12345.5])
        whole = f"{scaled:,.2f}".rstrip("0").rstrip(".")
        spaced, german = whole.replace(",", "\u202f"), whole.translate(str.maketrans(",.", ".,"))
        same = {
            "1,234.5": whole, "1 234.5": spaced, "1'234.5": whole.replace(",", "\u2019"), "1_234.5": whole.replace(",", "_"),
            "with currency": f"${whole}", "boxed": rf"So the total is $\boxed{{{whole}}}$, 3 times as much.",
            "####": f"We add 3 and 4.\n#### {whole}", "Answer:": f"**Answer:** {whole} (2 weeks of 9)",
            "in a sentence": f"After 3 days she has {whole} in all.", "exponent": f"{scaled!r}e0",
        }  # fmt: skip
        if "." in whole or whole.count(",") != 1:  # 1.234 alone is one and a bit
            same["1.234,5"] = german if "," in german or "." in german else whole
        wrong = {
            "one off": f"{scaled + 1:,.2f}", "a place off": f"{scaled * 10:,.2f}" if scaled else "1", "sign": f"{-scaled - 1:.2f}",
            "another one behind Answer:": f"Answer: {scaled + 7:.2f}, not {whole}", "none": "I do not know.",
        }  # fmt: skip
        for right, answers in ((True, same), (False, wrong)):
            for kind, text in answers.items():
                given = GradeInput(text=text, reference_text=f"The result is {scaled!r}.")
                tally.add("numbers", kind, NUMBER, given, right=right)


# -- speed -----------------------------------------------------------------------------------------


def cpu_seconds(data, rng):
    """CPU seconds of grading 5,000 answers of all kinds by ten criteria, each against its log's."""
    rows = [*read(data, "dev-tools.anthropic"), *read(data, "saas-support.openai"), *read(data, "open-chat.openai")]  # fmt: skip
    answers = []
    for record, truth in rng.sample(rows, 5000):
        gold = truth["gold"]
        if truth["category"] == "tool_call":
            calls = calls_of(gold)
            answers.append(GradeInput(text=None, tool_calls=calls, reference_tool_calls=calls, tools=tools_of(record)))  # fmt: skip
        else:
            text = gold if isinstance(gold, str) and gold else json.dumps(gold)
            answers.append(GradeInput(text=text, reference_text=text))
    labels = [label for _, known in label_rows(data) for label in known]
    schema = {
        "type": "object",
        "required": ["intent"],
        "properties": {"intent": {"type": "string"}},
    }
    criteria = [
        criterion(type="is-json", value=schema),
        criterion(type="contains-json"),
        criterion(type="json-fields", value=REFERENCE, transform="strip-lower"),
        criterion(type="json-fields", value=REFERENCE, fields={"intent?": "label", "slots?": {"similar": 0.8}}),
        criterion(type="tool-calls-equal", value=REFERENCE),
        criterion(type="equals", value=REFERENCE, transform="label"),
        criterion(type="label", value=REFERENCE, labels=labels),
        criterion(type="similar-number", value=REFERENCE, tolerance=0.01),
        criterion(type="regex", value=r"\b[a-z_]{3,}\b"),
        criterion(type="word-count", value={"max": 200}),
    ]  # fmt: skip
    by_kind = {}
    for rule in criteria:
        began = time.process_time()
        for answer in answers:
            grade(rule, answer)
        name = rule.assertions[0].type + (" with comparators" if rule.assertions[0].fields else "")
        by_kind[name] = time.process_time() - began
    return by_kind


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    default = os.environ.get("AUDITOR_DATA", HERE.parent / "shared" / "data")
    parser.add_argument("--data", type=Path, default=default, help="the folder of the data")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="show answers that came out wrong")
    options = parser.parse_args()
    data, rng, tally = Path(options.data) / "workloads", random.Random(options.seed), Tally()
    for attempt in (try_calls, try_json, try_labels, try_numbers):
        attempt(data, tally, rng)
    for right, title in ((True, "accepted of equivalent"), (False, "caught of wrong")):
        for part in sorted({p for p, r, _, _ in tally.counts if r is right}):
            hits, total = tally.share(part, right)
            print(f"{part}: {title} {hits:,} of {total:,}, {hits / total:.2%}")
            for kind in tally.kinds(part, right):
                hits, total = tally.share(part, right, kind)
                print(f"    {kind}: {hits:,} of {total:,}, {hits / total:.2%}")
    if options.show:
        for (part, kind), missed in tally.missed.items():
            for given, result in missed[:3]:
                print(f"\n{part}, {kind}: {result}\n    {given.text or given.tool_calls}"[:900])
                print(f"    logged {given.reference_text or given.reference_tool_calls}"[:600])
    seconds = cpu_seconds(data, rng)
    print(f"5,000 answers x 10 criteria: {sum(seconds.values()):.2f} CPU-s, limit {CPU_LIMIT_S}")
    for name, spent in sorted(seconds.items(), key=lambda pair: -pair[1]):
        print(f"    {name}: {spent:.2f}")
    parts = ("tool calls", "tool calls, accepted arguments listed", "JSON", "labels", "numbers")
    for part in parts:
        for right, limit in ((True, ACCEPTED_LIMIT), (False, CAUGHT_LIMIT)):
            hits, total = tally.share(part, right)
            if hits < limit * total:
                print(f"MISSED: {part}, {'accepted' if right else 'caught'}: {hits / total:.2%}")


if __name__ == "__main__":
    main()
