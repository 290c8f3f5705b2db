"""Rules of providers' price lists that the price book does not know, as ``published_rules.toml``.

Factors by tier and region, the days on which prices by the hour hold, prices of sound and pictures,
fees of hosted tools. The file says of each rule from which day it holds and where it is published.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable

_SATURDAY = 5


class _Rule(BaseModel):
    """Whom a rule holds for: providers, models by the beginning of their name, and since when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    providers: tuple[str, ...]
    models: str = ""
    since: date = date.min
    source: str

    def holds(self, provider: str, model: str, day: date) -> bool:
        """Say whether the rule holds for a model, whatever stands before its name."""
        name = model.lower().rpartition("/")[2]
        return (
            provider in self.providers
            and day >= self.since
            and (re.match(self.models, name) is not None)
        )


class _Tier(_Rule):
    tiers: tuple[str, ...]
    factor: Decimal


class _Region(_Rule):
    regions: str
    factor: Decimal


class _Hours(_Rule):
    weekdays_only_since: date = date.max


class _Modality(_Rule):
    usd_per_million: dict[str, Decimal]


class _Fee(_Rule):
    unit: str
    usd: Decimal


class PublishedRules(BaseModel):
    """All rules; the questions below are asked for one provider, model and day each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tier: tuple[_Tier, ...]
    region: tuple[_Region, ...]
    hours: tuple[_Hours, ...]
    modality: tuple[_Modality, ...]
    fee: tuple[_Fee, ...]

    def tier_factor(self, provider: str, model: str, day: date, tier: str) -> Decimal | None:
        """Return what a tier costs by its rule, as a share of the standard price."""
        rules = (r for r in self.tier if tier in r.tiers and r.holds(provider, model, day))
        return next((rule.factor for rule in rules), None)

    def region_factor(self, provider: str, model: str, day: date, region: str) -> Decimal:
        """Return the factor on all token prices where a provider may run a call there alone."""
        rules = (
            rule for rule in self.region
            if region and re.match(rule.regions, region) and rule.holds(provider, model, day)
        )  # fmt: skip
        return next((rule.factor for rule in rules), Decimal(1))

    def hours_hold(self, provider: str, model: str, day: date) -> bool:
        """Say whether prices by the hour hold on a day; without a rule they do."""
        rule = next((r for r in self.hours if _names(r, provider, model)), None)
        if rule is None:
            return True
        weekend = day.weekday() >= _SATURDAY and day >= rule.weekdays_only_since
        return day >= rule.since and not weekend

    def modality_usd(self, provider: str, model: str, day: date) -> dict[str, Decimal]:
        """Return USD per token of what is not text, by unit."""
        rule = next((r for r in self.modality if r.holds(provider, model, day)), None)
        given = rule.usd_per_million if rule else {}
        return {unit: usd / 1_000_000 for unit, usd in given.items()}

    def fees(self, provider: str, model: str, day: date) -> dict[str, Decimal]:
        """Return USD per use of a hosted tool, by unit; of ``requests``, per call."""
        return {rule.unit: rule.usd for rule in self.fee if rule.holds(provider, model, day)}

    def sources(self) -> Iterable[str]:
        """Return where the rules are published."""
        groups = (self.tier, self.region, self.hours, self.modality, self.fee)
        return {rule.source for group in groups for rule in group}


def _names(rule: _Rule, provider: str, model: str) -> bool:
    """Say whether a rule is about a model, on whatever day."""
    return rule.holds(provider, model, date.max)


@cache
def published_rules() -> PublishedRules:
    """Read the rules that are shipped with the package."""
    raw = (files("auditor.pricing") / "published_rules.toml").read_text(encoding="utf-8")
    return PublishedRules.model_validate(tomllib.loads(raw))
