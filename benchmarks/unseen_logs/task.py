"""One task of a team: its prompt templates, and how one call of it comes about."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from writer import Writer

NUMBER = re.compile(r"\{\d+\.\.\d+\}")
"""In JSON, a pattern that is nothing but a number is written as one."""

Message = dict[str, Any]
"""role (user, assistant or tool) and content; an assistant may have a `call` to a tool instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool: what it is for, patterns of its arguments, and what it gives back."""

    name: str
    purpose: str
    arguments: Mapping[str, str]
    result: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task; all texts are patterns.

    Of several `systems` the first is the oldest version of the prompt: a log begins with it and
    ends with the last. A user message is one of `users`, an answer one of `answers` (a dict is
    written as JSON). An agent has `tools`, offers `offered` of them at a time (0: all), and works
    in up to `steps` calls; a chat has up to `turns` messages of the user.
    """

    name: str
    weight: float
    model: str
    systems: Sequence[str | None] = (None,)
    users: Sequence[str]
    answers: Sequence[str | Mapping[str, Any]] = ()
    schema: str | None = None  # its name, where answers follow a JSON schema
    json_mode: bool = False
    tools: Sequence[Tool] = ()
    offered: int = 0
    steps: int = 1
    turns: int = 1
    followups: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer: text, or a call to a tool."""

    task: Task
    system: str | None
    messages: Sequence[Message]
    tools: Sequence[Tool]
    answer: str | None = None
    call: tuple[str, Mapping[str, Any]] | None = None


def exchanges(task: Task, writer: Writer, progress: float) -> list[Exchange]:
    """The calls of one request by a user: one, or several for a chat or an agent.

    Args:
        task: The task.
        writer: Fills the patterns.
        progress: How far the log is, from 0 to 1: decides the version of the system prompt.
    """
    version = min(int(progress * len(task.systems)), len(task.systems) - 1)
    pattern = task.systems[version]
    system = None if pattern is None else writer.fill(pattern)
    messages: list[Message] = [{"role": "user", "content": _one_of(writer, task.users)}]
    tools = list(task.tools)
    if task.offered:
        tools = writer.rng.sample(tools, task.offered)
    out = []
    if tools:
        for _ in range(writer.rng.randint(0, task.steps)):
            tool = writer.rng.choice(tools)
            arguments = {key: writer.fill(text) for key, text in tool.arguments.items()}
            call = (tool.name, arguments)
            out.append(
                Exchange(task=task, system=system, messages=tuple(messages), tools=tools, call=call)
            )
            messages.append({"role": "assistant", "call": call})
            result = {key: writer.fill(text) for key, text in tool.result.items()}
            messages.append({"role": "tool", "content": json.dumps(result, ensure_ascii=False)})
    for turn in range(writer.rng.randint(1, task.turns)):
        if turn:
            messages.append({"role": "user", "content": _one_of(writer, task.followups)})
        answer = _answer(writer, task)
        out.append(
            Exchange(task=task, system=system, messages=tuple(messages), tools=tools, answer=answer)
        )
        messages.append({"role": "assistant", "content": answer})
    return out


def _one_of(writer: Writer, patterns: Sequence[str]) -> str:
    return writer.fill(writer.rng.choice(patterns))


def _answer(writer: Writer, task: Task) -> str:
    chosen = writer.rng.choice(task.answers)
    if isinstance(chosen, str):
        return writer.fill(chosen)
    return json.dumps(_filled(writer, chosen), ensure_ascii=False)


def _filled(writer: Writer, value: Any) -> Any:
    if isinstance(value, str):
        return int(writer.fill(value)) if NUMBER.fullmatch(value) else writer.fill(value)
    if isinstance(value, dict):
        return {key: _filled(writer, some) for key, some in value.items()}
    return [_filled(writer, some) for some in value] if isinstance(value, list) else value
