"""Overrides: what the user changed about categories, kept in a table and applied in SQL.

They are written in ``taxonomy.yaml``; this module knows only rows. They are applied anew each time
the categories are found, on top of what was found, so that an override taken back leaves no trace.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from auditor.domain import canonical_json, digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.store.store import Store

KINDS = ("group-by", "merge", "split", "pin", "ignore", "name", "rename")
"""The order in which they are applied; a model gives a `name`, the user a `rename`."""
COLUMNS = ("project", "team", "user_id", "model", "provider", "api_key_id", "endpoint")
"""Columns of ``calls`` that categories can be made from, besides ``tags.KEY``."""
TAG = "tags."

_FIRST_USER_TEXT = "coalesce(json_extract_string(t.messages, '$[0].content'), '')"
_CONDITIONS = {
    "contains": f"contains(lower(concat(t.system_text, chr(10), {_FIRST_USER_TEXT})), lower(?))",
    "system_contains": "contains(lower(t.system_text), lower(?))",
    "user_contains": f"contains(lower({_FIRST_USER_TEXT}), lower(?))",
    "regex": f"regexp_matches(concat(t.system_text, chr(10), {_FIRST_USER_TEXT}), ?)",
    "model": "c.model = ?",
    "project": "c.project = ?",
    "response_format": "c.response_format = ?",
    "tool": "list_contains(c.tool_names, ?)",
    "shape": "a.output_shape = ?",
    "route": "a.route_id = ?",
}
CONDITIONS = tuple(_CONDITIONS)
"""Conditions of a split; a call must meet all that are given."""

_SUMMARIZE = """
UPDATE categories SET output_shape = shape FROM (
    SELECT category_id, coalesce(mode(split_part(output_shape, ':', 1)), 'text') AS shape
    FROM call_categories GROUP BY ALL
) m WHERE m.category_id = categories.category_id AND method IN ('tag', 'user')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One change: `kind` is one of `KINDS`, `subject` the id of the category that it changes."""

    kind: str
    subject: str
    value: Mapping[str, Any]


def load(store: Store) -> list[Override]:
    """All overrides, in the order in which they are applied."""
    rows = store.rows("SELECT kind, subject, value FROM overrides ORDER BY override_no")
    found = [Override(kind=k, subject=s, value=orjson.loads(v)) for k, s, v in rows]
    return sorted(found, key=lambda override: KINDS.index(override.kind))


def save(store: Store, changed: Sequence[Override]) -> None:
    """Keep these overrides instead of those before."""
    now = datetime.now(UTC)
    with store.transaction():
        store.execute("DELETE FROM overrides")
        store.append(
            "overrides",
            [
                {
                    "override_no": number,
                    "kind": override.kind,
                    "subject": override.subject,
                    "value": canonical_json(dict(override.value)),
                    "said_at": now,
                }
                for number, override in enumerate(changed)
            ],
        )


def split_id(parent: str, name: str) -> str:
    """The id of a category that the user split off."""
    return digest("split", parent, name)[:12]


def apply_to_tables(store: Store) -> list[str]:
    """Change the tables as the overrides say; returns a warning for each that fits no category.

    Expects the categories as they were found, and runs inside the caller's transaction.
    """
    store.execute("DELETE FROM category_aliases")
    unknown = []
    for override in load(store):
        known = override.kind == "group-by" or store.rows(
            "SELECT 1 FROM categories WHERE category_id = ?", [override.subject]
        )
        if not known:
            unknown.append(
                f"taxonomy: {override.kind} speaks of category {override.subject},"
                " which is not there"
            )
            continue
        _APPLY[override.kind](store, override.subject, override.value)
    store.execute(_SUMMARIZE)
    store.execute(
        "DELETE FROM categories WHERE category_id NOT IN (SELECT category_id FROM call_categories)"
    )
    return unknown


def _group_by(store: Store, _: str, value: Mapping[str, Any]) -> None:
    """Make the categories from a column or a tag instead; routes stay as they are."""
    key = value["key"]
    of_call = group_expression(key)
    params = [key[len(TAG) :]] if key.startswith(TAG) else []
    store.execute("DELETE FROM categories")
    store.execute(
        f"""UPDATE call_categories SET category_id = left(md5('tag:' || g.name), 12)
        FROM (SELECT call_id, {of_call} AS name FROM calls c) g
        WHERE g.call_id = call_categories.call_id""",
        params,
    )
    store.execute(
        f"""INSERT INTO categories BY NAME
        SELECT DISTINCT left(md5('tag:' || g.name), 12) AS category_id, g.name AS name,
            'user' AS name_origin, 'tag' AS method, false AS ignored
        FROM (SELECT DISTINCT {of_call} AS name
              FROM calls c SEMI JOIN call_categories USING (call_id)) g
        ORDER BY category_id""",
        params,
    )


def group_expression(key: str) -> str:
    """SQL for the value that a call has under a grouping key; a tag's name is its parameter."""
    if key.startswith(TAG):
        column = "json_extract_string(c.tags, concat('$.\"', replace(?, '\"', ''), '\"'))"
    else:
        assert key in COLUMNS
        column = f"c.{key}"
    nothing = f"(no {key.removeprefix(TAG)})".replace("'", "''")
    return f"coalesce(nullif(trim({column}), ''), '{nothing}')"


