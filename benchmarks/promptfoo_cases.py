"""The cases of the comparison with promptfoo: an answer, assertions, and how tricky it is.

Written for this comparison, by hand and by rules, from a fixed seed.
"""

from __future__ import annotations

import itertools
import json
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One answer and what it is checked by; ``kind`` is the group of the table."""

    kind: str
    asserts: list[dict[str, Any]]
    output: str
    tricky: bool
    threshold: float | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    tool_calls: list[dict[str, Any]] | None = None
    tools: list[dict[str, Any]] = field(default_factory=list)
    finish_reason: str | None = None
    latency_ms: float | None = None
    cost_usd: float | None = None

    def for_promptfoo(self) -> dict[str, Any]:
        """The case as the runner reads it."""
        return {
            "assert": self.asserts,
            "output": self.output,
            "threshold": self.threshold,
            "vars": self.variables,
            "tool_calls": self.tool_calls,
            "tools": self.tools or None,
            "finish_reason": self.finish_reason,
            "latency_ms": self.latency_ms,
            "cost_usd": self.cost_usd,
        }


SENTENCES = """\
Your order 4711 is on its way and arrives on Friday.
We have refunded 12.50 EUR to your card.
The meeting was moved from Monday to Tuesday at 9:30.
Please send us a photo of the damaged parcel.
The password was reset; check your inbox.
This invoice was paid on 3 March 2026.
The train to Berlin leaves from platform 7.
There are three open tickets for your account.
Our office is closed on public holidays.
The patient should take one tablet twice a day.
The contract ends after 24 months without notice.
Cats sleep for most of the day.
Water boils at 100 degrees Celsius at sea level.
The library opens at ten and closes at six.
The quick brown fox jumps over the lazy dog.
I found two matching flights for you.
The report is attached as a PDF file.
Payment failed because the card has expired.
The museum is free on the first Sunday of the month.
Mix the flour with the eggs and the milk.
The server answered with an error 503.
Turn left after the bridge and follow the river.
No one has signed the document yet.
The warranty covers parts but not labour.
The goalkeeper saved two penalties in the final.
""".splitlines()
LABELS = [
    "billing",
    "delivery",
    "refund",
    "account",
    "spam",
    "other",
    "urgent",
    "positive",
    "negative",
    "neutral",
]
WORDS = [
    "order",
    "refund",
    "card",
    "Monday",
    "parcel",
    "inbox",
    "paid",
    "platform",
    "account",
    "patient",
    "cats",
]
TRICKY_TEXTS = [
    "", " ", "\n", "\t\n", "a", "A", "0", "-0", "null", "true", "42", "42.0", "4,200", " 42 ",
    "Café", "Cafe\u0301", "CAFÉ", "naïve", "STRASSE", "Straße", "straße", "İstanbul", "istanbul",
    "ﬁle", "file", "ＡＢＣ", "ABC", "日本語のテキスト", "مرحبا بالعالم", "Привет, мир!", "👩‍👩‍👧 family",
    "👩", "emoji 😀 here", "e\u200bmoji", "non\u00a0breaking", "non breaking", "line\r\nbreak",
    "line\nbreak", "tab\there", '"quoted"', "'quoted'", "“curly”", "it's", "it’s", "back\\slash",
    "percent 100%", "a,b,c", "a, b, c", '"a,b",c', "{{user}}", "{% if %}", "$1 $& \\1", ".*", "[x]",
    "<b>bold</b>", "a<b and c>d", '```json\n{"a": 1}\n```', "```\ncode\n```", "**bold**",
    "Yes.", "yes", "YES", "No", "no.", "...", "—", "a — b", "\u2028", "\ufeffBOM", "x" * 5000,
    "word " * 2000, "one  two   three", "one\u3000two", "one\u0085two", "don't stop", "C++ & C#",
]  # fmt: skip
JSON_TEXTS = [
    '{"a": 1}', '{"a":1}', ' {"a": 1} ', '{"a": 1.0}', '{"a": "1"}', '{"a": true}', '{"a": null}',
    '{"b": 2, "a": 1}', '{"a": 1, "a": 2}', '{"a": 1,}', "{'a': 1}", "{a: 1}", "[1, 2, 3]", "[]",
    "{}", '"text"', "1", "1e3", "-0", "01", "NaN", "Infinity", "true", "null", '{"a": NaN}',
    '{"a": [1, {"b": [2, {"c": 3}]}]}', '{"a": "\\u00e9"}', '{"a": "é"}', '{"a": "e\\u0301"}',
    '{"a": 12345678901234567890}', '{"a": 0.1}', '{"a": 1e400}', '// note\n{"a": 1}', '{"a": 1} x',
    'x {"a": 1}', '```json\n{"a": 1}\n```', 'Sure!\n```json\n{"a": 1}\n```\nDone.', "{", "}", "",
    '{"a": {"b": 1}}', '{"a": "x{y}z"}', '{"a": "{"} tail', '{"first": 1} {"second": 2}', "{not json}",
    '{"a": "line\nbreak"}', '{"a": "tab\\tx"}', '[{"a": 1}, {"a": 2}]', "The set {1, 2} is small.",
    '{"email": "a@b.org", "date": "2026-02-30"}', '{"email": "x", "date": "2026-02-28"}',
    '{"x_1": 1, "y": "z"}', '{"x_1": "one"}', '{"n": 3, "tags": ["a", "a"]}', '\ufeff{"a": 1}',
]  # fmt: skip
SCHEMAS: list[Any] = [
    {"type": "object"}, {"type": "object", "required": ["a"]}, {"type": "array"},
    {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
    {"type": "object", "properties": {"a": {"type": "number", "minimum": 1}}},
    {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False},
    {"type": "object", "properties": {"a": {"enum": [1, "1", True]}}},
    {"type": "object", "properties": {"a": {"const": 1}}},
    {"type": "object", "patternProperties": {"^x_": {"type": "integer"}}},
    {"type": "object", "patternProperties": {"^x_": {}}, "additionalProperties": False},
    {"type": "object", "properties": {"email": {"type": "string", "format": "email"}}},
    {"type": "object", "properties": {"date": {"type": "string", "format": "date"}}},
    {"type": "object", "properties": {"tags": {"type": "array", "uniqueItems": True}}},
    {"type": "object", "properties": {"a": False}}, {"type": "object", "minProperties": 2},
    {"type": ["object", "array"]}, {"anyOf": [{"type": "array"}, {"required": ["a"]}]},
    {"not": {"type": "object"}}, {"type": "object", "properties": {"a": {"$ref": "#/$defs/n"}},
     "$defs": {"n": {"type": "integer"}}},
    {"type": "object", "properties": {"a": {"type": "string", "pattern": "^[a-z]+$"}}},
    "type: object\nrequired: [a]",
]  # fmt: skip
PATTERNS = [
    "order", r"\d+", r"^\d+$", r"^$", r"(?i)yes", r"[A-Z]{2,}", r"^Your", r"Friday\.$", r"(\w)\1",
    r"(?=.*order)(?=.*Friday)", r"(?!.*refund)", r"(?<=order )\d+", r"\bcat\b", r"caf[eé]", r"\u00e9",
    r"^.{1,20}$", r"a|b", r"[^\x00-\x7F]", r"\s{2,}", r"^\s*$", r"\{.*\}", r"```", r"(a+)+$", r"x*",
    r"^(?:yes|no)\.?$", r"\d{1,2}:\d{2}", r"[\d.]+ EUR", r"\p{L}+", r"(", r"[", r"a{2}", r"^line$",
    r"line.break", r"\w+@\w+", r"^[\s\S]*$", r"(?<year>\d{4})", r"\$\d", r"\\",
]  # fmt: skip
XML_TEXTS = [
    "<a/>", "<a></a>", "<a><b/></a>", "<a><b></a>", "<a>", '<a b="1"/>', "<a b=1/>", "<a/><b/>",
    " <a/> ", "x <a/>", "<a/> x", '<?xml version="1.0"?><a/>', "<a>&amp;</a>", "<a>&nbsp;</a>", "<a>1 < 2</a>",
    "<a><![CDATA[<x>]]></a>", "<!-- c --><a/>", "<a><b><c>1</c></b></a>", "<a:b/>", '<a xmlns:x="u"><x:b/></a>',
    "Here: <a><b>1</b></a> done", "```xml\n<a><b/></a>\n```", "<1a/>", "", "no tags", "<a><b/><b/></a>",
    "<é/>", "<a>é</a>", "<A></a>", '<root><item id="1"/></root>',
]  # fmt: skip
HTML_TEXTS = [
    "<p>Hi</p>", "<p>Hi", "Hi", "<div><p>a</p></div>", "text <p>Hi</p>", "<p>Hi</p> text",
    "<!DOCTYPE html><html><body>Hi</body></html>", "<html>", "<br>", "<br/>", "a &amp; b", "a < b > c",
    "<foo>x</foo>", "<my-tag>x</my-tag>", '<?xml version="1.0"?><a/>', "<!-- x -->", "", "  ",
    '<a href="u">l</a>', "2 < 3 and 4 > 1", "<svg><path/></svg>", "<b>bold</b> and <i>it</i>",
    "```html\n<p>x</p>\n```", "use the <p> tag", "&lt;p&gt;", "<img src='x'>", "<script>1</script>",
    "<table><tr><td>1</td></tr></table>", "<P>upper</P>", "<h1>T</h1><p>x</p>", "List<String> x = y;",
]  # fmt: skip
REFUSALS = [
    "I'm sorry, but I can't assist with that request.", "I cannot help with that.", "Sorry, no.",
    "I am unable to provide medical advice.", "As an AI language model, I do not have opinions.",
    "I can't comply with that.", "I won't write that.", "My apologies, but this is not allowed.",
    "I apologize, I am not able to do this.", "I’m sorry, I can’t help with that.", "I will not do that.",
    "I don't feel comfortable with this.", "Unfortunately, this is outside of what I may do.",
    "Your parcel is late, sorry about that.", "I am not sure what you mean.", "You cannot return it.",
    "The shop will not answer on Sundays.", "I can help you with that.", "I'm happy to help.",
    "It is illegal to park here.", "That would not be appropriate.", "Here is the code.", "",
    "Sure! " + "Step one. " * 80 + "I cannot help with more.", "I cannot believe how good this is!",
    "Es tut mir leid, dabei kann ich nicht helfen.", "This is not legal advice.", "{}", "null",
]  # fmt: skip
SQL_TEXTS = [
    "SELECT 1", "SELECT * FROM users", "select name, id from users where id = 1;", "SELEC * FROM users",
    "SELECT FROM users", "INSERT INTO t (a) VALUES (1)", "UPDATE t SET a = 1 WHERE b = 2",
    "DELETE FROM t WHERE a = 1", "SELECT a FROM t JOIN u ON t.id = u.id", "```sql\nSELECT 1\n```",
    "Here it is: SELECT 1", "not sql at all", "", "SELECT count(*) FROM t GROUP BY a HAVING count(*) > 1",
    "SELECT 'it''s'", "CREATE TABLE t (a INT)", "SELECT a FROM t WHERE", "SELECT a b FROM t",
]  # fmt: skip
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city"],
        },
    },
}


def cases() -> Iterator[Case]:
    """Every case, the plain ones first."""
    chance = random.Random(12)
    yield from _plain(chance)
    yield from _tricky(chance)


def _one(kind: str, output: str, *, tricky: bool, negated: bool = False, **given: Any) -> Case:
    assertion = {"type": f"not-{kind}" if negated else kind}
    assertion |= {key: value for key, value in given.items() if value is not None}
    return Case(kind=kind, asserts=[assertion], output=output, tricky=tricky)


def _plain(chance: random.Random) -> Iterator[Case]:
    for sentence, word in itertools.product(SENTENCES, WORDS):
        for kind in ("contains", "icontains", "not-contains"):
            yield _one(kind.removeprefix("not-"), sentence, tricky=False, value=word,
                       negated=kind.startswith("not-"))  # fmt: skip
    for sentence, other in itertools.product(SENTENCES, SENTENCES):
        yield _one("equals", sentence, tricky=False, value=other)
        yield _one("levenshtein", sentence, tricky=False, value=other, threshold=30)
    for said, label in itertools.product(LABELS, LABELS):
        yield _one("equals", said, tricky=False, value=label)
        yield _one("starts-with", f"{said}: see below", tricky=False, value=label)
        yield _one("contains-any", f"It is {said}.", tricky=False, value=[label, "nothing"])
        yield _one("contains-all", f"It is {said}.", tricky=False, value=[label, "It"])
        yield _one("icontains-any", f"It is {said.upper()}.", tricky=False, value=[label])
        yield _one("icontains-all", f"It is {said.upper()}.", tricky=False, value=[label, "it"])
    for sentence in SENTENCES:
        for pattern in ("order", r"\d+", "^The", r"\.$", r"[A-Z]{2,}", "Friday|Monday"):
            yield _one("regex", sentence, tricky=False, value=pattern)
        for limits in ({"min": 5}, {"max": 8}, {"min": 6, "max": 9}, 8):
            yield _one("word-count", sentence, tricky=False, value=limits)
        for other in chance.sample(SENTENCES, 10):
            for kind in ("rouge-n", "bleu", "gleu"):
                yield _one(kind, sentence, tricky=False, value=other)
        yield from (_one(kind, sentence, tricky=False, value=sentence) for kind in
                    ("rouge-n", "bleu", "gleu"))  # fmt: skip
        yield _one("is-refusal", sentence, tricky=False)
        yield _one("is-json", sentence, tricky=False)
        yield _one("is-xml", sentence, tricky=False)
        yield _one("is-html", sentence, tricky=False)
        yield _one("is-html", f"<p>{sentence}</p>", tricky=False)
        yield _one("contains-html", f"Here: <p>{sentence}</p>", tricky=False)
        yield _one("contains-html", sentence, tricky=False)
        yield _one(
            "is-xml", f"<note><text>{sentence}</text></note>", tricky=False, value=["note.text"]
        )
        yield _one("contains-xml", f"Here: <note>{sentence}</note>", tricky=False)
    for number in range(120):
        document = {"id": number, "name": chance.choice(LABELS), "price": number / 4}
        text = json.dumps(document)
        wrong = chance.random() < 0.5
        schema = {
            "type": "object",
            "properties": {"id": {"type": "string" if wrong else "integer"}},
            "required": ["id", "name"],
        }
        yield _one("is-json", text, tricky=False, value=schema)
        yield _one("contains-json", f"Here it is: {text}", tricky=False, value=schema)
        yield _one("equals", text, tricky=False, value=document | ({"id": -1} if wrong else {}))
        yield Case(kind="latency", asserts=[{"type": "latency", "threshold": 500}], output="x",
                   tricky=False, latency_ms=number * 10)  # fmt: skip
        yield Case(kind="cost", asserts=[{"type": "cost", "threshold": 0.01}], output="x",
                   tricky=False, cost_usd=number / 5_000)  # fmt: skip
        yield Case(
            kind="assert-set", output=chance.choice(SENTENCES), tricky=False,
            asserts=[{"type": "assert-set", "threshold": 0.5, "assert": [
                {"type": "contains", "value": chance.choice(WORDS)},
                {"type": "regex", "value": r"\d"}]}],
        )  # fmt: skip
        yield from _calls(chance.choice(["weather", "mail"]), {"city": "Paris"}, tricky=False)
    for refusal in REFUSALS[:6]:
        yield _one("is-refusal", refusal, tricky=False)


def _calls(name: str, arguments: Any, *, tricky: bool) -> Iterator[Case]:
    called = [{"type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}]
    yield Case(kind="is-valid-openai-tools-call", asserts=[{"type": "is-valid-openai-tools-call"}],
               output="", tool_calls=called, tools=[TOOL], tricky=tricky)  # fmt: skip
    yield Case(kind="tool-call-f1", asserts=[{"type": "tool-call-f1", "value": ["weather"]}],
               output="", tool_calls=called, tools=[TOOL], tricky=tricky)  # fmt: skip


def _tricky(chance: random.Random) -> Iterator[Case]:
    texts = TRICKY_TEXTS
    for text in texts:
        for other in chance.sample(texts, 3):
            if other:
                kind = chance.choice(["contains", "icontains", "starts-with", "equals"])
                yield _one(kind, text, tricky=True, value=other, negated=chance.random() < 0.3)
        if text:
            yield _one("equals", text, tricky=True, value=text)
            yield _one("contains", f"x {text} y", tricky=True, value=text)
            yield _one("icontains", text.upper(), tricky=True, value=text.lower())
            yield _one("levenshtein", text[:300], tricky=True, value=text[:300] + "ab", threshold=2)
            yield _one(
                "levenshtein", text[:300], tricky=True, value=text[:300] + "abc", threshold=2
            )
        count = len(text.split())
        limits = [
            {"min": count},
            {"max": count - 1},
            {"min": count, "max": count},
            count,
            str(count),
        ]
        for limit in limits if count else limits[:1]:
            yield _one("word-count", text, tricky=True, value=limit)
        yield _one("regex", text, tricky=True, value=chance.choice(PATTERNS))
        yield _one("is-refusal", text, tricky=True)
        yield _one("is-json", text, tricky=True, negated=chance.random() < 0.5)
        yield _one("contains-json", text, tricky=True)
        yield _one("contains-html", text, tricky=True)
    for pattern in PATTERNS:
        for text in chance.sample(SENTENCES + texts, 6):
            yield _one("regex", text, tricky=True, value=pattern)
    for value in (
        "a,b",
        "a, b ,c",
        '"a,b",c',
        '"say ""hi""",x',
        ",,a,,",
        "Yes,no",
        '"a\\"b",c',
        "é,ß",
    ):
        for text in ("a,b", "b", "c", 'say "hi"', "x", 'a"b', "yes NO", "É ß", ""):
            kind = chance.choice(["contains-any", "contains-all", "icontains-any", "icontains-all"])
            yield _one(kind, text, tricky=True, value=value, negated=chance.random() < 0.3)
    for text in JSON_TEXTS:
        yield _one("is-json", text, tricky=True)
        yield _one("contains-json", text, tricky=True)
        yield _one("equals", text, tricky=True, value={"a": 1})
        for schema in chance.sample(SCHEMAS, 7):
            kind = chance.choice(["is-json", "contains-json"])
            yield _one(kind, text, tricky=True, value=schema, negated=chance.random() < 0.2)
    for text in XML_TEXTS:
        yield _one("is-xml", text, tricky=True)
        yield _one("contains-xml", text, tricky=True)
        yield _one("is-xml", text, tricky=True, value=["a.b"])
        yield _one("contains-xml", text, tricky=True, value="a.b")
        yield _one("contains-xml", text, tricky=True, value={"requiredElements": ["a"]})
    for text in HTML_TEXTS:
        yield _one("is-html", text, tricky=True)
        yield _one("contains-html", text, tricky=True, negated=chance.random() < 0.3)
    for text in REFUSALS:
        yield _one("is-refusal", text, tricky=True)
        yield _one("is-refusal", text, tricky=True, negated=True)
    for text in SQL_TEXTS:
        yield _one("is-sql", text, tricky=True)
        yield _one("contains-sql", text, tricky=True)
    for sentence in SENTENCES:
        near = sentence.replace(" the ", " a ").replace("is", "was")
        for kind in ("rouge-n", "bleu", "gleu"):
            for threshold in (0.3, 0.6, 0.9):
                yield _one(kind, near, tricky=True, value=sentence, threshold=threshold)
            yield _one(
                kind,
                sentence.upper(),
                tricky=True,
                value=[sentence, "other"] if kind != "rouge-n" else sentence,
            )
    for milliseconds, limit in ((100, 100), (100.01, 100), (99, 100), (0, 0), (1, 0)):
        yield Case(kind="latency", asserts=[{"type": "latency", "threshold": limit}], output="x",
                   tricky=True, latency_ms=milliseconds)  # fmt: skip
    for cost, limit in ((0.1, 0.1), (0.30000000000000004, 0.3), (0, 0), (0, 0.01), (1e-9, 0)):
        yield Case(kind="cost", asserts=[{"type": "cost", "threshold": limit}], output="x",
                   tricky=True, cost_usd=cost)  # fmt: skip
    for reason, value in itertools.product(("stop", "length", "STOP", None), ("stop", "length")):
        yield Case(kind="finish-reason", asserts=[{"type": "finish-reason", "value": value}],
                   output="x", tricky=True, finish_reason=reason)  # fmt: skip
    for arguments in (
        {},
        {"city": 1},
        {"city": "Rome", "days": 2},
        {"city": "Rome", "x": 1},
        [],
        "no",
    ):
        yield from _calls("weather", arguments, tricky=True)
    yield from _numbers()
    yield from _edges(chance)
    yield from _nested(chance)
    yield from _weighted(chance)
    yield from _with_variables()
    yield from _functions()


