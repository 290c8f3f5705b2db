"""The one table of checks: what a criterion can demand of an answer.

A check of auditor's is declared in a module of this folder by the decorator ``record.check``, or
stands in the module's ``DECLARED``: every module here is looked through once. Other packages add
checks by the entry points ``auditor.checks``.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from auditor.criteria.checks.installed import installed_checks
from auditor.criteria.checks.record import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["BUILT_IN", "CHECKS"]


def _declared() -> Iterator[Check]:
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        known = vars(importlib.import_module(module.name))
        yield from known.get("DECLARED", ())
        for value in known.values():
            if isinstance(value, Check) and value.function.__module__ == module.name:
                yield value


def _by_name(checks: list[Check]) -> dict[str, Check]:
    table = {check.name: check for check in checks}
    assert len(table) == len(checks), "two checks have one name"
    return dict(sorted(table.items()))


BUILT_IN: Mapping[str, Check] = _by_name(list(_declared()))
"""auditor's own checks by their names."""
CHECKS: Mapping[str, Check] = {**installed_checks(), **BUILT_IN}
"""Every check by its name, which is the ``type`` of an assertion; auditor's own win."""
