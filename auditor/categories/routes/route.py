"""What goes into the search for routes, and what comes out of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.categories.routes.succession import Activity

ANY_TOOLS = ("*",)
"""Stands for "some tools" where sets of tools are too rare to tell routes apart.

Names after it are all tools of a caller that offers now these, now those.
"""


class CallText(NamedTuple):
    """One call as the search reads it: what the caller's code sent, and the shape of the answer.

    `user` is the first user message: what follows in a conversation is written by people and
    models. `conversation` names the conversation where the log tells it. `shape` is the output
    shape of the logged answer (see `shape.shape`), None if there is no answer; `label` is the
    answer itself where its shape is a label.

    A tuple, because a million of them are made.
    """

    call_id: str
    system: str | None
    user: str
    tools: tuple[str, ...] = ()
    response_format: str | None = None
    conversation: str | None = None
    turns: int = 1
    shape: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class StructuralKey:
    """Everything in a request that is not text; `system` is `none`, `generic` or `specific`."""

    system: str
    tools: tuple[str, ...] = ()
    response_format: str = ""

    @property
    def has_form(self) -> bool:
        """Whether tools or an output format tell the calls apart from plain chat."""
        return bool(self.tools) or self.response_format not in {"", "text"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Calls that come from one place in the caller's code.

    A request belongs to a template route if it holds the fragments with these keys on each side.
    Where `task_prompt` is set, the system prompt states the task and decides alone: tools and
    format only break ties. A `free_form` route is a part of the calls without a template.
    `system_shingles` and `user_shingles` count the constant shingles of each side.
    """

    route_id: str
    structure: StructuralKey
    system_fragments: tuple[str, ...] = ()
    user_fragments: tuple[str, ...] = ()
    free_form: bool = False
    task_prompt: bool = False
    system_shingles: int = 0
    user_shingles: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteEvidence:
    """Why the calls of a route belong together.

    `constant_share` is the share of the tokens of the example calls that all of them have in
    common, `shapes` counts the answers of each shape, `examples` are ids of calls. `labels` counts
    the labels that some of its calls were answered with, `tools` are all tools that they offered;
    `activity` says when calls were made, and `subject` which share of them holds each word.
    """

    template: str
    constant_share: float
    shapes: Mapping[str, int] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    calls: int = 0
    labels: Mapping[str, int] = field(default_factory=dict)
    tools: tuple[str, ...] = ()
    activity: Activity | None = None
    subject: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A task: one or several routes. `method` is `route`, or `residual` for free-form calls."""

    category_id: str
    name: str
    method: str
    task_type: str
    output_shape: str
    route_ids: tuple[str, ...]


def stable_id(*parts: str) -> str:
    """Hex id of 24 characters over text parts, the same on every machine."""
    return hashlib.blake2b(
        "\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=12
    ).hexdigest()