def _numbers() -> Iterator[Case]:
    """Numbers as YAML has them, and as an answer may write them."""
    values = (0, 1, -1, 1.5, 42, 100.0, 0.1, 1e21, 1e-7, 123456789012, 0.30000000000000004, True)
    texts = ("0", "1", "-1", "1.5", "42", "42.0", "100", "0.1", "1e21", "1e+21", "1e-7", "1e-07",
             "123456789012", "0.30000000000000004", "true", "True", "1.0", "It is 42.")  # fmt: skip
    for value, text in itertools.product(values, texts):
        yield _one("equals", text, tricky=True, value=value)
        if value is not True and value:
            yield _one("contains", text, tricky=True, value=value)


def _edges(chance: random.Random) -> Iterator[Case]:
    """Thresholds at the very score, just above it and just below it."""
    for sentence in SENTENCES:
        words = sentence.split()
        for drop in (1, 2, 3):
            text = " ".join(words[:-drop])
            edits = len(sentence) - len(text)
            for limit in (edits, edits - 1, edits + 1):
                yield _one("levenshtein", text, tricky=True, value=sentence, threshold=limit)
            kept = len(words) - drop
            for threshold in (2 * kept / (kept + len(words)), kept / len(words), 0, 1):
                yield _one("gleu", text, tricky=True, value=sentence, threshold=threshold)
                yield _one("rouge-n", text, tricky=True, value=sentence, threshold=threshold)
        yield _one("contains", f"«{sentence}»", tricky=True, value=sentence, negated=True)
        mixed = "".join(chance.choice([c.upper(), c.lower()]) for c in sentence)
        yield _one("icontains", mixed, tricky=True, value=sentence[3:20])
        yield _one("contains", mixed, tricky=True, value=sentence[3:20])


