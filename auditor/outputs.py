"""What auditor wrote, told by how it begins: it is no log, and may be replaced by its like.

Nothing else is ever overwritten unasked: a path typed in haste must not cost anybody a log.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from auditor.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = 64 * 1024

DATABASE, PAGE, PLAN, DATA = "database", "page", "plan", "data"
TABLE, TAXONOMY, SETTINGS, CRITERIA, LABELS = "table", "taxonomy", "settings", "criteria", "labels"

TAXONOMY_HEAD = "# Categories as found. Edit, then apply this file: auditor categories --apply"
"""How an exported taxonomy begins; a user may edit all of it but this line."""

PLAN_HEAD = "# Migration plan\n"

_NAMES = {"auditor.toml": SETTINGS, "criteria.yaml": CRITERIA, "taxonomy.yaml": TAXONOMY,
          "labels.jsonl": LABELS}  # fmt: skip
"""Files that people write for auditor, by the names it looks for."""

_TABLES = (
    {"call_id", "record_no", "usage_state", "cost_basis"},
    {"answer_id", "call_id", "candidate_id", "replicate"},
    {"criterion_id", "answer_id", "replicate", "call_id"},
    {"category_id", "spend_usd", "spend_rank"},
    {"record_no", "reason", "detail", "excerpt", "byte_offset"},
)
"""Columns by which the tables of ``auditor export`` are told; more may stand beside them."""

_DATA_KEYS = {b"version", b"method", b"headline", b"bars", b"totals"}
_DATA_KEY = re.compile(rb'^ "(\w+)":', re.MULTILINE)
_MOST_DATA = 64 << 20


def kind_of(path: Path) -> str | None:
    """Return what a file of auditor's own is; None: it is none, or cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            if head[8:12] == b"DUCK":
                return DATABASE
            if head.startswith(b"PAR1"):
                return TABLE if _is_table(_parquet_columns(path)) else None
    except OSError:
        return None
    if head.startswith(b'{\n "'):  # only then is the whole of it worth reading
        return DATA if _is_data(path) else None
    return _kind_of_text(head)


def _kind_of_text(head: bytes) -> str | None:
    text = head.decode("utf-8", "replace")
    if re.search(r"<title>[^<]* auditor report</title>", text[:8192]):
        return PAGE
    if text.startswith(PLAN_HEAD):
        return PLAN
    if text.startswith(TAXONOMY_HEAD):
        return TAXONOMY
    first = text.split("\n", 1)[0]
    if first.startswith("{"):
        with suppress(ValueError, RecursionError):
            record = json.loads(first)
            return TABLE if isinstance(record, dict) and _is_table(set(record)) else None
    columns = {name.strip('"\r') for name in first.split(",")}
    return TABLE if _is_table(columns) else None


def _is_table(columns: set[str]) -> bool:
    return any(known <= columns for known in _TABLES)


def _is_data(path: Path) -> bool:
    """Say whether a file is a report.json, by its keys: each stands on a line, one space before it.

    It is not parsed: whatever else is in the file may be large or deep.
    """
    with suppress(OSError):
        if path.stat().st_size <= _MOST_DATA:
            return set(_DATA_KEY.findall(path.read_bytes())) >= _DATA_KEYS
    return False


def _parquet_columns(path: Path) -> set[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return set(pq.read_schema(path).names)
    except (pa.ArrowException, OSError):
        return set()


def is_ours(path: Path) -> bool:
    """Say whether a file in a folder of logs is auditor's and no log."""
    log = path.name.endswith(".duckdb.wal")
    return log or path.name in _NAMES or kind_of(path) is not None


def claim(path: Path, kind: str, *, overwrite: bool) -> None:
    """Make sure that a file may be written: it is new, an earlier one of its kind, or given up.

    A database is never given up: whoever wants that deletes it.

    Raises:
        ConfigError: something else is there.
    """
    if path.is_dir():
        raise ConfigError(f"{path} is a folder", hint="name a file in it")
    blocked = next((above for above in path.parents if above.exists()), None)
    if blocked is not None and not blocked.is_dir():
        raise ConfigError(f"{path} cannot be written: {blocked} is a file", hint="name a folder")
    if not path.exists():
        return
    if not path.is_file():
        raise ConfigError(f"{path} is a pipe or a device", hint="name a file; '-' where it says so")
    found = kind_of(path)
    if found == DATABASE:
        raise ConfigError(f"{path} is a database", hint="name another file, or delete it first")
    if found != kind and not overwrite and path.stat().st_size:
        raise ConfigError(
            f"{path} was not written by this command",
            hint="name another file, or add --overwrite to replace it",
        )
