"""Secrets and personal data: what is in a text, and the text without it.

One table of rules. A ``re2.Set`` over loose forms of all of them says in one pass which rules may
match a call at all (most calls: none); only then is each text searched by the exact rule, and a
hit re-checked by its check digits. Nothing here is found that has no pattern:
names and addresses in prose are not.

Secrets are always replaced by ``[SECRET:<rule>]``; personal data by ``[<CLASS>:<rule>]`` when the
user asks. A second different value of a rule in the same call gets a number, so that prompt and
answer still agree.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import re2

from auditor.privacy.check_digits import is_card_number, is_iban, is_social_security_number
from auditor.text.surrogates import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of sensitive value.

    ``pattern`` is RE2; its group 1 is the value when it has one. ``hint`` is a looser pattern that
    matches wherever ``pattern`` does, also in JSON text, where a line feed is backslash and n and
    a control character six letters.
    """

    rule_id: str
    kind: str
    pattern: str
    hint: str
    check: Callable[[str], bool] | None = None


_WORD_LETTERS = 8
_TOGETHER = 16
_START = r"(?:\b|\\[nrtf])"
_QUOTE = r"\\*['\"]"
_SPACES = r"(?:\s|\\+[tnrf]){0,3}"
"""Also as they stand in JSON, and in JSON within JSON."""

SECRET = "secret"  # noqa: S105 - the name of a class


def _phone(value: str) -> bool:
    digits = [c for c in value if c.isdigit()]
    return 9 <= len(digits) <= 15  # noqa: PLR2004 - E.164


def _ipv4(value: str) -> bool:
    parts = [int(part) for part in value.split(".")]
    return all(part < 256 for part in parts) and parts[0] not in (0, 10, 127)  # noqa: PLR2004


def _mixed(value: str) -> bool:
    """A key holds digits and letters; a long word or a placeholder does not."""
    both = any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    return both and len(set(value)) > _WORD_LETTERS


RULES: tuple[Rule, ...] = (
    Rule(
        rule_id="aws-access-key",
        kind=SECRET,
        pattern=_START + r"((?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16})\b",
        hint=r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",
    ),
    Rule(
        rule_id="aws-secret-key",
        kind=SECRET,
        check=_mixed,
        pattern=r"(?i)aws.{0,20}secret.{0,20}['\"\s:=]([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+]|$)",
        # A gap behind a word as common as aws would make a thousand states of every text.
        hint=r"(?is)secret(?:\\u[0-9a-f]{4}|\\.|.){0,21}[A-Za-z0-9/+]{40}",
    ),
    Rule(
        rule_id="anthropic-key",
        kind=SECRET,
        pattern=_START + r"(sk-ant-[A-Za-z0-9_-]{20,})",
        hint=r"sk-ant-[A-Za-z0-9_-]{20}",
    ),
    Rule(
        rule_id="openai-key",
        kind=SECRET,
        check=_mixed,
        pattern=_START + r"(sk-(?:proj-|svcacct-|admin-|or-v1-|lf-)?[A-Za-z0-9_-]{20,})",
        hint=r"sk-[A-Za-z0-9_-]{20}",
    ),
    Rule(
        rule_id="github-token",
        kind=SECRET,
        pattern=_START + r"(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})",
        hint=r"gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22}",
    ),
    Rule(
        rule_id="gitlab-token",
        kind=SECRET,
        pattern=_START + r"(glpat-[A-Za-z0-9_-]{20,})",
        hint=r"glpat-[A-Za-z0-9_-]{20}",
    ),
    Rule(
        rule_id="slack-token",
        kind=SECRET,
        pattern=_START + r"(xox[abeoprs]-[A-Za-z0-9-]{10,})",
        hint=r"xox[abeoprs]-[A-Za-z0-9-]{10}",
    ),
    Rule(
        rule_id="slack-webhook",
        kind=SECRET,
        pattern=r"(https://hooks\.slack\.com/services/[A-Za-z0-9/]{20,})",
        hint=r"hooks\.slack\.com/services/",
    ),
    Rule(
        rule_id="google-api-key",
        kind=SECRET,
        pattern=_START + r"(AIza[A-Za-z0-9_-]{35})",
        hint=r"AIza[A-Za-z0-9_-]{35}",
    ),
    Rule(
        rule_id="stripe-key",
        kind=SECRET,
        pattern=_START + r"((?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,})",
        hint=r"[sr]k_(?:live|test)_[A-Za-z0-9]{16}",
    ),
    Rule(
        rule_id="npm-token",
        kind=SECRET,
        pattern=_START + r"(npm_[A-Za-z0-9]{36})\b",
        hint=r"npm_[A-Za-z0-9]{36}",
    ),
    Rule(
        rule_id="huggingface-token",
        kind=SECRET,
        pattern=_START + r"(hf_[A-Za-z]{34})\b",
        hint=r"hf_[A-Za-z]{34}",
    ),
    Rule(
        rule_id="jwt",
        kind=SECRET,
        pattern=_START + r"(eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{10,})",
        hint=r"eyJ[A-Za-z0-9_-]{8,}\.eyJ",
    ),
    Rule(
        rule_id="private-key",
        kind=SECRET,
        pattern=r"(-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)"
        r"(?:-----END [A-Z ]*PRIVATE KEY-----|\z))",
        hint=r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    ),
    Rule(
        rule_id="password-in-url",
        kind=SECRET,
        pattern=r"\b[a-z][a-z0-9+.-]{2,15}://[^\s:/@'\"]{1,80}:([^\s:/@'\"]{3,80})@",
        hint=r"://[^\s:/@'\"]{1,80}:[^\s:/@'\"]{3,80}@",
    ),
    Rule(
        rule_id="password",
        kind=SECRET,
        check=_mixed,
        pattern=rf"(?i){_START}(?:password|passwd|api[_-]?key|secret[_-]?key|access[_-]?token)"
        rf"{_QUOTE}?{_SPACES}[:=]{_SPACES}{_QUOTE}([^\s'\"]{{12,120}})['\"]",
        hint=r"(?i)(?:passw(?:or)?d|api[_-]?key|secret[_-]?key|access[_-]?token)"
        rf"{_QUOTE}?{_SPACES}[:=]{_SPACES}{_QUOTE}",
    ),
    Rule(
        rule_id="payment-card",
        kind="financial",
        check=is_card_number,
        pattern=_START + r"((?:4\d|5[1-5]|2[2-7]|3[47]|6[05])\d{2}[ -]?\d{4,6}[ -]?\d{4,5}"
        r"(?:[ -]?\d{1,7})?)\b",
        hint=r"[2-6]\d{3}[ -]?\d{4,6}[ -]?\d{4}",
    ),
    Rule(
        rule_id="iban",
        kind="financial",
        check=is_iban,
        pattern=_START + r"([A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?)\b",
        hint=r"[A-Z]{2}\d{2} ?[A-Z0-9]{4} ?[A-Z0-9]{4}",
    ),
    Rule(
        rule_id="us-ssn",
        kind="gov_id",
        check=is_social_security_number,
        pattern=_START + r"(\d{3}-\d{2}-\d{4})\b",
        hint=r"\d{3}-\d{2}-\d{4}",
    ),
    Rule(
        rule_id="email",
        kind="contact",
        pattern=_START
        + r"([A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24})\b",
        hint=r"[A-Za-z0-9._%+-]@[A-Za-z0-9-]+\.[A-Za-z0-9-]",
    ),
    Rule(
        rule_id="phone",
        kind="contact",
        check=_phone,
        pattern=r"(?:^|[^\w.+-]|\\[nrtf])(\+\d{1,3}[ .-]?\(?\d{1,4}\)?(?:[ .-]?\d{2,4}){2,4}"
        r"|\(\d{3}\) ?\d{3}-\d{4}|\d{3}[-.]\d{3}[-.]\d{4})(?:$|[^\w-])",
        hint=r"\+\d{1,3}[ .-]?\(?\d{1,4}\)?[ .-]?\d{2,4}[ .-]?\d{2}"
        r"|\(\d{3}\) ?\d{3}-\d{4}|\d{3}[-.]\d{3}[-.]\d{4}",
    ),
    Rule(
        rule_id="ip-address",
        kind="contact",
        check=_ipv4,
        pattern=r"(?:^|[^\d.])((?:\d{1,3}\.){3}\d{1,3})(?:$|[^\d.])",
        hint=r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d",
    ),
)


