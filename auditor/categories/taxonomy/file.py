"""The form of ``taxonomy.yaml``, and the categories it may speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from auditor.categories.overrides import TAG, group_expression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.categories.overrides import Override
    from auditor.store.store import Store

FILE_NAME = "taxonomy.yaml"

Text = Annotated[str, Field(min_length=1)]
"""As long as what a log holds in the field that categories are made from."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SplitPart(_Part):
    """Calls that become a category of their own."""

    name: Text
    where: dict[str, str]
    ignore: bool = False


class CategoryPart(_Part):
    """One category that was found, with the changes to it."""

    id: Text
    name: Text | None = None
    ignore: bool = False
    merge: list[str] = []
    split: list[SplitPart] = []
    pin: list[str] = []


class Taxonomy(_Part):
    """The whole file."""

    version: Literal[1] = 1
    by: str | None = None
    categories: list[CategoryPart] = []


class FoundCategory(NamedTuple):
    """One category as it was found, before overrides."""

    category_id: str
    name: str


def found_categories(store: Store, by: str | None = None) -> list[FoundCategory]:
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
            f" (SELECT DISTINCT {group_expression(by)} AS name FROM calls c) ORDER BY id",
            params,
        )
    return [FoundCategory(*row) for row in rows]


def group_key(changed: Sequence[Override]) -> str | None:
    """The field that categories are made from, None if from what the calls are."""
    return next((str(o.value["key"]) for o in changed if o.kind == "group-by"), None)
