"""A copy of the database file beside it, kept while a migration changes the file."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from auditor.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.store.store import Store

_SPARE_BYTES = 64 << 20
"""Room to leave beyond the copy: a migration writes new columns before it lets go of old ones."""


def copy_of(path: str | Path) -> Path:
    """Return where the copy of a database lies."""
    path = Path(path).resolve()
    return path.with_name(path.name + ".before-migration")


@contextmanager
def safety_copy(store: Store) -> Iterator[None]:
    """Copy the file of a store, run the block, let go of the file and remove the copy.

    Where the block fails or the process is killed, the copy stays. It is written under another name
    first, so a copy that is there is whole.

    Raises:
        StoreError: the disk has no room for the copy; nothing was changed.
    """
    path = Path(store.path).resolve()
    copy = copy_of(path)
    store.execute("CHECKPOINT")  # the file alone holds everything now
    _require_room(path)
    with path.open("rb") as source:
        try:
            _write(source, copy)
            yield
        finally:
            # POSIX drops a process's lock on a file when any descriptor of it is closed: DuckDB's
            # has to go first.
            store.rest()
    remove_copy(path)


def remove_copy(path: str | Path) -> None:
    """Remove what a migration that was killed may have left beside a file that is up to date."""
    copy = copy_of(path)
    for name in (copy, _unfinished(copy)):
        name.unlink(missing_ok=True)


def _require_room(path: Path) -> None:
    size = path.stat().st_size
    free = shutil.disk_usage(path.parent).free
    if free < size + _SPARE_BYTES:
        raise StoreError(
            f"{path} was made by an older auditor, and the disk has no room to migrate it: "
            f"{_mb(size + _SPARE_BYTES)} MB are needed for a copy, {_mb(free)} MB are free",
            hint="make room, or move the database to a larger disk and name it with --db; "
            "nothing was changed",
        )


def _write(source: BinaryIO, copy: Path) -> None:
    unfinished = _unfinished(copy)
    mode = os.fstat(source.fileno()).st_mode & 0o777
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(os.open(unfinished, flags, mode), "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
            target.flush()
            os.fsync(target.fileno())
        unfinished.replace(copy)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise StoreError(
            f"{copy} cannot be written: {error.strerror}",
            hint="a copy is kept while an older database is migrated: make room or give "
            "permission, then run the same command again; nothing was changed",
        ) from error


def _unfinished(copy: Path) -> Path:
    return copy.with_name(copy.name + ".part")


def _mb(size: int) -> str:
    return f"{-(-size // 1_000_000):,}"
