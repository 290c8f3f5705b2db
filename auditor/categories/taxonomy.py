"""``taxonomy.yaml``: the categories as the user wants them, exported, edited and applied.

The file lists every category that was found; what differs from that is the user's word. It is kept
in the database (see ``overrides``) and holds on when categories are found anew.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from auditor.categories import overrides
from auditor.categories.overrides import COLUMNS, CONDITIONS, TAG, Override
from auditor.errors import ConfigError
from auditor.text import marked_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from auditor.store.store import Store

FILE_NAME = "taxonomy.yaml"
_HEADER = f"""\
# Categories as found. Edit, then apply this file: auditor categories --apply {FILE_NAME}
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

Text = Annotated[str, Field(min_length=1, max_length=200)]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _SplitSpec(_Spec):
    name: Text
    where: dict[str, str]
    ignore: bool = False


class _CategorySpec(_Spec):
    id: Text
    name: Text | None = None
    ignore: bool = False
    merge: list[str] = []
    split: list[_SplitSpec] = []
    pin: list[str] = []


class _TaxonomySpec(_Spec):
    version: Literal[1] = 1
    by: str | None = None
    categories: list[_CategorySpec] = []


class Found(NamedTuple):
    """One category as it was found, before the user's word."""

    category_id: str
    name: str


# -- writing ---------------------------------------------------------------------------------------


def export(store: Store) -> str:
    """The categories and what the user said of them, as the text of ``taxonomy.yaml``."""
    said = overrides.in_force(store)
    by = _group_key(said)
    facts = {
        row["category_id"]: row
        for row in store.dicts(
            "SELECT category_id, calls, spend_usd, task_type, s.output_shape"
            " FROM v_spend s JOIN categories USING (category_id)"
        )
    }
    merged = {one for o in said if o.kind == "merge" for one in o.value["categories"]}
    lines = [_HEADER + "version: 1", f"by: {_text(by) if by else 'null'}", "categories:"]
    for found in sorted(
        found_categories(store, by),
        key=lambda f: (-float(facts.get(f.category_id, {}).get("spend_usd") or 0), f.category_id),
    ):
        if found.category_id not in merged:
            mine = [o for o in said if o.subject == found.category_id]
            lines.extend(_entry(found, mine, facts.get(found.category_id)))
    return "\n".join(lines) + "\n"


def _entry(
    found: Found, said: Sequence[Override], facts: Mapping[str, Any] | None
) -> Iterator[str]:
    of_kind = {kind: [o.value for o in said if o.kind == kind] for kind in overrides.KINDS}
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
    """A string as YAML: JSON's double quotes are YAML's; what cannot be seen is escaped."""
    return json.dumps(value, ensure_ascii=not value.isprintable())


def _flow(value: object) -> str:
    return json.dumps(value)


# -- reading ---------------------------------------------------------------------------------------


def apply(store: Store, text: str, *, name: str = FILE_NAME) -> list[str]:
    """Keep what a taxonomy says instead of what was said before; returns it in words.

    It takes effect when the categories are found anew: run the categorize stage after this.

    Raises:
        ConfigError: not a taxonomy, an unknown category or field, a name given twice.
    """
    document = marked_yaml.load(text, name=name)
    try:
        spec = _TaxonomySpec.model_validate(document.value or {})
    except ValidationError as error:
        first = error.errors()[0]
        where = document.place(first["loc"])
        path = ".".join(map(str, first["loc"]))
        raise ConfigError(f"{where}: {path}: {first['msg']}") from error
    by_model = [o for o in overrides.in_force(store) if o.kind == "name"]
    models = {o.subject: o.value["name"] for o in by_model}
    # a name that the model gave and the file repeats is still the model's
    said = [
        o
        for o in _overrides(store, spec, document)
        if o.kind != "rename" or models.get(o.subject) != o.value["name"]
    ]
    overrides.replace(store, [*said, *by_model])
    return [_in_words(o) for o in said]


def group_by(store: Store, key: str | None) -> None:
    """Make categories from a field of the log (`None`: from what the calls are) from now on.

    Raises:
        ConfigError: no such field.
    """
    _check_key(key, "--by")
    kept = [o for o in overrides.in_force(store) if o.kind != "group-by"]
    added = [Override(kind="group-by", subject="*", value={"key": key})] if key else []
    overrides.replace(store, [*added, *kept])


