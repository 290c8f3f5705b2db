"""Which dialect a statement is written in: by name, by the prompt's words, by its quoting."""

from __future__ import annotations

import re
from functools import lru_cache

import sqlglot

OTHER_NAMES = {
    # Names of promptfoo's is-sql, which are those of node-sql-parser (its README, "Supported
    # databases"), where sqlglot has another one or none.
    "postgresql": "postgres",
    "mariadb": "mysql",
    "transactsql": "tsql",
    "flinksql": "spark",  # Calcite's grammar with names in backticks
    "noql": "mysql",
    "db2": "",
    # What else people write.
    "postgres sql": "postgres",
    "pg": "postgres",
    "psql": "postgres",
    "pgsql": "postgres",
    "plpgsql": "postgres",
    "cockroachdb": "postgres",
    "greenplum": "postgres",
    "timescaledb": "postgres",
    "vertica": "postgres",
    "tidb": "mysql",
    "aurora": "mysql",
    "sqlite3": "sqlite",
    "libsql": "sqlite",
    "turso": "sqlite",
    "t-sql": "tsql",
    "mssql": "tsql",
    "sqlserver": "tsql",
    "sql server": "tsql",
    "azuresql": "tsql",
    "synapse": "fabric",
    "plsql": "oracle",
    "pl/sql": "oracle",
    "sparksql": "spark",
    "spark sql": "spark",
    "impala": "hive",
    "amazon athena": "athena",
    "google bigquery": "bigquery",
    "googlesql": "bigquery",
    "standard": "",
    "ansi": "",
    "generic": "",
    "sql": "",
}
"""Names of dialects by which others call what sqlglot knows; empty: its generic dialect."""
KNOWN = frozenset(dialect.value for dialect in sqlglot.Dialects if dialect.value)
"""Sqlglot's own names."""

_IN_WORDS = re.compile(
    r"\b(?:(sqlite3?)|(postgres(?:ql)?|psql|pgsql)|(mysql|mariadb)|(big\s?query|googlesql)"
    r"|(snowflake)|(redshift)|(t-?sql|sql\s?server|mssql|transact-?sql|azure sql)"
    r"|(pl/?sql|oracle(?= (?:sql|database|db|dialect|syntax|\d)))|(duckdb)|(clickhouse)"
    r"|(spark ?sql|databricks)|(hiveql|apache hive)|(trino)|(presto(?:db)?)|(athena))\b",
    re.IGNORECASE,
)
_OF_GROUP = (
    "sqlite", "postgres", "mysql", "bigquery", "snowflake", "redshift", "tsql", "oracle", "duckdb",
    "clickhouse", "spark", "hive", "trino", "presto", "athena",
)  # fmt: skip
_BY_WRITING = (
    (re.compile(r"`[^`\n]+\.[^`\n]+`|\bSAFE_(?:CAST|DIVIDE|OFFSET)\b|\bSTRUCT\s*[<(]"), "bigquery"),
    (re.compile(r"`[^`\n]+`"), "mysql"),
    (re.compile(r"(?:\bSELECT\s+|\bTOP\s*\(?\d+\)?\s+|[\s,.(=])\[[A-Za-z_][\w ]*\]"), "tsql"),
    (re.compile(r"\bSELECT\s+(?:DISTINCT\s+)?TOP\s*\(?\d", re.IGNORECASE), "tsql"),
    (re.compile(r"::\s*\w|\bILIKE\b", re.IGNORECASE), "postgres"),
    (re.compile(r"\bQUALIFY\b", re.IGNORECASE), "snowflake"),
    (re.compile(r"\bGROUP_CONCAT\s*\(|\bSTRFTIME\s*\(|\bJULIANDAY\s*\(", re.IGNORECASE), "sqlite"),
)
_TEXT_IN_DOUBLE_QUOTES = frozenset({"", "sqlite"})
"""Dialects whose parser reads ``"x"`` as a name, while people write texts that way too."""


def dialect_named(name: str) -> str | None:
    """Sqlglot's name of a dialect, ``""`` for its generic one; None where nobody knows the name."""
    plain = " ".join(name.lower().split())
    plain = OTHER_NAMES.get(plain, plain)
    return plain if plain in KNOWN or not plain else None


@lru_cache(maxsize=2048)
def dialect_in_prompt(prompt: str) -> str | None:
    """The dialect that a prompt asks for by name: the first one it names."""
    found = _IN_WORDS.search(prompt[:200_000])
    return None if found is None else _OF_GROUP[(found.lastindex or 1) - 1]


def dialect_of(statement: str, prompt: str = "") -> str:
    """The dialect of a statement: as its prompt says, else as it is written, else generic."""
    told = dialect_in_prompt(prompt) if prompt else None
    if told is not None:
        return told
    return next((name for written, name in _BY_WRITING if written.search(statement)), "")


def may_quote_text_doubly(dialect: str) -> bool:
    """Whether ``"x"`` may be a text in that dialect, though sqlglot reads a name."""
    return dialect in _TEXT_IN_DOUBLE_QUOTES