@cache
def _prefilter(*, secrets_only: bool) -> tuple[Any, tuple[Rule, ...]]:
    rules = tuple(r for r in RULES if r.kind == SECRET or not secrets_only)
    options = re2.Options()
    options.log_errors = False
    found = re2.Set.SearchSet(options)
    for rule in rules:
        found.Add(rule.hint)
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


@cache
def _compiled(rule: Rule) -> Any:
    return re2.compile(rule.pattern)


def suspects(text: str | bytes, *, secrets_only: bool = False) -> Sequence[Rule]:
    """Return the rules that may match somewhere in a text; one pass, linear time."""
    found, rules = _prefilter(secrets_only=secrets_only)
    hits = found.Match(text)
    return [rules[index] for index in sorted(hits)] if hits else ()


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
            value = self._apply(rule, value)
        return value

    def _apply(self, rule: Rule, value: str) -> str:
        out, last = [], 0
        for match in _compiled(rule).finditer(value):
            start, end = match.span(1)
            found = value[start:end]
            if start < last or (rule.check and not rule.check(found)):
                continue
            self.counts[rule.rule_id] += 1
            if rule.kind != SECRET and not self._personal:
                continue
            out += [value[last:start], self._placeholder(rule, found)]
            last = end
            self.masked += 1
        return "".join([*out, value[last:]]) if out else value

    def _placeholder(self, rule: Rule, found: str) -> str:
        key = (rule.rule_id, found)
        if key not in self._names:
            self._per_rule[rule.rule_id] += 1
            n = self._per_rule[rule.rule_id]
            number = f":{n}" if n > 1 else ""
            self._names[key] = f"[{rule.kind.upper()}:{rule.rule_id}{number}]"
        return self._names[key]

    def value(self, value: Any) -> Any:
        """Return a JSON value with every string in it masked, keys of objects included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {
                self.text(k) if isinstance(k, str) else k: self.value(v) for k, v in value.items()
            }
        return value


def sensitivity_class(rule_id: str) -> str:
    """Return the class a rule belongs to: secret, financial, gov_id, contact."""
    return _KINDS[rule_id]


_KINDS = {rule.rule_id: rule.kind for rule in RULES}


def excerpt(raw: bytes, size: int = 200) -> str:
    """Return the first characters of a raw record, secrets masked and control characters shown."""
    text = raw[: size * 4].decode("utf-8", "replace")
    masked = Masker(suspects(text), personal=True).text(text)[:size]
    if masked.isprintable():
        return masked
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in masked)
