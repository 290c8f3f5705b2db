"""Where coding agents keep their sessions: what of it lies in the home folder of who asks.

Files are found and counted, never opened. Sources: ccusage (Claude Code, Codex), tokscale (Gemini
CLI, Qwen Code, OpenCode, OpenClaw), pi-mono, the storage folder of VS Code extensions, and llm's
``llm logs path``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeLogs:
    """The sessions of one agent."""

    agent: str
    paths: tuple[str, ...]
    """Folders and files, as ``auditor ingest`` takes them."""
    files: int
    bytes: int


class _Place(NamedTuple):
    """A folder or file of an agent, below its own folder."""

    agent: str
    variable: str | None
    """The environment variable that moves the agent's folder; it may name several."""
    folders: tuple[str, ...]
    """Where that is by default, in the home folder."""
    patterns: tuple[str, ...]
    """What in it are sessions."""


_CODE = (
    *(
        f"{base}/{editor}/User/globalStorage"
        for base in (".config", "Library/Application Support", "AppData/Roaming")
        for editor in ("Code", "Code - Insiders", "VSCodium", "Cursor")
    ),
    ".vscode-server/data/User/globalStorage",
)
_TASKS = "tasks/*/ui_messages.json"
_PLACES = (
    _Place("Claude Code", "CLAUDE_CONFIG_DIR", (".claude", ".config/claude"), ("projects",)),
    _Place("Codex", "CODEX_HOME", (".codex",), ("sessions", "archived_sessions")),
    _Place("Gemini CLI", None, (".gemini",), ("tmp/*/chats",)),
    _Place("Qwen Code", None, (".qwen",), ("projects/*/chats",)),
    _Place(
        "OpenCode",
        "OPENCODE_DATA_DIR",
        (".local/share/opencode",),
        ("storage/session", "storage/message", "storage/part"),
    ),
    _Place("pi", "PI_CODING_AGENT_DIR", (".pi/agent",), ("sessions",)),
    _Place("OpenClaw", None, (".openclaw",), ("agents/*/sessions",)),
    _Place("Cline", None, _CODE, (f"saoudrizwan.claude-dev/{_TASKS}",)),
    _Place("Roo Code", None, _CODE, (f"rooveterinaryinc.roo-cline/{_TASKS}",)),
    _Place("Kilo Code", None, _CODE, (f"kilocode.kilo-code/{_TASKS}",)),
    _Place(
        "llm",
        "LLM_USER_PATH",
        (".config/io.datasette.llm", "Library/Application Support/io.datasette.llm"),
        ("logs.db",),
    ),
)


def find(home: Path | None = None) -> list[HomeLogs]:
    """Return the agents whose sessions lie in a home folder; by default that of the user.

    An agent whose folder is elsewhere, by its own environment variable, is found there. Folders
    that cannot be read are passed over: they are somebody else's.
    """
    home = home or Path.home()
    found = []
    for place in _PLACES:
        moved = os.environ.get(place.variable, "") if place.variable else ""
        folders = [Path(p.strip()) for p in moved.split(",") if p.strip()]
        folders = folders or [home / folder for folder in place.folders]
        paths = [
            path
            for folder in folders
            for pattern in place.patterns
            for path in sorted(folder.glob(pattern))
        ]
        sizes = [(path, list(_sizes(path))) for path in paths]
        kept = [(path, size) for path, size in sizes if size]
        if kept:
            found.append(
                HomeLogs(
                    agent=place.agent,
                    paths=tuple(str(path) for path, _ in kept),
                    files=sum(len(size) for _, size in kept),
                    bytes=sum(sum(size) for _, size in kept),
                )
            )
    return found


def _sizes(path: Path) -> Iterator[int]:
    """Yield the sizes of the files of a path, those that ``auditor ingest`` would read."""
    if path.is_file():
        yield path.stat().st_size
        return
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            file = Path(folder) / name
            if not name.startswith(".") and file.is_file():
                yield file.stat().st_size
