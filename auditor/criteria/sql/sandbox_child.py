"""The process that runs SQL of strangers: a script of its own, which nothing imports.

It reads one request a line as JSON and writes one answer a line, until its input ends. Before the
first request it gives up the right to write files, to open many, and to take much memory. SQLite
runs under an authorizer that lets through reading and functions of a list; DuckDB without external
access and extensions, its settings locked. A statement that takes too long is broken off; where
that does not help, an alarm ends the process.
"""

from __future__ import annotations

import contextlib
import json
import math
import resource
import signal
import sqlite3
import sys
import threading
import time
from typing import Any

MEMORY_BYTES = {"sqlite": 768 << 20, "duckdb": 4 << 30}
"""Address space of the process; DuckDB reserves more than it uses, and has a limit of its own."""
HEAP_BYTES = 192 << 20
VALUE_BYTES = 1_000_000
ROWS, RESULT_BYTES = 20_000, 16 << 20
OPEN_FILES = 24

FUNCTIONS = frozenset(
    # Of SQLite's functions those that only compute: no files, no extensions, no chance.
    [
        "abs",
        "avg",
        "cast",
        "ceil",
        "ceiling",
        "changes",
        "char",
        "coalesce",
        "concat",
        "concat_ws",
        "cos",
        "count",
        "cume_dist",
        "current_date",
        "current_time",
        "current_timestamp",
        "date",
        "datetime",
        "degrees",
        "dense_rank",
        "exp",
        "first_value",
        "floor",
        "format",
        "glob",
        "group_concat",
        "hex",
        "ifnull",
        "iif",
        "instr",
        "json",
        "json_array",
        "json_array_length",
        "json_each",
        "json_extract",
        "json_group_array",
        "json_group_object",
        "json_object",
        "json_type",
        "json_valid",
        "julianday",
        "lag",
        "last_value",
        "lead",
        "length",
        "like",
        "ln",
        "log",
        "log10",
        "log2",
        "lower",
        "ltrim",
        "max",
        "min",
        "mod",
        "nth_value",
        "ntile",
        "nullif",
        "octet_length",
        "percent_rank",
        "pi",
        "pow",
        "power",
        "printf",
        "quote",
        "radians",
        "rank",
        "regexp",
        "replace",
        "round",
        "row_number",
        "rtrim",
        "sign",
        "sin",
        "sqrt",
        "strftime",
        "string_agg",
        "substr",
        "substring",
        "sum",
        "tan",
        "time",
        "timediff",
        "total",
        "trim",
        "trunc",
        "typeof",
        "unicode",
        "unixepoch",
        "upper",
        "->",
        "->>",
    ]
)
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE}
_NO_TABLES = ("sqlite_", "pragma_", "dbstat", "fts", "sqlean")


def main() -> None:
    """Answer requests until the input ends."""
    engine = sys.argv[1]
    if engine == "duckdb":
        import duckdb  # noqa: F401 - its library is read before files may no longer be opened
    give_up_rights(engine)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    databases: dict[str, Any] = {}
    for line in sys.stdin:
        answer = _answered(engine, json.loads(line), databases)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def give_up_rights(engine: str) -> None:
    """Limit memory, files and what may be written, for good."""
    limits = (
        (resource.RLIMIT_AS, MEMORY_BYTES[engine]),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    )
    for what, most in limits:
        with contextlib.suppress(ValueError, OSError):  # macOS knows no RLIMIT_AS
            resource.setrlimit(what, (most, most))


def _answered(engine: str, request: dict[str, Any], databases: dict[str, Any]) -> dict[str, Any]:
    seconds = float(request["seconds"])
    # The last resort, where breaking off does not help: the process ends and is replaced.
    signal.setitimer(signal.ITIMER_REAL, 2 * seconds * max(1, len(request["statements"])) + 2)
    try:
        connection = _opened(engine, request, databases)
        if request.get("describe"):
            return {"tables": _described(engine, connection)}
        return {
            "results": [
                _ran(engine, connection, statement, seconds, reverse=bool(request.get("reverse")))
                for statement in request["statements"]
            ]
        }
    except MemoryError:
        return {"failed": "needed more memory than it may"}
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told and ends nothing
        return {"failed": f"{type(error).__name__}: {error}"[:300]}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _opened(engine: str, request: dict[str, Any], databases: dict[str, Any]) -> Any:
    """The database of a request: a file, opened once, or tables made of its rows."""
    key = request["key"]
    if key in databases:
        return databases[key]
    for old in [name for name in databases if name.startswith("rows ")]:
        databases.pop(old).close()  # the rows before: only one such database is kept
    connection = (_sqlite if engine == "sqlite" else _duckdb)(request)
    databases[key] = connection
    return connection


# -- SQLite ----------------------------------------------------------------------------------------


