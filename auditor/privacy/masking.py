"""Secrets and personal data: what is in a text, and the text without it.

A ``re2.Set`` over the hints of all rules says in one pass which rules may match a call at all (most
calls: none); only then is each text searched by the exact rule, and a hit looked at once more.
Nothing here is found that has no pattern: names and addresses in prose are not.

Secrets are always replaced by ``[SECRET:<rule>]``; personal data by ``[<CLASS>:<rule>]`` when the
user asks. A second different value of a rule in the same call gets a number, so that prompt and
answer still agree.
"""

from __future__ import annotations

import string
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

import re2

from auditor.privacy.escapes import HIDING, of_json, of_url
from auditor.privacy.rules import RULES, SECRET
from auditor.text.surrogates import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.privacy.escapes import Unescaped
    from auditor.privacy.rules import Rule

_TOGETHER = 8
"""Texts that are looked at together: most hold nothing."""

_MEMORY = 32 << 20
"""Bytes for the states of the search. With RE2's 8 MiB it forgets some and is a tenth slower."""

_MASKED = f"[{SECRET.upper()}:"
"""How a placeholder begins: it names a secret and is none."""

_NAME_KEYS, _VALUE_KEY = ("name", "key"), "value"
"""Headers and variables are often written ``{"name": ..., "value": ...}``."""

_UNFINISHED = string.ascii_letters + string.digits + "+/=_.~%\\-"
"""What keys are made of, escapes included."""

_SHOWN_OF_UNFINISHED = 8
"""Characters that are shown of a word that the end of an excerpt has cut."""


@cache
def _prefilter(*, secrets_only: bool) -> tuple[Any, tuple[Rule, ...]]:
    rules = tuple(r for r in RULES if r.kind == SECRET or not secrets_only)
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    found = re2.Set.SearchSet(options)
    for rule in rules:
        found.Add(rule.hint)
    found.Add(HIDING)
    found.Compile()
    return found, rules


def free_of_suspects(texts: Sequence[bytes], *, secrets_only: bool = False) -> list[bool]:
    """Say of each text whether no rule can match in it.

    Most texts hold nothing, so a few are looked at together, and each of them only where something
    may be in one of them.
    """
    match = _prefilter(secrets_only=secrets_only)[0].Match
    found = [True] * len(texts)
    for start in range(0, len(texts), _TOGETHER):
        some = texts[start : start + _TOGETHER]
        if match(b"\x00".join(some)):
            found[start : start + _TOGETHER] = [not match(text) for text in some]
    return found


def suspects(text: str | bytes, *, secrets_only: bool = False) -> Sequence[Rule]:
    """Return the rules that may match somewhere in a text; one pass, linear time.

    A text with escapes that may hide a key is searched as it is meant, too.
    """
    found, rules = _prefilter(secrets_only=secrets_only)
    matches = found.Match(text)
    if not matches:
        return ()
    hits = set(matches)
    if len(rules) in hits:
        written = text if isinstance(text, str) else text.decode("utf-8", "replace")
        meant = without_surrogates(of_json(written).text)
        for searched in (meant, of_url(meant).text):
            hits.update(found.Match(searched) or ())
        hits.remove(len(rules))
    return [rules[index] for index in sorted(hits)]


class Masker:
    """Masks the texts of one call, so that equal values get equal placeholders."""

    def __init__(self, rules: Sequence[Rule], *, personal: bool = False) -> None:
        self._rules = rules
        self._personal = personal
        self._names: dict[tuple[str, str], str] = {}
        self._per_rule: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.masked = 0

    def text(self, value: str) -> str:
        """Return a text without secrets and, where asked for, personal data.

        A lone surrogate, which JSON can hold and the patterns cannot, becomes U+FFFD.
        """
        if self._rules and not value.isascii():
            value = without_surrogates(value)
        for rule in self._rules:
            if rule.kind == SECRET and "\\" in value:
                value = self._apply(rule, value, of_json(value))
            value = self._apply(rule, value)
            if rule.kind == SECRET and "%" in value:
                value = self._apply(rule, value, of_url(value))
        return value

    def value(self, value: Any) -> Any:
        """Return a JSON value with every string in it masked, names of fields included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            # Headers are also written as lists: name, value.
            return [
                self._field(before, item) if isinstance(item, str) else self.value(item)
                for before, item in zip([None, *value], value, strict=False)
            ]
        if isinstance(value, dict):
            return self._object(value)
        return value

    def _object(self, value: dict[Any, Any]) -> dict[Any, Any]:
        named = next((value[key] for key in _NAME_KEYS if isinstance(value.get(key), str)), None)
        return {
            self.text(k) if isinstance(k, str) else k: (
                self._field(named if k == _VALUE_KEY and named else k, v)
                if isinstance(v, str)
                else self.value(v)
            )
            for k, v in value.items()
        }

    def _field(self, name: Any, value: str) -> str:
        """Return the text of a field, masked as a whole where the field's name says what it is."""
        masked = self.text(value)
        if (
            masked != value
            or not isinstance(name, str)
            or not value
            or any(map(str.isspace, value))
        ):
            return masked
        for rule in self._rules:
            fields = rule.compiled_fields
            if fields and fields.fullmatch(name) and rule.check(value):
                return self._replaced(rule, value)
        return value

    def _apply(self, rule: Rule, value: str, meant: Unescaped | None = None) -> str:
        """Replace what a rule finds, in the text as it stands or as it is meant."""
        out, last = [], 0
        searched = value if meant is None else meant.text
        for match in rule.compiled.finditer(searched):
            start, end = match.span(match.lastindex)
            found = searched[start:end]
            if searched.endswith(_MASKED, 0, start) or not rule.check(found):
                continue
            if meant is not None:
                start, end = meant.place(start), meant.place(end)
            if start < last:
                continue
            if rule.kind != SECRET and not self._personal:
                self.counts[rule.rule_id] += 1
                continue
            out += [value[last:start], self._replaced(rule, found)]
            last = end
        return "".join([*out, value[last:]]) if out else value

    def _replaced(self, rule: Rule, found: str) -> str:
        """Count a value and return its placeholder."""
        self.counts[rule.rule_id] += 1
        self.masked += 1
        key = (rule.rule_id, found)
        if key not in self._names:
            self._per_rule[rule.rule_id] += 1
            n = self._per_rule[rule.rule_id]
            number = f":{n}" if n > 1 else ""
            self._names[key] = f"[{rule.kind.upper()}:{rule.rule_id}{number}]"
        return self._names[key]


def sensitivity_class(rule_id: str) -> str:
    """Return the class a rule belongs to: secret, financial, gov_id, contact."""
    return _KINDS[rule_id]


_KINDS = {rule.rule_id: rule.kind for rule in RULES}


def without_secrets(text: str, *, personal: bool = False) -> str:
    """Return one text by itself without secrets and, where asked for, personal data."""
    return Masker(suspects(text, secrets_only=not personal), personal=personal).text(text)


def excerpt(raw: bytes, size: int = 200) -> str:
    """Return the first characters of a raw record, secrets masked and control characters shown.

    A key that the end of ``raw`` may have cut has lost its form: of a word that reaches so far only
    the first characters are shown.
    """
    window = size * 4
    text = raw[:window].decode("utf-8", "replace")
    masked = without_secrets(text, personal=True)
    if len(raw) >= window:
        masked = masked[: len(masked.rstrip(_UNFINISHED)) + _SHOWN_OF_UNFINISHED]
    masked = masked[:size]
    if masked.isprintable():
        return masked
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in masked)
