"""Which routes are one task: all that says the task must agree; like words are not enough.

A category that mixes tasks spoils the verdict of each, a task in two categories only costs replays.
So two routes are joined if something shows that they are one task, and nothing that they are two.

What shows two tasks:

- **message**: two messages under one system prompt that were found to be two tasks.
- **schema**: the caller's code names two output schemas.
- **tools**: both offer tools, and hardly one of them is the same. That the sets vary is no sign:
  what counts is all tools that a route was seen with, and under one instruction one in common.
- **answers**, **keys**, **labels**, **language**: the output contracts differ (see `contract`).
  This tells turns of an agent from drafts that may use tools.
- **task**: the instructions name two types of task that we know.

What shows one task, where none of these is found:

- **instruction**: the same instruction, edited (see `likeness`).
- **contract**: a particular contract is the same, and so is most of what the instructions say
  besides it, or they are in two languages.
- **tools**: the same tools, more than one, and like answers, with instructions in two languages or
  none at all.
- **form**: instructions in two languages name the same tags, keys or fields: code has no language.
- **version**: one took the place of the other, and both are about the same (see `succession`).
  Then neither another contract nor another instruction shows two tasks; other schemas or tools do.

Otherwise a group holds no two routes that something shows to be two tasks.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, product
from typing import TYPE_CHECKING

from auditor.categories.routes import contract
from auditor.categories.routes.contract import Contract
from auditor.categories.routes.language import content_words, form_names
from auditor.categories.routes.lexicon import USE_TOOLS, is_weak, task_type
from auditor.categories.routes.likeness import (
    Compared,
    Likeness,
    compare,
    dice,
    sentences,
)
from auditor.categories.routes.shape import main_family
from auditor.categories.routes.succession import UNKNOWN, Prompt, pooled, successions

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

MIN_COMMON_TOOLS = 0.5  # of the shorter list: less is another set of tools
MIN_SAME_TOOLS = 0.8  # of all tools of both: at least so much is the same set
MIN_TOOLS = 2  # that two tasks do not share by accident
MIN_USUAL = 0.85  # of the calls under a prompt have a message that is the usual one
MIN_SUBJECT = 0.6  # of the words that are not of the contract, where the contract is the same
MIN_NAMES = 3  # of tags, keys and fields that two tasks do not share by accident
MIN_SAME_NAMES = 0.8  # of the names of both: at least so much is the same form
MIN_LIKE_ANSWERS = 0.7  # common part of the families of answers


@dataclass(frozen=True, kw_only=True)
class RouteProfile:
    """What is compared of a route.

    `words` is its constant text, with `{…}` where it varies. `shapes` and `labels` count its
    answers, `tools` are all tools that it was seen with, `calls` is their number. `prompt` says
    when it was called and what it is about. `system` and `user` are keys of fragments, `system`
    only where the system prompt states the task.
    """

    words: str
    shapes: Mapping[str, int]
    labels: Mapping[str, int] = field(default_factory=dict)
    tools: tuple[str, ...] = ()
    response_format: str = ""
    calls: int = 0
    prompt: Prompt = UNKNOWN
    system: tuple[str, ...] = ()
    user: tuple[str, ...] = ()

    @cached_property
    def contract(self) -> Contract:
        """What its answers have in common."""
        return Contract.of(self.shapes, self.labels)

    @cached_property
    def shown_type(self) -> str:
        """The task type that tools, answers or words show."""
        answers = main_family(self.shapes)
        if self.tools and answers == "tool_call":
            return USE_TOOLS
        if answers in {"sql", "svg"}:
            return answers
        return task_type(" ".join(self.words.replace("{…}", " ").replace("---", " ").split()))

    @property
    def task_type(self) -> str:
        """The task type: the one shown, else a guess by the answers, which tells no two apart."""
        guessed = main_family(self.shapes) == "json" and is_weak(self.shown_type)
        return "extract" if guessed else self.shown_type


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Whether two routes are one task, and by what: see the module for the words.

    `apart` shows that they are two tasks, `together` that they are one.
    """

    apart: tuple[str, ...]
    together: tuple[str, ...]
    instructions: Compared

    @property
    def joined(self) -> bool:
        """Whether the two are joined."""
        return bool(self.together) and not self.apart


