"""Read an edited ``taxonomy.yaml`` and keep its overrides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from auditor.categories import overrides
from auditor.categories.overrides import COLUMNS, CONDITIONS, TAG, Override
from auditor.categories.taxonomy.file import FILE_NAME, Taxonomy, found_categories
from auditor.errors import ConfigError
from auditor.text import marked_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from auditor.categories.taxonomy.file import CategoryPart, FoundCategory
    from auditor.store.store import Store


def apply(store: Store, text: str, *, name: str = FILE_NAME) -> list[str]:
    """Replace the overrides by those of a taxonomy; returns a sentence for each.

    It takes effect when the categories are found anew: run the categorize stage after this.

    Raises:
        ConfigError: not a taxonomy, an unknown category or field, a name given twice.
    """
    document = marked_yaml.load(text, name=name)
    try:
        spec = Taxonomy.model_validate(document.value or {})
    except ValidationError as error:
        first = error.errors()[0]
        where = document.place(first["loc"])
        path = ".".join(map(str, first["loc"]))
        raise ConfigError(f"{where}: {path}: {first['msg']}") from error
    by_model = [o for o in overrides.load(store) if o.kind == "name"]
    models = {o.subject: o.value["name"] for o in by_model}
    # A name that a model gave and the file repeats is still the model's.
    by_user = [
        o
        for o in _overrides(store, spec, document)
        if o.kind != "rename" or models.get(o.subject) != o.value["name"]
    ]
    overrides.save(store, [*by_user, *by_model])
    return [_in_words(o) for o in by_user]


def group_by(store: Store, key: str | None) -> None:
    """Make categories from a field of the log from now on; None: from what the calls are.

    Raises:
        ConfigError: no such field.
    """
    _check_key(key, "--by")
    kept = [o for o in overrides.load(store) if o.kind != "group-by"]
    added = [Override(kind="group-by", subject="*", value={"key": key})] if key else []
    overrides.save(store, [*added, *kept])


def _overrides(
    store: Store, spec: Taxonomy, document: marked_yaml.MarkedYaml
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
        yield from _of_entry(entry, into, found[entry.id].name)
    chained = [one for one in homes if one in homes.values()]
    if chained:
        raise ConfigError(
            f"{document.name}: category {chained[0]} is merged into another and takes one in",
            hint="name all of them under the one that stays",
        )


def _of_entry(entry: CategoryPart, into: Sequence[str], found_name: str) -> Iterator[Override]:
    """The differences of one entry from what was found."""

    def override(kind: str, **value: object) -> Override:
        return Override(kind=kind, subject=entry.id, value=value)

    if into:
        yield override("merge", categories=list(into))
    for part in entry.split:
        yield override("split", name=part.name, rule=part.where, ignore=part.ignore)
    if entry.pin:
        yield override("pin", calls=entry.pin)
    if entry.ignore:
        yield override("ignore")
    if entry.name is not None and entry.name != found_name:
        yield override("rename", name=entry.name)


def _check_names(
    spec: Taxonomy, found: Mapping[str, FoundCategory], document: marked_yaml.MarkedYaml
) -> None:
    """Refuse unknown categories, and a name that two of them would have.

    Names as found may differ in nothing but capitals; a name that somebody gives may not.
    """
    taken: dict[str, bool] = {}
    for number, entry in enumerate(spec.categories):
        at: list[str | int] = ["categories", number]
        if entry.id not in found:
            raise ConfigError(
                f"{document.place([*at, 'id'])}: there is no category {entry.id!r}",
                hint="export the taxonomy anew and carry your changes over",
            )
        title = entry.name or found[entry.id].name
        as_found = title == found[entry.id].name
        names = [(title, as_found), *((part.name, False) for part in entry.split)]
        for given, unchanged in names:
            if given.casefold() in taken and not (unchanged and taken[given.casefold()]):
                raise ConfigError(f"{document.place(at)}: two categories are called {given!r}")
            taken[given.casefold()] = unchanged and taken.get(given.casefold(), True)


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
