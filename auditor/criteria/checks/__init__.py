"""The one table of checks: what a criterion can demand of an answer.

A check is declared in a module of this folder by the decorator ``record.check``, and nowhere else:
every module here is looked through once.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from auditor.criteria.checks.record import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["CHECKS"]


def _declared() -> Iterator[Check]:
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Check) and value.function.__module__ == module.name:
                yield value


def _by_name(checks: list[Check]) -> dict[str, Check]:
    table = {check.name: check for check in checks}
    assert len(table) == len(checks), "two checks have one name"
    return dict(sorted(table.items()))


CHECKS: Mapping[str, Check] = _by_name(list(_declared()))
"""Every check by its name, which is the ``type`` of an assertion."""
