"""Write ``taxonomy.yaml``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from auditor.categories import overrides
from auditor.categories.overrides import COLUMNS, CONDITIONS, TAG
from auditor.categories.taxonomy.file import FILE_NAME, FoundCategory, found_categories, group_key
from auditor.outputs import TAXONOMY_HEAD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from auditor.categories.overrides import Override
    from auditor.store.store import Store

_HEADER = f"""\
{TAXONOMY_HEAD} {FILE_NAME}
#   name     another one renames the category
#   ignore   true: left out of replay, kept in the spend
#   merge    ids or names of categories that belong to this one
#   split    calls that are a category of their own, for example
#            - name: refunds in German
#              where: {{system_contains: "auf Deutsch"}}
#            where knows: {", ".join(CONDITIONS)}; all that are given must hold
#   pin      ids of calls that belong here whatever was found
# by: {", ".join(COLUMNS[:4])}, ... or {TAG}NAME makes the categories from that field instead.
"""


def export(store: Store) -> str:
    """The categories and their overrides, as the text of ``taxonomy.yaml``."""
    changed = overrides.load(store)
    by = group_key(changed)
    facts = {
        row["category_id"]: row
        for row in store.dicts(
            "SELECT category_id, calls, spend_usd, task_type, s.output_shape"
            " FROM v_spend s JOIN categories USING (category_id)"
        )
    }
    merged = {one for o in changed if o.kind == "merge" for one in o.value["categories"]}
    lines = [_HEADER + "version: 1", f"by: {_text(by) if by else 'null'}", "categories:"]
    for found in sorted(
        found_categories(store, by),
        key=lambda f: (-float(facts.get(f.category_id, {}).get("spend_usd") or 0), f.category_id),
    ):
        if found.category_id not in merged:
            own = [o for o in changed if o.subject == found.category_id]
            lines.extend(_entry(found, own, facts.get(found.category_id)))
    return "\n".join(lines) + "\n"


def _entry(
    found: FoundCategory, changed: Sequence[Override], facts: Mapping[str, Any] | None
) -> Iterator[str]:
    of_kind = {kind: [o.value for o in changed if o.kind == kind] for kind in overrides.KINDS}
    named = [*of_kind["rename"], *of_kind["name"]]
    name = named[0]["name"] if named else found.name
    if facts:
        kind = f", {facts['task_type']}" if facts["task_type"] else ""
        yield (
            f"# {facts['calls']:,} calls, {facts['spend_usd']:.2f} USD{kind},"
            f" answers: {facts['output_shape']}"
        )
    yield f"- id: {_text(found.category_id)}"
    yield f"  name: {_text(name)}" + (
        f"  # found as {_text(found.name)}" if name != found.name else ""
    )
    if of_kind["ignore"]:
        yield "  ignore: true"
    for value in of_kind["merge"]:
        yield f"  merge: {_flow(value['categories'])}"
    if of_kind["split"]:
        yield "  split:"
    for value in of_kind["split"]:
        yield f"  - name: {_text(value['name'])}"
        yield f"    where: {_flow(value['rule'])}"
        if value.get("ignore"):
            yield "    ignore: true"
    for value in of_kind["pin"]:
        yield f"  pin: {_flow(value['calls'])}"


def _text(value: str) -> str:
    """Write a string in double quotes as YAML 1.2 reads it, invisible characters escaped.

    JSON would write half of an emoji after the other, which YAML takes for two characters.
    """
    return f'"{"".join(map(_character, value))}"'


def _character(one: str) -> str:
    if one in '"\\':
        return f"\\{one}"
    if one.isprintable():
        return one
    code = ord(one)
    for mark, digits in (("x", 2), ("u", 4)):
        if code < 16**digits:
            return f"\\{mark}{code:0{digits}x}"
    return f"\\U{code:08x}"


def _flow(value: object) -> str:
    """Write a list or an object of strings on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(key)}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _text(value) if isinstance(value, str) else json.dumps(value)
