"""Files beside a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.criteria.inclusions import MAX_FILE

if TYPE_CHECKING:
    from pathlib import Path


def read_text(path: Path) -> str:
    """The text of a file, without the mark of its byte order.

    Raises:
        OSError: it cannot be read.
        ValueError: it is too large, or is not UTF-8.
    """
    if path.stat().st_size > MAX_FILE:
        raise ValueError(f"larger than {MAX_FILE:,} bytes")
    return path.read_text("utf-8-sig")