def _nested(chance: random.Random) -> Iterator[Case]:
    """JSON in JSON, quotes in quotes, keys in another order, and one value that is another."""
    for depth in range(1, 25):
        value: Any = {"id": depth, "quote": 'a "b" \\ c', "é": ["ß", None, True, 1.5]}
        for level in range(depth):
            value = {"level": level, "inner": [value, {"k": "v"}]}
        text = json.dumps(value, ensure_ascii=depth % 2 == 0, indent=chance.choice([None, 2]))
        turned = json.dumps(dict(reversed(list(value.items()))))
        wrong = json.loads(json.dumps(value).replace('"v"', '"w"', 1))
        for said in (text, turned, json.dumps(wrong), json.dumps(text)):
            yield _one("equals", said, tricky=True, value=value)
            yield _one(
                "is-json", said, tricky=True, value={"type": "object", "required": ["inner"]}
            )
            yield _one(
                "contains-json", f"So: {said} ok", tricky=True, value={"required": ["inner"]}
            )


def _weighted(chance: random.Random) -> Iterator[Case]:
    for _ in range(150):
        checks = [
            {"type": "contains", "value": chance.choice(WORDS), "weight": chance.choice([0, 1, 2])},
            {"type": "regex", "value": r"\d", "weight": chance.choice([0.1, 1, 3])},
            {"type": "not-contains", "value": "the", "weight": chance.choice([0.2, 1])},
        ]
        threshold = chance.choice([None, 0.25, 0.3, 0.5, 2 / 3, 1.0])
        if chance.random() < 0.5:
            inner = {"type": "assert-set", "assert": checks} | (
                {} if threshold is None else {"threshold": threshold}
            )
            yield Case(
                kind="assert-set", asserts=[inner], output=chance.choice(SENTENCES), tricky=True
            )
        else:
            yield Case(kind="weights", asserts=checks, output=chance.choice(SENTENCES),
                       threshold=threshold, tricky=True)  # fmt: skip