def found_categories(store: Store, by: str | None = None) -> list[Found]:
    """All categories as found, or as a field makes them, by id."""
    if by is None:
        rows = store.rows(
            "SELECT DISTINCT evidence->>'$.found.category_id' AS id, evidence->>'$.found.name'"
            " FROM routes ORDER BY id"
        )
    else:
        params = [by[len(TAG) :]] if by.startswith(TAG) else []
        rows = store.rows(
            f"SELECT left(md5('tag:' || name), 12) AS id, name FROM"
            f" (SELECT DISTINCT {overrides.group_expression(by)} AS name FROM calls c) ORDER BY id",
            params,
        )
    return [Found(*row) for row in rows]


def _overrides(
    store: Store, spec: _TaxonomySpec, document: marked_yaml.MarkedYaml
) -> Iterator[Override]:
    _check_key(spec.by, document.place(["by"]))
    if spec.by:
        yield Override(kind="group-by", subject="*", value={"key": spec.by})
    found = {f.category_id: f for f in found_categories(store, spec.by)}
    ids = {f.name.casefold(): f.category_id for f in found.values()} | {key: key for key in found}
    _check_names(spec, found, document)
    homes: dict[str, str] = {}
    for number, entry in enumerate(spec.categories):
        at: list[str | int] = ["categories", number]
        into = []
        for place, other in enumerate(entry.merge):
            one = ids.get(other) or ids.get(other.casefold())
            where = document.place([*at, "merge", place])
            if one is None or one == entry.id:
                raise ConfigError(f"{where}: there is no other category {other!r}")
            if homes.setdefault(one, entry.id) != entry.id:
                raise ConfigError(f"{where}: {other!r} is merged into two categories")
            into.append(one)
        for place, part in enumerate(entry.split):
            _check_rule(part.where, document.place([*at, "split", place, "where"]))
        yield from _said(entry, into, found[entry.id].name)
    chained = [one for one in homes if one in homes.values()]
    if chained:
        raise ConfigError(
            f"{document.name}: category {chained[0]} is merged into another and takes one in",
            hint="name all of them under the one that stays",
        )


def _said(entry: _CategorySpec, into: Sequence[str], found_name: str) -> Iterator[Override]:
    """What one entry says beyond what was found."""

    def word(kind: str, **value: object) -> Override:
        return Override(kind=kind, subject=entry.id, value=value)

    if into:
        yield word("merge", categories=list(into))
    for part in entry.split:
        yield word("split", name=part.name, rule=part.where, ignore=part.ignore)
    if entry.pin:
        yield word("pin", calls=entry.pin)
    if entry.ignore:
        yield word("ignore")
    if entry.name is not None and entry.name != found_name:
        yield word("rename", name=entry.name)


def _check_names(
    spec: _TaxonomySpec, found: Mapping[str, Found], document: marked_yaml.MarkedYaml
) -> None:
    """Refuse categories that are not there and names that two would have."""
    taken: set[str] = set()
    for number, entry in enumerate(spec.categories):
        at: list[str | int] = ["categories", number]
        if entry.id not in found:
            raise ConfigError(
                f"{document.place([*at, 'id'])}: there is no category {entry.id!r}",
                hint="export the taxonomy anew and carry your changes over",
            )
        title = entry.name or found[entry.id].name
        for given in (title, *(part.name for part in entry.split)):
            if given.casefold() in taken:
                raise ConfigError(f"{document.place(at)}: two categories are called {given!r}")
            taken.add(given.casefold())


def _check_key(key: str | None, where: str) -> None:
    if key is not None and key not in COLUMNS and not (key.startswith(TAG) and key != TAG):
        raise ConfigError(
            f"{where}: categories cannot be made from {key!r}",
            hint=f"one of {', '.join(COLUMNS)} or {TAG}NAME",
        )


def _check_rule(rule: Mapping[str, str], where: str) -> None:
    unknown = [key for key in rule if key not in CONDITIONS]
    if unknown or not rule:
        raise ConfigError(
            f"{where}: {'no condition ' + repr(unknown[0]) if unknown else 'no condition given'}",
            hint=f"conditions are {', '.join(CONDITIONS)}",
        )
    if "regex" in rule:
        import re2

        try:
            re2.compile(rule["regex"])
        except re2.error as error:
            raise ConfigError(f"{where}: not a regular expression of RE2: {error}") from error


def _group_key(said: Sequence[Override]) -> str | None:
    return next((str(o.value["key"]) for o in said if o.kind == "group-by"), None)


def _in_words(override: Override) -> str:
    value = override.value
    match override.kind:
        case "group-by":
            return f"categories from {value['key']}"
        case "rename":
            return f"{override.subject} is called {value['name']!r}"
        case "merge":
            return f"{override.subject} takes in {', '.join(value['categories'])}"
        case "split":
            return f"{value['name']!r} is split off {override.subject}"
        case "pin":
            return f"{len(value['calls'])} calls are pinned to {override.subject}"
        case _:
            return f"{override.subject} is left out of replay"
