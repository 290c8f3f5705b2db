"""``labels.jsonl``: the user's right answers, one a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from auditor.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_SHAPE = 'a line is {"id": "the log id or call id", "expected": "the right answer"}'


def read_labels(path: Path) -> dict[str, Any]:
    """Read ``labels.jsonl``: the right answer of a call by its log id or call id.

    Raises:
        ConfigError: a line that is not a label, or two lines that contradict each other.
    """
    labels: dict[str, Any] = {}
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    subject, expected = _label(line, f"{path.name}:{number}")
                    if subject in labels and labels[subject] != expected:
                        raise ConfigError(f"{path.name}:{number}: another label for {subject!r}")
                    labels[subject] = expected
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text") from error
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    return labels


def _label(line: str, place: str) -> tuple[str, Any]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{place}: not JSON", hint='a line is {"id": ..., "expected": ...}'
        ) from error
    if not isinstance(entry, dict) or not {"id", "expected"} <= entry.keys():
        raise ConfigError(f"{place}: a label needs id and expected", hint=_SHAPE)
    if not isinstance(entry["id"], str) or entry["expected"] is None:
        raise ConfigError(f"{place}: id must be text, and expected must not be null")
    return entry["id"], entry["expected"]
