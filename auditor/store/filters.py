"""Which calls are meant: --since, --until, --model, --project, --where, as one SQL condition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auditor.errors import ConfigError

if TYPE_CHECKING:
    from datetime import datetime

    from auditor.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Conditions on columns of ``calls``; what is not given holds for every call.

    ``models`` and ``projects`` are globs, one of which must match. ``since`` is inclusive and
    ``until`` is not; a call whose time is unknown is in neither. ``where`` is a condition in
    DuckDB's SQL.
    """

    since: datetime | None = None
    until: datetime | None = None
    models: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    where: str | None = None

    def __bool__(self) -> bool:
        return self != CallFilter()

    def sql(self) -> tuple[str, dict[str, Any]]:
        """Return the condition and the values of its parameters."""
        parts: list[str] = []
        values: dict[str, Any] = {}
        if self.since is not None:
            parts.append("called_at >= $f_since")
            values["f_since"] = self.since
        if self.until is not None:
            parts.append("called_at < $f_until")
            values["f_until"] = self.until
        for column, globs in (("model", self.models), ("project", self.projects)):
            names = [f"f_{column}_{n}" for n in range(len(globs))]
            if names:
                either = " OR ".join(f"coalesce({column}, '') GLOB ${name}" for name in names)
                parts.append(f"({either})")
                values |= dict(zip(names, globs, strict=True))
        if self.where:
            parts.append(f"({self.where}\n)")  # a comment at its end must not hide what follows
        return " AND ".join(parts) or "true", values

    def check(self, store: Store) -> None:
        """Try the condition.

        Raises:
            ConfigError: it is none on the columns of calls.
        """
        if not self.where:
            return
        condition, values = self.sql()
        # Counted, not only parsed: a cast of one value fails when the value is met.
        refusal = store.refusal(f"SELECT count(*) FROM calls WHERE {condition}", values)
        if refusal:
            raise ConfigError(
                f"--where cannot be used: {refusal}",
                hint="it is a condition on the columns of calls, for example \"status = 'ok'\"",
            )