def compare_routes(
    one: RouteProfile, two: RouteProfile, idle: Collection[frozenset[str]] = ()
) -> Comparison:
    """Compare two routes by all that says what the task is; the order does not matter.

    `idle` are sentences that do not say it, see `idle_sentences`.
    """
    instructions = compare(one.words, two.words, idle)
    return Comparison(
        apart=_apart(one, two, instructions),
        together=_together(one, two, instructions),
        instructions=instructions,
    )


def idle_sentences(profiles: Sequence[RouteProfile]) -> frozenset[frozenset[str]]:
    """The content words of sentences that stand in prompts of two tasks, as their answers show."""
    holders: dict[frozenset[str], list[RouteProfile]] = defaultdict(list)
    for profile in profiles:
        for words in sentences(profile.words):
            holders[words].append(profile)
    return frozenset(
        words
        for words, some in holders.items()
        if any(
            _schemas_differ(a, b) or contract.differ(a.contract, b.contract)
            for a, b in combinations(some, 2)
        )
    )


def _apart(one: RouteProfile, two: RouteProfile, instructions: Compared) -> tuple[str, ...]:
    shown = []
    if one.system and one.system == two.system and _messages_differ(one, two, instructions):
        shown.append("message")
    if _schemas_differ(one, two):
        shown.append("schema")
    a, b = set(one.tools), set(two.tools)
    # With one instruction, any tool in common shows one caller whose sets vary.
    common = 0 if instructions.likeness == Likeness.SAME else MIN_COMMON_TOOLS
    if a and b and len(a & b) < max(1, common * min(len(a), len(b))):
        shown.append("tools")
    differs = contract.differ(one.contract, two.contract)
    if differs:
        shown.append(differs)
    kinds = {one.shown_type, two.shown_type}
    if len(kinds) > 1 and not any(map(is_weak, kinds)):
        shown.append("task")
    return tuple(shown)


def _schemas_differ(one: RouteProfile, two: RouteProfile) -> bool:
    return len({p.response_format for p in (one, two) if ":" in p.response_format}) > 1


def _code_differs(one: RouteProfile, two: RouteProfile) -> bool:
    """Whether the caller's code, and not its prompt, shows two tasks: no edit of a prompt does."""
    tools = set(one.tools), set(two.tools)
    return _schemas_differ(one, two) or (all(tools) and not tools[0] & tools[1])


def _messages_differ(one: RouteProfile, two: RouteProfile, instructions: Compared) -> bool:
    """Whether messages under one system prompt ask for two things: the prompt is alike anyway."""
    if one.user == two.user:
        return False
    if instructions.likeness == Likeness.SAME and not (
        instructions.only_one or instructions.only_two
    ):
        return False  # headings and popular values: the messages order nothing of their own
    if not one.user or not two.user:
        # The message that nearly all calls have is how the task is asked, not another task.
        asked = one if one.user else two
        return asked.calls < MIN_USUAL * (one.calls + two.calls)
    messages = (one.words.rpartition("---")[2], two.words.rpartition("---")[2])
    return compare(messages[0], messages[1]).likeness != Likeness.SAME


def _together(one: RouteProfile, two: RouteProfile, instructions: Compared) -> tuple[str, ...]:
    likeness = instructions.likeness
    if likeness == Likeness.SAME:
        return ("instruction",)
    shown = []
    if _same_contract(one, two) and (
        likeness == Likeness.FOREIGN or _subject_share(one, two) >= MIN_SUBJECT
    ):
        shown.append("contract")
    if likeness == Likeness.FOREIGN and _same_form(one, two):
        shown.append("form")
    if likeness in {Likeness.FOREIGN, Likeness.NOTHING} and _same_tools(one, two):
        shown.append("tools")
    return tuple(shown)


