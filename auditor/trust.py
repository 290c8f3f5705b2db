"""What settings that somebody else may have written would make auditor do.

A folder that was cloned or unpacked may hold an ``auditor.toml``, and so may a folder above. What
it says about samples and margins does no harm. A server it names is sent logged prompts; a file it
names is read, and shown in a report; a command is run.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_SERVER = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SERVICE = re.compile(r"[A-Za-z][A-Za-z0-9_-]+:")
_MODEL_KEY = "replay.model"
_COMMANDS = frozenset(("command", "cmd", "exec", "shell", "script", "program"))


def is_of_the_user(path: Path, start: Path) -> bool:
    """Say whether settings lie in the folder at work and belong to who runs this."""
    if path.resolve().parent != start.resolve():
        return False
    return not hasattr(os, "geteuid") or path.stat().st_uid == os.geteuid()


def named(data: Mapping[str, Any], folder: Path) -> list[str]:
    """Return the servers, commands and files outside a folder that settings name.

    Each as a line for people: the key and what it names.
    """
    found = []
    if data.get("grade", {}).get("run_sql"):
        found.append("grade.run_sql: SQL of the log is run")
    for key, value in _texts(data):
        if _SERVER.match(value):
            found.append(f"{key}: the server {value}")
        elif key.rpartition(".")[2] in _COMMANDS:
            found.append(f"{key}: the command {value}")
        elif key == _MODEL_KEY and _SERVICE.match(value) and not (folder / value).exists():
            found.append(f"{key}: the service {value}")
        elif _is_outside(value, folder):
            found.append(f"{key}: the file {value}")
    return found


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text of nested settings with its key."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, key)


def _is_outside(value: str, folder: Path) -> bool:
    """Say whether a text is a path that leads out of a folder, by a link too."""
    if "\0" in value or "\n" in value:
        return False
    home = value.startswith("~")
    try:
        path = (folder / value).resolve()
    except (OSError, RuntimeError):
        return False
    return home or not path.is_relative_to(folder.resolve())


def may_run_code(path: Path, start: Path) -> bool:
    """Say whether code may run: it lies in the folder at work and belongs to who runs this."""
    found = path.resolve()
    if not found.is_relative_to(start.resolve()):
        return False
    if not hasattr(os, "geteuid") or not found.exists():
        return True
    return found.stat().st_uid == os.geteuid()
