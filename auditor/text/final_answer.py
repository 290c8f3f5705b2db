"""The answer in a text that also holds how the model came to it.

Servers that do not know a model's format hand its reasoning on in the text: between ``<think>`` and
``</think>`` (DeepSeek R1, Qwen3 and others; the opening tag may have been the end of the prompt),
or in the channels of OpenAI's harmony format, of which ``final`` is the answer. Logs and local
models are read alike: else no answer could agree with one.

Source: OpenAI, "OpenAI harmony response format".
"""

from __future__ import annotations

import re
from typing import NamedTuple

_THINK = re.compile(r"^\s*(?:<think>)?(?P<inner>(?:(?!<think>).)*?)</think>", re.DOTALL)
_CHANNEL = re.compile(
    r"(?:<\|start\|>assistant)?(?P<to> to=\S+)?<\|channel\|>(?P<channel>\w+)"
    r"(?P<head>[^<]*(?:<\|constrain\|>[^<]*)?)<\|message\|>(?P<inner>.*?)"
    r"(?:<\|end\|>|<\|return\|>|<\|call\|>|(?=<\|start\|>)|\Z)",
    re.DOTALL,
)
_TO = re.compile(r"to=(?:functions\.)?([\w.-]+)")


class Parted(NamedTuple):
    """A text in its parts."""

    answer: str
    reasoning: str | None = None
    calls: tuple[tuple[str, str], ...] = ()
    """Names and arguments of the tools that are called in harmony's ``commentary``."""


def part(text: str) -> Parted:
    """Part a text into the answer and what led to it; most are an answer and nothing else."""
    if "<|channel|>" in text:
        return _of_channels(text)
    if "</think>" in text and (thought := _THINK.match(text)):
        return Parted(text[thought.end() :].lstrip("\n"), thought["inner"].strip())
    return Parted(text)


def _of_channels(text: str) -> Parted:
    answers, thoughts, calls = [], [], []
    for found in _CHANNEL.finditer(text):
        tool = _TO.search(f"{found['to'] or ''}{found['head']}")
        if tool is not None:
            calls.append((tool[1], found["inner"]))
        elif found["channel"] == "final":
            answers.append(found["inner"])
        else:
            thoughts.append(found["inner"].strip())
    if not (answers or thoughts or calls):
        return Parted(text)
    return Parted("".join(answers), "\n".join(thoughts) or None, tuple(calls))