def _same_contract(one: RouteProfile, two: RouteProfile) -> bool:
    named = one.response_format == two.response_format and ":" in one.response_format
    return named or contract.same(one.contract, two.contract) is not None


def _subject_share(one: RouteProfile, two: RouteProfile) -> float:
    """The common share of the words, less those of the contract, which would count twice."""
    said = {word for p in (one, two) for word in (*p.contract.labels, *p.contract.keys)}
    idle = content_words(" ".join(said))
    return dice(content_words(one.words) - idle, content_words(two.words) - idle)


def _same_form(one: RouteProfile, two: RouteProfile) -> bool:
    a, b = form_names(one.words), form_names(two.words)
    like = contract.overlap(one.contract.families, two.contract.families) >= MIN_LIKE_ANSWERS
    return like and len(a & b) >= max(MIN_NAMES, MIN_SAME_NAMES * len(a | b))


def _same_tools(one: RouteProfile, two: RouteProfile) -> bool:
    a, b = set(one.tools), set(two.tools)
    return (
        len(a & b) >= max(MIN_TOOLS, MIN_SAME_TOOLS * len(a | b))
        and contract.overlap(one.contract.families, two.contract.families) >= MIN_LIKE_ANSWERS
    )


def group(profiles: Sequence[RouteProfile]) -> list[int]:
    """One label per route, from 0: routes of the same task have the same label.

    The most alike are joined first; a group takes in another only if no two of their routes are
    shown to be two tasks.
    """
    idle = idle_sentences(profiles)
    apart: set[frozenset[int]] = set()
    joined: list[tuple[float, int, int]] = []
    for a, b in combinations(range(len(profiles)), 2):
        found = compare_routes(profiles[a], profiles[b], idle)
        if found.apart:
            apart.add(frozenset((a, b)))
        elif found.joined:
            joined.append((-found.instructions.share, a, b))
    groups = _Groups(len(profiles))
    for _, a, b in sorted(joined):
        groups.join(a, b, unless=apart)
    _join_versions(profiles, groups, apart)
    return groups.labels()


def _join_versions(
    profiles: Sequence[RouteProfile], groups: _Groups, apart: Collection[frozenset[int]]
) -> None:
    """Join the groups of which one took the place of the other, unless their code says otherwise.

    Several groups may be the former version in pieces, if nothing shows that they are two tasks.
    """
    found = [list(members) for _, members in sorted(groups.members.items())]
    former: dict[int, list[int]] = defaultdict(list)
    for old, new in successions([pooled([profiles[i].prompt for i in some]) for some in found]):
        code = any(
            _code_differs(profiles[a], profiles[b]) for a, b in product(found[old], found[new])
        )
        other = any(frozenset(pair) in apart for pair in product(found[old], former[new]))
        if not code and not other:
            groups.join(found[old][0], found[new][0])
            former[new] += found[old]


class _Groups:
    """Disjoint groups of routes."""

    def __init__(self, n: int) -> None:
        self.members = {number: [number] for number in range(n)}
        self._home = list(range(n))

    def join(self, a: int, b: int, *, unless: Collection[frozenset[int]] = ()) -> None:
        """Join the groups of two routes, unless a pair of their members is one of these."""
        left, right = self._home[a], self._home[b]
        pairs = product(self.members[left], self.members[right])
        if left == right or any(frozenset(pair) in unless for pair in pairs):
            return
        for number in self.members[right]:
            self._home[number] = left
        self.members[left] += self.members.pop(right)

    def labels(self) -> list[int]:
        """The group of each route, numbered from 0."""
        names = {label: number for number, label in enumerate(dict.fromkeys(self._home))}
        return [names[label] for label in self._home]
