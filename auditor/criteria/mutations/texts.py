"""Errors in text: the wrong label, number or line; and answers that are no answer at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from auditor.criteria.checks.base import GradeInput
from auditor.criteria.comparators.numbers import number_in
from auditor.criteria.comparators.text_forms import label
from auditor.criteria.grading import grade_assertion
from auditor.criteria.model import Assertion
from auditor.criteria.mutations.documents import alike, shown
from auditor.criteria.mutations.model import Mutant
from auditor.criteria.mutations.numbers import number_off, telling_number
from auditor.domain import Answer, canonical_json

if TYPE_CHECKING:
    from random import Random

    from auditor.criteria.mutations.model import Logged, Pool

_LEAST_CUT = 12
"""Characters of an answer that can be cut in half."""
_TAIL = 20
"""Characters before the cut that are shown."""
_DONORS = 8
"""Answers that are looked at for one that is unlike another."""

_PAIR = re.compile(
    r"(?m)^[ \t]*(?:[-*][ \t]+)?\**([A-Za-z][\w /()-]{0,40}?)\**[ \t]*:\**[ \t]+(\S.*)$"
)
_ELEMENT = re.compile(r"<([A-Za-z_][\w:.-]{0,60})(?:\s[^<>]*)?>([^<>]*\S[^<>]*)</\1\s*>")

REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "I cannot assist with this request.",
    "I'm unable to provide an answer to this.",
)
BOILERPLATE = (
    "Sure! Here is the result you asked for.",
    "Done.",
    "N/A",
    "Please let me know if you need anything else.",
)
FOREIGN = {
    "de": "Vielen Dank für Ihre Nachricht. Wir haben die Angaben geprüft und melden uns in Kürze"
    " bei Ihnen, weil noch eine Abteilung gefragt werden muss und nicht alles klar ist.",
    "fr": "Merci pour votre message. Nous avons vérifié les informations et nous reviendrons vers"
    " vous bientôt, car un service doit encore être consulté et tout n'est pas clair.",
    "es": "Gracias por su mensaje. Hemos revisado los datos y pronto le daremos una respuesta,"
    " porque todavía falta la opinión de otro departamento y no todo está claro.",
    "en": "Thank you for your message. We have checked the details and will come back to you soon,"
    " because another department has to be asked and not everything is clear to us yet.",
    "ja": "お問い合わせありがとうございます。内容を確認いたしました。"
    "別の部署への確認が必要なため、後日あらためてご連絡いたします。",
}
"""The same few words in several languages; they answer nothing."""
_COMMON = {
    "de": "der die das und ist nicht ein eine zu mit für auf von sie wir den des",
    "fr": "le la les et est pas un une de des pour dans que vous nous sur du",
    "es": "el la los y es no un una de que para con por su en se del",
    "en": "the and is of to a in for that with on it you this are be your",
}
_KANA = re.compile(r"[\u3040-\u30ff]")


class Part(NamedTuple):
    """A named value in a text, and where it stands."""

    name: str
    value: str
    at: tuple[int, int]


def pairs_in(text: str) -> list[Part]:
    """The ``Key: value`` lines of a text."""
    return [Part(f[1].strip(), f[2].strip(), f.span(2)) for f in _PAIR.finditer(text)]


def elements_in(text: str) -> list[Part]:
    """The innermost XML elements that hold text."""
    return [Part(f[1], f[2].strip(), f.span(2)) for f in _ELEMENT.finditer(text)]


def label_swapped(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """Another label of the category."""
    own = label(answer.text)
    others = [w for name, w in pool.labels.items() if _parts(name) != _parts(own)]
    if own not in pool.labels or not others:
        return None
    new = rng.choice(others)
    return Mutant(answer.saying(new), f"{shown(answer.text.strip())} → {shown(new)}")


def pair_changed(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """What another answer has in a line of this one."""
    return _part_changed(answer, pairs_in(answer.text), pool.pairs, rng)


def element_changed(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """What another answer has in an element of this one."""
    return _part_changed(answer, elements_in(answer.text), pool.elements, rng)


def pair_dropped(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """One line less."""
    parts = [part for part in pairs_in(answer.text) if len(pool.pairs[part.name]) > 1]
    if not parts:
        return None
    part = rng.choice(parts)
    start = answer.text.rfind("\n", 0, part.at[0]) + 1
    text = answer.text[:start] + answer.text[part.at[1] :].removeprefix("\n")
    return Mutant(answer.saying(text), f"without {part.name}")


def element_dropped(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """One element less."""
    del pool
    found = list(_ELEMENT.finditer(answer.text))
    if not found:
        return None
    one = rng.choice(found)
    text = answer.text[: one.start()] + answer.text[one.end() :]
    return Mutant(answer.saying(text), f"without <{one[1]}>")


def number_in_text_off(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """The number that the text is about is off."""
    del pool
    found = telling_number(answer.text)
    off = number_off(found.group(), rng) if found else None
    if found is None or off is None:
        return None
    text = answer.text[: found.start()] + off + answer.text[found.end() :]
    if answer.shape == "number" and number_in(text) == number_in(answer.text):
        return None
    return Mutant(answer.saying(text), f"{found.group()} → {off}")


def other_answer(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """The answer of another call, of a few the one that is least like this one."""
    others = [
        other
        for other in pool.answers
        if other is not answer and other.request != answer.request and _differ(answer, other)
    ]
    if not others:
        return None
    donors = rng.sample(others, min(_DONORS, len(others)))
    donor = min(donors, key=lambda other: _likeness(answer, other))
    if answer.shape == "prose" and donor.shape == "prose" and alike(answer.text, donor.text):
        return None
    said = Answer(
        text=donor.text or None, tool_calls=donor.tool_calls, finish_reason=donor.finish_reason
    )
    return Mutant(said, shown(_words(donor)))


def truncated(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """Cut off in the middle of what a caller would use."""
    del rng
    core = answer.json or answer.block
    cut = answer.text[: (core.start + core.end) // 2].rstrip()
    if core.end - core.start < _LEAST_CUT or label(cut) in pool.said:
        return None
    return Mutant(answer.saying(cut), f"…{cut[-_TAIL:]}")


def calls_truncated(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """The arguments of the last call cut off."""
    del pool, rng
    name, given = answer.calls[-1]
    text = given if isinstance(given, str) else canonical_json(given)
    if len(text) < _LEAST_CUT:
        return None
    calls = [*answer.calls[:-1], (name, text[: len(text) // 2])]
    return Mutant(answer.calling(calls), f"the arguments of {name} cut off")


def refused(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """Declines the task, where the logged answer does not."""
    del pool
    refusal = Assertion(type="is-refusal")
    if answer.text and grade_assertion(refusal, GradeInput(text=answer.text)).passed:
        return None
    text = rng.choice(REFUSALS)
    return Mutant(answer.saying(text), text)


def boilerplate(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """Words that answer nothing."""
    empty = [text for text in BOILERPLATE if label(text) not in pool.said]
    if not empty:
        return None
    text = rng.choice(empty)
    return Mutant(answer.saying(text), text)


def other_language(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """Text of about the same length in another language."""
    del pool
    spoken = _language(answer.text)
    if spoken is None:
        return None
    name = rng.choice([name for name in FOREIGN if name != spoken])
    text = FOREIGN[name]
    while len(text) < len(answer.text):
        text += f" {FOREIGN[name]}"
    end = text.rfind(" ", 0, max(len(answer.text), _LEAST_CUT * 4))
    return Mutant(answer.saying(text[:end] if end > 0 else text), f"written in {name}")


def _language(text: str) -> str | None:
    """The language of a text by its commonest words; None where they do not tell."""
    if _KANA.search(text):
        return "ja"
    words = re.findall(r"\w+", text.casefold())
    counts = {name: sum(w in common.split() for w in words) for name, common in _COMMON.items()}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] > 1 else None


def _part_changed(
    answer: Logged, parts: list[Part], known: dict[str, list[str]], rng: Random
) -> Mutant | None:
    rng.shuffle(parts)
    for part in parts:
        others = [o for o in known[part.name] if label(o) != label(part.value)]
        others = [o for o in others if not alike(o, part.value)]
        if others:
            new = rng.choice(others)
            text = answer.text[: part.at[0]] + new + answer.text[part.at[1] :]
            return Mutant(answer.saying(text), f"{part.name}: {shown(part.value)} → {shown(new)}")
    return None


def _parts(name: str) -> frozenset[str]:
    """The labels in a list of labels: their order is free."""
    return frozenset(part.strip() for part in re.split(r"[,;|/]", name))


def _differ(answer: Logged, other: Logged) -> bool:
    if answer.tool_calls or other.tool_calls:
        return sorted(map(canonical_json, answer.calls)) != sorted(map(canonical_json, other.calls))
    if answer.json and other.json:
        return canonical_json(answer.json.value) != canonical_json(other.json.value)
    return _parts(label(answer.text)) != _parts(label(other.text))


def _likeness(answer: Logged, other: Logged) -> float:
    """Share of the words of two answers that both have."""
    one, two = ({*re.findall(r"\w+", _words(a)[:5_000].casefold())} for a in (answer, other))
    return len(one & two) / max(len(one | two), 1)


def _words(answer: Logged) -> str:
    """All that an answer says and calls."""
    calls = canonical_json(answer.calls) if answer.calls else ""
    return f"{answer.text} {calls}".strip()
