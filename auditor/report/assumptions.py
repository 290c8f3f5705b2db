"""The assumptions behind the local cost, as rows of the report."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from auditor.report.wording import UNKNOWN, money, percent

if TYPE_CHECKING:
    from collections.abc import Mapping

_ASSUMPTIONS = {
    "usd_per_hour": ("Rent of a machine, an hour", "$"),
    "capex_usd": ("Price of a machine", "$"),
    "life_months": ("Life of a machine", "months"),
    "salvage": ("Share of the price left at the end", "%"),
    "hosting_usd_month": ("Hosting of a machine, a month", "$"),
    "load_watts": ("Power under load", "W"),
    "idle_watts": ("Power when idle", "W"),
    "usd_per_kwh": ("Electricity, a kWh", "$"),
    "pue": ("Power usage effectiveness", ""),
    "ops_hours_month": ("People, a month", "h"),
    "setup_hours": ("People, setup", "h"),
    "people_usd_hour": ("People, an hour", "$"),
    "utilisation": ("Load allowed in the busiest hour", "%"),
    "prompt_tokens_per_s": ("Prompt speed, one machine", "tokens/s"),
    "output_tokens_per_s": ("Answer speed, one machine", "tokens/s"),
}
_ORIGINS = {
    "auditor.toml": "said by you in auditor.toml",
    "default": "default; set it under [local]",
    "measured": "measured in this replay",
    "unknown": "not known; set it under [local]",
}


def assumption_rows(assumptions: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return each assumption of the local cost as name, value and origin, in words."""
    rows = []
    for key, said in assumptions.items():
        name, unit = _ASSUMPTIONS.get(key, (key.replace("_", " "), ""))
        value = said["value"]
        if value is None:
            text = UNKNOWN
        elif unit == "$":
            text = money(Decimal(str(value)))
        elif unit == "%":
            text = percent(value)
        else:
            text = f"{float(value):,.4g} {unit}".rstrip() if _is_number(value) else str(value)
        rows.append((name, text, _ORIGINS.get(said["origin"], said["origin"])))
    return rows


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