def _merge(store: Store, into: str, value: Mapping[str, Any]) -> None:
    ids = [one for one in value["categories"] if one != into]
    for table in ("call_categories", "routes"):
        store.execute(
            f"UPDATE {table} SET category_id = ? WHERE list_contains(?, category_id)", [into, ids]
        )
    for one, name in store.rows(
        "SELECT category_id, name FROM categories WHERE list_contains(?, category_id)", [ids]
    ):
        _alias(store, one, into)
        _alias(store, name, into)
    store.execute("DELETE FROM categories WHERE list_contains(?, category_id)", [ids])


def _split(store: Store, parent: str, value: Mapping[str, Any]) -> None:
    rule: Mapping[str, str] = value["rule"]
    held = " AND ".join(_CONDITIONS[name] for name in rule)
    new = split_id(parent, value["name"])
    store.execute(
        f"""UPDATE call_categories SET category_id = ? WHERE category_id = ? AND call_id IN (
            SELECT a.call_id FROM call_categories a JOIN calls c USING (call_id)
            LEFT JOIN contents t USING (call_id) WHERE a.category_id = ? AND {held})""",
        [new, parent, parent, *rule.values()],
    )
    store.execute(
        """INSERT INTO categories BY NAME
        SELECT ? AS category_id, ? AS name, 'user' AS name_origin, 'user' AS method, task_type,
            output_shape, ? AS ignored
        FROM categories WHERE category_id = ?""",
        [new, value["name"], bool(value.get("ignore")), parent],
    )


def _pin(store: Store, target: str, value: Mapping[str, Any]) -> None:
    store.execute(
        """UPDATE call_categories SET category_id = ?, confidence = 1.0 WHERE call_id IN (
            SELECT call_id FROM calls
            WHERE list_contains(?, call_id) OR list_contains(?, log_id))""",
        [target, value["calls"], value["calls"]],
    )


def _ignore(store: Store, target: str, _: Mapping[str, Any]) -> None:
    store.execute("UPDATE categories SET ignored = true WHERE category_id = ?", [target])


def _name(store: Store, target: str, value: Mapping[str, Any]) -> None:
    _rename(store, target, value, origin="model")


def _rename(store: Store, target: str, value: Mapping[str, Any], *, origin: str = "user") -> None:
    former = store.value("SELECT name FROM categories WHERE category_id = ?", [target])
    # A category that was found later may have the name: the override comes first.
    store.execute(
        "UPDATE categories SET name = concat(name, ' (', category_id, ')')"
        " WHERE name = ? AND category_id <> ?",
        [value["name"], target],
    )
    store.execute(
        "UPDATE categories SET name = ?, name_origin = ? WHERE category_id = ?",
        [value["name"], origin, target],
    )
    _alias(store, former, target)


def _alias(store: Store, alias: str, target: str) -> None:
    store.execute("INSERT OR REPLACE INTO category_aliases VALUES (?, ?)", [alias, target])


_APPLY = {
    "group-by": _group_by,
    "merge": _merge,
    "split": _split,
    "pin": _pin,
    "ignore": _ignore,
    "name": _name,
    "rename": _rename,
}
