"""Files that hold a part of a record of another file.

Amazon Bedrock writes bodies above 100 KB and media beside its log: the log in ``.../HH/*.json.gz``
names ``.../HH/data/<requestId>_input.json.gz``. Such a file is one part, whatever JSON is in it,
and told by its name alone; where the log says it lies is never followed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

KIND = "ModelInvocationPart"
"""The ``schemaType`` under which a part is given to the readers."""

_FOLDER = "data"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NAME = re.compile(rf"({_UUID})_(input|output)(?:\.json(?:\.gz)?|(_media_\d+)\.\w+)")


class SideFile(NamedTuple):
    """What a file is a part of."""

    request_id: str
    part: str
    """input or output."""
    is_media: bool
    folder: Path
    """Where the log lies whose part it is."""


def of(path: Path) -> SideFile | None:
    """Return what a file is a part of; None: it stands for itself."""
    found = _NAME.fullmatch(path.name) if path.parent.name == _FOLDER else None
    if found is None:
        return None
    return SideFile(found[1], found[2], found[3] is not None, path.parent.parent)
