"""Which calls a criterion is for: globs over what is known of a call."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auditor.text.surrogates import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """What a selector can see of a call: its category's id and names, its texts, its labels."""

    category_id: str
    category_names: Sequence[str] = ()
    system: str | None = None
    user: str | None = None
    model: str | None = None
    project: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Globs (``*`` and ``?``, whole text, any case) that must all match; None matches all."""

    category: str | None = None
    system: str | None = None
    user: str | None = None
    model: str | None = None
    project: str | None = None

    def matches(self, call: CallFacts) -> bool:
        """Whether this selector selects the call. A category matches by its id or any name."""
        names = (call.category_id, *call.category_names)
        if self.category is not None and not any(glob_match(self.category, n) for n in names):
            return False
        pairs = (
            (self.system, call.system),
            (self.user, call.user),
            (self.model, call.model),
            (self.project, call.project),
        )
        return all(glob is None or glob_match(glob, text or "") for glob, text in pairs)

    def definition(self) -> dict[str, Any]:
        """The selector as it stands in ``criteria.yaml``."""
        names = ("system", "user", "model", "project")
        match = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        written: dict[str, Any] = {} if self.category is None else {"category": self.category}
        return written | ({"match": match} if match else {})


def glob_match(glob: str, text: str) -> bool:
    """Whether the whole text matches ``*`` and ``?``, any case, in linear time."""
    return _compiled_glob(glob).fullmatch(without_surrogates(text)) is not None


@functools.lru_cache(maxsize=256)
def _compiled_glob(glob: str) -> Any:
    import re2

    wildcards = {"*": ".*", "?": "."}
    characters = without_surrogates(glob)
    pattern = "".join(wildcards.get(char) or re2.escape(char) for char in characters)
    return re2.compile(f"(?is){pattern}")
