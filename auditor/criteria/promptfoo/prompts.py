"""The prompts of a configuration: what of a logged call shows that it was made by one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auditor.criteria.inclusions import FILE
from auditor.criteria.promptfoo.files import read_text
from auditor.criteria.template import TemplateError, UnknownValueError, rendered
from auditor.errors import ConfigError
from auditor.text import marked_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.criteria.promptfoo.tests_of import Reading

_PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_LEAST_FIXED = 6
"""Characters that a prompt must have outside its variables to tell its calls from others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """The system prompt and the last message of the user, with variables in them."""

    user: str
    system: str | None = None

    def match(self) -> dict[str, str]:
        """The globs by which a criterion finds the calls of this prompt; empty where none does."""
        texts = {"system": self.system, "user": self.user}
        return {key: glob for key, text in texts.items() if (glob := _glob(text))}

    def user_text(self, variables: Mapping[str, Any]) -> str | None:
        """The user's message of a call with these variables; None where it cannot be made."""
        try:
            text = rendered(self.user, variables, write=_written, keep_shape=False)
        except (UnknownValueError, TemplateError):
            return None
        return normal(text)


def normal(text: str) -> str:
    """A text as two are compared: one space between words."""
    return " ".join(text.split())


def prompts_of(reading: Reading) -> list[Prompt]:
    """The prompts that are written in the configuration or in text files beside it."""
    value = reading.document.value.get("prompts")
    listed = value if isinstance(value, list) else [] if value is None else [value]
    found = []
    for i, entry in enumerate(listed):
        place = reading.document.place(("prompts", i))
        text = entry.get("raw") or entry.get("id") if isinstance(entry, dict) else entry
        if isinstance(text, str):
            found += _of_text(text, place, reading)
        else:
            reading.leave(place, "this prompt is not read: it is no text")
    return found


def _of_text(text: str, place: str, reading: Reading) -> list[Prompt]:
    if text.startswith(FILE):
        name = text.removeprefix(FILE)
        path = (reading.folder / name).resolve()
        inside = path.is_relative_to(reading.folder.resolve())
        if not inside or path.suffix.lower() not in {".txt", ".md", ".json", ".yaml", ".yml"}:
            reading.leave(place, f"the prompt {name} is not read: it is no text file beside it")
            return []
        try:
            text = read_text(path)
        except (OSError, ValueError) as error:
            reading.leave(place, f"the prompt {name} is not read: {error}")
            return []
        if path.suffix.lower() == ".txt":
            return [_prompt(part) for part in re.split(r"(?m)^---\s*$", text) if part.strip()]
    return [_prompt(text)]


def _prompt(text: str) -> Prompt:
    messages = _messages(text)
    if not messages:
        return Prompt(user=text.strip())
    said = [m for m in messages if m.get("role") == "user"]
    system = [m for m in messages if m.get("role") in {"system", "developer"}]
    return Prompt(
        user=_content(said[-1]) if said else "", system=_content(system[0]) if system else None
    )


def _messages(text: str) -> list[Any]:
    """The messages of a chat that is written as JSON or YAML; empty where the text is none."""
    if not text.lstrip().startswith(("[", "-")):
        return []
    for read in (json.loads, lambda given: marked_yaml.load(given, name="the prompt").value):
        try:
            value = read(text)
        except (ValueError, ConfigError, RecursionError):
            continue
        if isinstance(value, list) and all(isinstance(m, dict) and "role" in m for m in value):
            return value
    return []


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def _glob(text: str | None) -> str | None:
    if text is None or not text.strip():
        return None
    fixed = _PLACEHOLDER.split(text.strip())
    if len("".join(fixed).strip()) < _LEAST_FIXED:
        return None
    return "*".join(fixed)


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
