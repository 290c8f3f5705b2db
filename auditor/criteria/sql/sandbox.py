"""Running SQL of strangers: in a child process with no rights, which is replaced when it fails.

The child (``sandbox_child``) lives as long as the sandbox and answers many requests. It has no
environment, an empty working folder and no input but ours; what it may use of time, memory and
files is limited from within. A request that it does not answer in time ends it, and is told so.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, Self

from auditor.criteria.sql import sandbox_child

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Engine = Literal["sqlite", "duckdb"]
Row = tuple[Any, ...]

_DESCRIBE_SECONDS = 10.0
_START_SECONDS = 30.0
_MOST_BYTES = 64 << 20


class SandboxError(Exception):
    """A request that got no answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a statement: its rows, or the error it ended with."""

    rows: list[Row] | None = None
    error: str = ""
    kind: str = ""
    """Of the error: ``refused``, ``limit``, or ``error`` where the engine says that it is wrong."""


class Sandbox:
    """A child process that runs statements in one engine; a context manager."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._child: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(
        self, key: str, statements: Sequence[str], *, file: Path | None = None,
        definitions: Sequence[str] = (), rows: Mapping[str, Sequence[Sequence[Any]]] | None = None,
        seconds: float, reverse: bool = False,
    ) -> list[Ran]:  # fmt: skip
        """Run statements on a file, or on tables made of ``definitions`` and ``rows``.

        A database is known by its ``key`` and made once; one statement may take ``seconds``.
        ``reverse`` makes SQLite read tables backwards where the order is open.

        Raises:
            SandboxError: the child ended, took too long, or could not open the database.
        """
        request = {
            "key": key, "statements": list(statements), "file": str(file) if file else None,
            "definitions": list(definitions), "rows": rows or {}, "reverse": reverse,
            "seconds": seconds,
        }  # fmt: skip
        answer = self._asked(request, 2 * seconds * max(1, len(statements)) + 3)
        return [
            Ran([tuple(_value(v) for v in row) for row in told["rows"]])
            if "rows" in told
            else Ran(None, str(told.get("error")), str(told.get("kind")))
            for told in answer["results"]
        ]

    def tables(self, file: Path) -> list[dict[str, Any]]:
        """The tables of a file: name, definition or None, columns as pairs of name and type.

        Raises:
            SandboxError: as ``run``.
        """
        request = {
            "key": f"file {file}", "file": str(file), "statements": [], "describe": True,
            "seconds": _DESCRIBE_SECONDS,
        }  # fmt: skip
        found: list[dict[str, Any]] = self._asked(request, 30.0)["tables"]
        return found

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        self._rest = b""
        if child is not None:
            child.kill()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            child.wait()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _asked(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        fresh = self._child is None
        child = self._started()
        assert child.stdin is not None
        try:
            child.stdin.write(json.dumps(request).encode() + b"\n")
            child.stdin.flush()
            line = self._line(child, seconds + (_START_SECONDS if fresh else 0))
        except (OSError, SandboxError) as error:
            self.close()
            reason = str(error) if isinstance(error, SandboxError) else "its process ended"
            raise SandboxError(reason) from error
        answer: dict[str, Any] = json.loads(line)
        if "failed" in answer:
            self.close()  # what it has opened may be in no good state
            raise SandboxError(answer["failed"])
        return answer

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            self._folder = tempfile.TemporaryDirectory(prefix="auditor-sql-")
            self._child = subprocess.Popen(  # noqa: S603 - our own script
                [sys.executable, "-I", sandbox_child.__file__, self.engine],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self._folder.name,
                env={},
                start_new_session=True,
            )
        return self._child

    def _line(self, child: subprocess.Popen[bytes], seconds: float) -> bytes:
        """Read one line of the child, within the time."""
        assert child.stdout is not None
        until = time.monotonic() + seconds
        parts, size = [self._rest], len(self._rest)
        while b"\n" not in parts[-1]:
            left = until - time.monotonic()
            if left <= 0 or not select.select([child.stdout], [], [], left)[0]:
                raise SandboxError("it did not end in time")
            some = os.read(child.stdout.fileno(), 1 << 20)
            if not some:
                raise SandboxError("its process was ended: it needed too much memory or time")
            parts.append(some)
            size += len(some)
            if size > _MOST_BYTES:
                raise SandboxError("it answered too much")
        line, _, self._rest = b"".join(parts).partition(b"\n")
        return line


def _value(value: Any) -> Any:
    """A value of the child's JSON as Python has it."""
    if not isinstance(value, list):
        return value
    kind, text = value
    if kind == "bytes":
        return bytes.fromhex(text)
    return Decimal(text) if kind == "decimal" else float(text)
