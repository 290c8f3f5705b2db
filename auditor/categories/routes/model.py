"""What goes into the search for routes and what comes out of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ANY_TOOLS = ("*",)
"""Stands for "some tools" where sets of tools are too rare to tell routes apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doc:
    """One call as the search sees it: what the caller's code sent, and what came back.

    `user` is the first user message: what follows in a conversation is written by
    people and models. `conversation` names the conversation where that is known.
    `shape` is the output shape of the logged answer (see `shape.shape`), None if
    there is no answer.
    """

    call_id: str
    system: str | None
    user: str
    tools: tuple[str, ...] = ()
    response_format: str | None = None
    conversation: str | None = None
    turns: int = 1
    shape: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Structure:
    """The structural key: all of a request that is not text."""

    system: str  # none, generic or specific
    tools: tuple[str, ...] = ()
    response_format: str = ""

    @property
    def has_form(self) -> bool:
        """Whether tools or an output format tell the calls apart from plain chat."""
        return bool(self.tools) or self.response_format not in {"", "text"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Calls that come from one place in the caller's code.

    `system_fragments` and `user_fragments` are keys of fragments a request must
    hold; a `free` route is a part of the free-form rest instead. `mass` is the
    number of constant shingles behind the rule.
    """

    route_id: str
    structure: Structure
    system_fragments: tuple[str, ...] = ()
    user_fragments: tuple[str, ...] = ()
    free: bool = False
    owned: bool = False  # a task-bearing system prompt decides
    system_mass: int = 0
    user_mass: int = 0

    @property
    def mass(self) -> int:
        """Constant shingles on both sides."""
        return self.system_mass + self.user_mass


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why the calls of a route belong together."""

    template: str
    constant_share: float  # of the tokens read, over the examples
    shapes: Mapping[str, int] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    calls: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A task: one or several routes."""

    category_id: str
    name: str
    method: str  # route or residual
    task_type: str
    output_shape: str
    route_ids: tuple[str, ...]


def name_digest(*parts: str) -> str:
    """Hex id of 24 characters over text parts, the same on every machine."""
    return hashlib.blake2b(
        "\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=12
    ).hexdigest()
