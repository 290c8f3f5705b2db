"""The rules of ``rules.toml``: what a secret or a piece of personal data looks like."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import re2

from auditor.privacy.plausibility import CHECKS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SECRET = "secret"  # noqa: S105 - the name of a class

_KEY_START = r"(?:^|[^A-Za-z0-9]|%[0-9A-Fa-f]{2}|\[[0-9;]{1,8}m)"
"""A key stands behind no letter or digit, but for those of a URL's or a terminal's escape."""

_PARTS = {
    "edge": _KEY_START,
    "start": r"(?:\b|\\[nrtf])",
    "quote": r"\\*['\"`]",
    "gap": r"(?:\s|\\+[tnrf]){0,3}",
    "wide": r"(?:\s|\\+[tnrf]){0,40}",
    "names": r"api[ _-]?key|apikey|api[ _-]?secret|x-goog-api-key|"
    r"(?:access|secret|private|encryption|signing|auth|account|subscription|shared|master|license|"
    r"service|deploy|storage|admin|consumer|client|app|application|function|webhook|integration)"
    r"[_-]?key|secret[_-]?key[_-]?base|x-[a-z0-9-]{1,40}-(?:token|key|secret)|"
    r"(?:client|app|consumer|shared|webhook|signing|jwt|session|cookie|oauth|hmac)[_-]?secret|"
    r"secret|credentials?|authorization|"
    r"(?:access|auth|authorization|refresh|id|api|bot|bearer|security|session|oauth|personal|"
    r"deploy|vault|github|gitlab|slack|jwt|push|device|user|app|service|private|server|job)[_-]?token|"
    r"(?-i:[A-Z0-9]_(?:TOKEN|PAT))|(?:^|[^A-Za-z_-]|\\+[tnrf]|\\u00..)token|connection[_-]?string",
}
"""What stands for ``<edge>``, ``<start>`` and so on in patterns and hints.

Start, quote and gap also as they stand in JSON, and in JSON within JSON.
"""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One kind of sensitive value; ``rules.toml`` says what the fields mean."""

    rule_id: str
    kind: str
    """Its class: secret, financial, gov_id or contact."""
    pattern: str
    hint: str
    check: Callable[[str], bool]
    fields: str | None
    example: str
    decoy: str

    @cached_property
    def compiled(self) -> Any:
        """The pattern, compiled by RE2."""
        return re2.compile(self.pattern, _quiet())

    @cached_property
    def compiled_fields(self) -> Any:
        """The names of fields whose whole value is one, compiled by RE2; None where no name is."""
        return re2.compile(self.fields, _quiet()) if self.fields else None


def _quiet() -> Any:
    """Return RE2's options but for its messages to the terminal."""
    options = re2.Options()
    options.log_errors = False
    return options


def _rule(row: Mapping[str, str]) -> Rule:
    if "pattern" in row:
        pattern, hint = _filled(row["pattern"]), _filled(row["hint"])
    else:
        begins, form = row.get("begins", ""), row["form"]
        pattern = f"{_before(begins, checked='check' in row)}({begins}{form})"
        hint = row.get("hint") or begins + _beginning_of(form)
    return Rule(
        rule_id=row["id"],
        kind=row.get("kind", SECRET),
        pattern=pattern,
        hint=hint,
        check=CHECKS[row.get("check", "key")],
        fields=_filled(row["fields"]) if "fields" in row else None,
        example=row["example"].replace("|", ""),
        decoy=row["decoy"],
    )


def _before(begins: str, *, checked: bool) -> str:
    """Return what may stand before a key.

    Where a log joins the parts of a text, a word may end right before it: "seeAKIA...". It may not
    where the word and the beginning could be one: "task-...".
    """
    if not checked and _TELLING_SIGN.search(begins):
        return ""
    return _KEY_START if checked and begins[:1].islower() else _KEY_START + _WORD


_WORD = "(?:[A-Z]?[a-z]{1,15}|[0-9]{1,6})?"

_TELLING_SIGN = re.compile(r"\w{2}(?:[_-]|\\\.)|[_-]\)")
"""What no word holds: such a beginning is found behind anything."""

_TELLING = 12
"""How many characters of a key are looked for before its whole form is."""


def _filled(pattern: str) -> str:
    return re.sub("<(edge|start|quote|gap|wide|names)>", lambda found: _PARTS[found[1]], pattern)


def _beginning_of(form: str) -> str:
    """Return what the first characters of a form are: no more than tell it from words."""
    found = re.match(r"(\[[^\]]+\])\{(\d+)", form)
    if found is None:
        return ""
    # In JSON within JSON a slash may be written with a backslash.
    letters = found[1].replace("/", r"/\\") if "/" in found[1] else found[1]
    return f"{letters}{{{min(int(found[2]), _TELLING)}}}"


def _read() -> tuple[Rule, ...]:
    text = (files("auditor.privacy") / "rules.toml").read_text(encoding="utf-8")
    return tuple(map(_rule, tomllib.loads(text)["rule"]))


RULES: tuple[Rule, ...] = _read()