def _sqlite(request: dict[str, Any]) -> sqlite3.Connection:
    path = request.get("file")
    if path is None:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        _fill(connection, request)
    else:
        from urllib.parse import quote

        name = f"file:{quote(path)}?mode=ro&immutable=1"
        connection = sqlite3.connect(name, uri=True, isolation_level=None)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    for setting in (
        "temp_store=MEMORY", "query_only=ON", "trusted_schema=OFF", "mmap_size=0",
        f"hard_heap_limit={HEAP_BYTES}",
    ):  # fmt: skip
        connection.execute(f"PRAGMA {setting}")
    for limit, most in (
        (sqlite3.SQLITE_LIMIT_LENGTH, VALUE_BYTES),
        (sqlite3.SQLITE_LIMIT_SQL_LENGTH, 200_000),
        (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 400),
        (sqlite3.SQLITE_LIMIT_COMPOUND_SELECT, 60),
        (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
        (sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 500),
        (sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 1),
        (sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0),
    ):
        connection.setlimit(limit, most)
    connection.set_authorizer(_authorized)
    return connection


def _authorized(
    action: int, one: str | None, two: str | None, _database: str | None, _inner: str | None
) -> int:
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_OK if (two or "").lower() in FUNCTIONS else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_READ and (one or "").lower().startswith(_NO_TABLES):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


def _fill(connection: Any, request: dict[str, Any]) -> None:
    """Make the tables of a request and put its rows into them."""
    for definition in request["definitions"]:
        connection.execute(definition)
    for name, rows in request["rows"].items():
        if rows:
            marks = "(" + ", ".join("?" * len(rows[0])) + ")"
            if isinstance(connection, sqlite3.Connection):
                connection.executemany(f"INSERT INTO {_quoted(name)} VALUES {marks}", rows)
            else:  # DuckDB takes long over each statement
                values = ", ".join([marks] * len(rows))
                flat = [value for row in rows for value in row]
                connection.execute(f"INSERT INTO {_quoted(name)} VALUES {values}", flat)


# -- DuckDB ----------------------------------------------------------------------------------------


def _duckdb(request: dict[str, Any]) -> Any:
    import duckdb

    path = request.get("file")
    connection = duckdb.connect(
        path or ":memory:",
        read_only=path is not None,
        config={
            "threads": 1,
            "memory_limit": "400MB",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "temp_directory": "",
        },
    )
    connection.execute("SET python_enable_replacements = false")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    if path is None:
        _fill(connection, request)
    return connection


# -- running ---------------------------------------------------------------------------------------


def _ran(
    engine: str, connection: Any, statement: str, seconds: float, *, reverse: bool
) -> dict[str, Any]:
    """The rows of one statement, or the error that it ended with."""
    started = time.monotonic()
    timer = None
    try:
        if engine == "sqlite":
            connection.set_authorizer(None)
            connection.execute(f"PRAGMA reverse_unordered_selects={int(reverse)}")
            connection.set_authorizer(_authorized)
            connection.set_progress_handler(
                lambda: int(time.monotonic() - started > seconds), 5_000
            )
            cursor = connection.execute(statement)
        else:
            kinds = connection.extract_statements(statement)
            if len(kinds) != 1 or kinds[0].type.name != "SELECT":
                return {"error": "it is not one SELECT", "kind": "refused"}
            timer = threading.Timer(seconds, connection.interrupt)
            timer.daemon = True
            timer.start()
            cursor = connection.execute(statement)
        return _fetched(cursor, started, seconds)
    except MemoryError:
        return {"error": "it needs more memory than it may", "kind": "limit"}
    except Exception as error:  # noqa: BLE001 - the engines raise many kinds
        return _told(error, started, seconds)
    finally:
        if timer is not None:
            timer.cancel()


def _fetched(cursor: Any, started: float, seconds: float) -> dict[str, Any]:
    rows: list[list[Any]] = []
    size = 0
    while True:
        some = cursor.fetchmany(500)
        if not some:
            return {"rows": rows}
        for row in some:
            values = [_plain(value) for value in row]
            size += sum(len(v) if isinstance(v, str) else 8 for v in values)
            rows.append(values)
        if len(rows) > ROWS or size > RESULT_BYTES:
            return {"error": f"it returns more than {ROWS:,} rows or 16 MB", "kind": "limit"}
        if time.monotonic() - started > seconds:
            return {"error": f"it takes longer than {seconds:g} s", "kind": "limit"}


def _told(error: Exception, started: float, seconds: float) -> dict[str, Any]:
    text = " ".join(str(error).split())[:300]
    if time.monotonic() - started > seconds or "interrupt" in text.lower():
        return {"error": f"it takes longer than {seconds:g} s", "kind": "limit"}
    if "memory" in text.lower():
        return {"error": "it needs more memory than it may", "kind": "limit"}
    if "too big" in text:
        return {"error": "a value in it is larger than 1 MB", "kind": "limit"}
    refused = "not authorized" in text or "prohibited" in text or "disabled" in text
    return {"error": text, "kind": "refused" if refused else "error"}


def _plain(value: Any) -> Any:
    """A value as JSON has it; what JSON does not have is a list of its kind and its text."""
    if value is None or isinstance(value, str | int):
        return int(value) if isinstance(value, bool) else value
    if isinstance(value, float):
        return value if math.isfinite(value) else ["float", str(value)]
    if isinstance(value, bytes):
        return ["bytes", value.hex()]
    if type(value).__name__ == "Decimal":
        return ["decimal", str(value)]
    return str(value)


def _described(engine: str, connection: Any) -> list[dict[str, Any]]:
    """The tables of a database: name, definition where there is one, columns with their types."""
    if engine == "sqlite":
        connection.set_authorizer(None)
        try:
            tables = connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view')"
                " AND name NOT LIKE 'sqlite_%' LIMIT 500"
            ).fetchall()
            return [
                {
                    "name": name,
                    "definition": definition,
                    "columns": [
                        [column, kind]
                        for _, column, kind, *_ in connection.execute(
                            f"PRAGMA table_info({_quoted(name)})"
                        )
                    ],
                }
                for name, definition in tables
            ]
        finally:
            connection.set_authorizer(_authorized)
    found: dict[str, dict[str, Any]] = {}
    for name, column, kind in connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
        " ORDER BY table_oid, column_index LIMIT 20000"
    ).fetchall():
        table = found.setdefault(name, {"name": name, "definition": None, "columns": []})
        table["columns"].append([column, kind])
    for name, definition in connection.execute(
        "SELECT table_name, sql FROM duckdb_tables() WHERE NOT internal"
    ).fetchall():
        if name in found:
            found[name]["definition"] = definition
    return list(found.values())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


if __name__ == "__main__":
    main()
