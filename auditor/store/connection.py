"""How the file is opened: waiting for its lock, and what the user is told when that fails."""

from __future__ import annotations

import os
import re
import stat
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import NotReadyError, StoreError
from auditor.store.safety_copy import copy_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

LOCK_WAIT_S = 12.0
"""A running stage holds the file for at most 10 s at a time; a reader waits a little longer."""

_MAGIC, _MAGIC_AT = b"DUCK", 8
"""How a DuckDB file begins, behind a checksum: duckdb.org, "Storage Versions and Format"."""

_SETTINGS = {
    "autoinstall_known_extensions": "false",  # nothing is downloaded, ever
    "autoload_known_extensions": "false",
}


def require(path: str | Path) -> None:
    """Raise NotReadyError where there is no file: only reading logs makes a database."""
    if not Path(path).exists():
        raise NotReadyError(
            f"{path}: there is no audit database here",
            hint="run 'auditor ingest LOGS', or name one with --db",
        )


def connect(path: str, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Open a file, made anew if there is none; wait while another process holds it.

    Raises:
        StoreError: still in use after ``LOCK_WAIT_S``, not a DuckDB file, no permission, no folder.
    """
    import duckdb

    _refuse_other_files(path)
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            connection = duckdb.connect(path, read_only=read_only, config=dict(_SETTINGS))
        except duckdb.IOException as error:
            text = str(error)
            if "lock" not in text.lower():
                raise _unusable(path, error, read_only=read_only) from error
            if time.monotonic() > deadline:
                raise _locked(path, text) from error
            time.sleep(0.1)
        except (duckdb.Error, ValueError) as error:
            raise _unusable(path, error, read_only=read_only) from error
        else:
            connection.execute("SET TimeZone = 'UTC'").fetchall()
            # On a terminal DuckDB would draw a bar of its own, on stdout and across ours.
            connection.execute("SET enable_progress_bar = false").fetchall()
            return connection


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Turn what a full disk, a small memory or Ctrl-C do to DuckDB into what they are."""
    import duckdb

    try:
        yield
    except (duckdb.IOException, duckdb.FatalException, duckdb.TransactionException) as error:
        raise StoreError(
            f"{path}: cannot be written or read: {first_line(error)}",
            hint="is the disk full or write-protected? What was committed before is kept: "
            "make room and run the same command again",
        ) from error
    except duckdb.OutOfMemoryException as error:
        raise StoreError(
            f"{path}: not enough memory: {first_line(error)}",
            hint="close other programs, or ingest the logs in smaller parts",
        ) from error
    except RuntimeError as error:
        # Ctrl-C during a statement: DuckDB takes the KeyboardInterrupt and raises this.
        if "interrupted" in str(error).lower():
            raise KeyboardInterrupt from error
        raise


def refused_value(error: Exception) -> str | None:
    """Return what the database says where it refused a value; None: something else went wrong."""
    import duckdb

    kinds = (duckdb.DataError, duckdb.InvalidInputException)
    return first_line(error) if isinstance(error, kinds) else None


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, for a message of one line."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _refuse_other_files(path: str) -> None:
    """DuckDB would open a .jsonl or .csv as a view of its rows, and lose what is written."""
    place = Path(path)
    if place.exists() and not place.is_file() and not place.is_dir():
        raise StoreError(f"{path} is a pipe or a device", hint="name a file with --db")
    with suppress(OSError):  # missing, a folder, no permission: DuckDB says which
        with Path(path).open("rb") as file:
            head = file.read(_MAGIC_AT + len(_MAGIC))
        if head[_MAGIC_AT:] != _MAGIC:
            _tell_of_copy(path, "it does not begin like a database")
            raise StoreError(
                f"{path} is {'no' if head else 'an empty file, no'} audit database",
                hint="name another one with --db; it is made if it is not there",
            )


def _tell_of_copy(path: str, why: str) -> None:
    """Say so where a migration was cut short and has left the file as it was before."""
    copy = copy_of(path)
    if copy.exists():
        raise StoreError(
            f"{path} cannot be opened: {why}",
            hint=f"a migration of it was cut short; {copy} is the file as it was before: "
            f"'mv {copy} {path}', then run the same command again",
        )


def _locked(path: str, text: str) -> StoreError:
    pid = re.search(r"PID (\d+)", text)
    who = f" (PID {pid.group(1)})" if pid else ""
    return StoreError(
        f"{path} is in use by another process{who}",
        hint="wait until it has finished, or give another file with --db",
    )


def _unusable(name: str, error: Exception, *, read_only: bool) -> StoreError:
    path = Path(name)
    folder = path.resolve().parent
    if not folder.is_dir():
        return StoreError(
            f"{name}: the folder {folder} does not exist", hint="make it, or use --db"
        )
    if path.is_dir():
        return StoreError(f"{name} is a folder", hint="name a file with --db")
    if not os.access(folder, os.W_OK) and not path.exists():
        return StoreError(
            f"{name}: the folder {folder} cannot be written",
            hint="name a database elsewhere, for example --db /tmp/audit.duckdb",
        )
    if path.exists() and not os.access(path, os.R_OK):
        return StoreError(f"{name}: no permission to read it", hint="check its owner")
    if path.exists() and not read_only and not path.stat().st_mode & stat.S_IWUSR:
        return StoreError(f"{name} is write-protected", hint="name another database with --db")
    _tell_of_copy(name, first_line(error))
    verb = "opened as an audit database" if path.exists() else "made"
    return StoreError(
        f"{name} cannot be {verb}: {first_line(error)}",
        hint="name another database with --db, for example --db /tmp/audit.duckdb",
    )