def _with_variables() -> Iterator[Case]:
    values = ("Paris", "O'Neil", 'say "hi"', "a{b}c", "{{x}}", "é", "", "1.0", "<b>", "50%")
    for value in values:
        for template, output in (
            ("{{user}}", value), ("{{ user }}!", f"{value}!"), ("{{user | upper}}", value.upper()),
            ("{{user | trim | lower}}", value.lower()), ('{{ "{{" }}user', "{{user"),
            ("{% raw %}{{user}}{% endraw %}", "{{user}}"), ('{"name": "{{user}}"}', f'{{"name": "{value}"}}'),
        ):  # fmt: skip
            yield Case(kind="variables", asserts=[{"type": "equals", "value": template}], output=output,
                       variables={"user": value}, tricky=True)  # fmt: skip


def _functions() -> Iterator[Case]:
    codes = (
        "len(output) > 5", "'a' in output", "0.5", "output.count('a') / 10", "{'pass': True, 'score': 0.2, 'reason': 'x'}",
        "{'pass': False, 'score': 1.0, 'reason': 'x'}", "'true'", "1 / 0", "None", "context['vars']['user'] in output",
        "x = output.strip()\nreturn x == 'Paris'",
    )  # fmt: skip
    for code, text in itertools.product(codes, ("Paris", "a cat", "")):
        yield Case(kind="python", asserts=[{"type": "python", "value": code}], output=text,
                   variables={"user": "Paris"}, tricky=True)  # fmt: skip
