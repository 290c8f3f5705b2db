"""The calls beside the bill: logged, computed and billed cost, by model and day.

A provider's export says what was billed for a model on a day. Set beside what the logs hold it
says how much of the bill the logs cover, and whether the prices are right: the price of a token
follows from the bill only where both sides have the same tokens.

``bill_exports`` reads the rows of exports, ``bill_models`` finds the models that clouds describe.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from auditor.errors import LogError
from auditor.pricing import bill_exports, bill_models
from auditor.pricing.tokens import input_tokens
from auditor.readers.files import containers, documents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from auditor.pricing.bill_exports import BillLine
    from auditor.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class BillRow:
    """One model on one day: the bill, the logs, and how much of the bill the logs cover.

    ``coverage`` is by cost where the bill has one, else by tokens; None where both are unknown.
    ``price_ratio`` is billed to computed cost where both sides have the same tokens: 0.88 is a
    discount of 12 %.
    """

    provider: str
    model: str | None
    day: date | None
    billed_usd: Decimal | None
    billed_tokens: int | None
    billed_requests: int | None
    calls: int
    logged_usd: Decimal | None
    computed_usd: Decimal | None
    tokens: int | None
    coverage: float | None
    price_ratio: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """All rows, and what those that are on the bill add up to."""

    kind: str
    rows: tuple[BillRow, ...]
    billed_usd: Decimal | None
    computed_usd: Decimal | None
    billed_tokens: int | None
    tokens: int | None
    coverage: float | None
    skipped_rows: int

    def models(self) -> tuple[BillRow, ...]:
        """Return the rows added up over the days, one for each model, costliest first."""
        by_model: dict[str | None, list[BillRow]] = defaultdict(list)
        for row in self.rows:
            by_model[row.model].append(row)
        rows = [
            _compare(some[0].provider, (model, None), *_added(some))
            for model, some in by_model.items()
        ]
        return tuple(sorted(rows, key=_costliest))


@dataclass(slots=True)
class _Billed:
    usd: Decimal | None = None
    tokens: int | None = None
    requests: int | None = None

    def add(self, usd: Decimal | None, tokens: int | None, requests: int | None) -> None:
        if usd is not None:
            self.usd = (self.usd or Decimal(0)) + usd
        if tokens is not None:
            self.tokens = (self.tokens or 0) + tokens
        if requests is not None:
            self.requests = (self.requests or 0) + requests


@dataclass(slots=True)
class _Logged:
    """What the calls of a model on a day say; None: none of them tells."""

    calls: int = 0
    tokens: int | None = None
    logged_usd: Decimal | None = None
    computed_usd: Decimal | None = None

    def add(self, other: _Logged | BillRow) -> None:
        self.calls += other.calls
        if other.tokens is not None:
            self.tokens = (self.tokens or 0) + other.tokens
        if other.logged_usd is not None:
            self.logged_usd = (self.logged_usd or Decimal(0)) + other.logged_usd
        if other.computed_usd is not None:
            self.computed_usd = (self.computed_usd or Decimal(0)) + other.computed_usd


_Key = tuple[str | None, date | None]


def reconcile(store: Store, path: Path) -> Reconciliation:
    """Set the calls beside a provider's usage or cost export.

    Raises:
        LogError: the file cannot be read, or is not a known export.
    """
    billed: dict[_Key, _Billed] = defaultdict(_Billed)
    kind = provider = None
    skipped = 0
    with containers.sources([path]) as found:
        for item in documents.items(found[0]):
            record = item.record
            if not isinstance(record, dict):
                continue
            kind = kind or bill_exports.kind_of(record)
            if kind is None:
                break
            lines = _lines(path, kind, record)
            provider = provider or bill_exports.provider_of(kind)
            provider = provider or next((line.provider for line in lines), None)
            skipped += not lines
            for line in lines:
                if line.provider in (None, provider):
                    billed[line.model, line.day].add(line.usd, line.tokens, line.requests)
    if kind is None:
        raise LogError(
            f"{path}: no usage or cost export that is known",
            hint="exports of OpenAI, the Anthropic Console, OpenRouter, AWS (Cost and Usage "
            "Report, Cost Explorer), Azure, Google Cloud and FOCUS are read",
        )
    if provider is None or not billed:
        raise LogError(
            f"{path}: no line of it is about models ({skipped:,} are about something else)",
            hint="export the services that models run in: Bedrock, Azure OpenAI, Vertex AI, ...",
        )
    same: dict[str, str] = {}
    if bill_exports.is_described(kind):
        billed, same = _of_models(store, provider, billed)
    rows = tuple(_rows(store, provider, billed, same))
    whole = _compare(provider, (None, None), *_added([row for row in rows if _is_billed(row)]))
    return Reconciliation(
        kind=kind,
        rows=rows,
        billed_usd=whole.billed_usd,
        computed_usd=whole.computed_usd,
        billed_tokens=whole.billed_tokens,
        tokens=whole.tokens,
        coverage=whole.coverage,
        skipped_rows=skipped,
    )


def _costliest(row: BillRow) -> tuple[Decimal, int, str]:
    return -(row.billed_usd or Decimal(0)), -(row.billed_tokens or 0), row.model or ""


def _is_billed(row: BillRow) -> bool:
    return row.billed_usd is not None or row.billed_tokens is not None


def _added(rows: Sequence[BillRow]) -> tuple[_Billed, _Logged]:
    """Add up rows: the bill and the calls; what none of them tells stays unknown."""
    bill, logged = _Billed(), _Logged()
    for row in rows:
        bill.add(row.billed_usd, row.billed_tokens, row.billed_requests)
        logged.add(row)
    return bill, logged


def _lines(path: Path, kind: str, record: Mapping[str, Any]) -> list[BillLine]:
    try:
        return list(bill_exports.lines(kind, record))
    except LogError as error:
        raise LogError(f"{path}: {error.message}", hint=error.hint) from error


def _of_models(
    store: Store, provider: str, billed: Mapping[_Key, _Billed]
) -> tuple[dict[_Key, _Billed], dict[str, str]]:
    """Add up the lines of a cloud's bill by the models that they describe.

    Returns the bill, and for logged models that are one on it, which of them stands for all.
    """
    logged = [
        str(model)
        for (model,) in store.rows(
            "SELECT DISTINCT model FROM calls WHERE provider = $provider AND model IS NOT NULL",
            {"provider": provider},
        )
    ]
    models = bill_models.resolve({model for model, _ in billed if model}, logged)
    found: dict[_Key, _Billed] = defaultdict(_Billed)
    for (model, day), bill in billed.items():
        name = models[model][0] if model in models else model
        found[name, day].add(bill.usd, bill.tokens, bill.requests)
    return found, {each: several[0] for several in models.values() for each in several}


def _rows(
    store: Store, provider: str, billed: Mapping[_Key, _Billed], same: Mapping[str, str]
) -> list[BillRow]:
    days = [day for _, day in billed if day is not None]
    logged: dict[_Key, _Logged] = defaultdict(_Logged)
    for model, day, *told in store.rows(_LOGGED, {"provider": provider}):
        if not days or (day is not None and min(days) <= day <= max(days)):
            logged[same.get(model, model), day].add(_Logged(*told))
    by_model = any(model is not None for model, _ in billed)
    if not by_model:
        logged = _over_models(logged)
    keys = sorted({*billed, *logged}, key=lambda k: (str(k[1] or ""), str(k[0] or "")))
    matched = {key: _match(key, logged) for key in billed}
    used = {found for found in matched.values() if found is not None}
    return [
        _compare(provider, key, billed.get(key), logged.get(matched.get(key) or key))
        for key in keys
        if key in billed or key not in used
    ]


def _match(key: _Key, logged: Mapping[_Key, Any]) -> _Key | None:
    """Find the calls of a billed model: exports name versions, or leave them out."""
    if key in logged:
        return key
    model, day = key
    near = [
        k
        for k in logged
        if k[1] == day and k[0] and model and (k[0].startswith(model) or model.startswith(k[0]))
    ]
    return near[0] if len(near) == 1 else None


def _over_models(logged: Mapping[_Key, _Logged]) -> dict[_Key, _Logged]:
    found: dict[_Key, _Logged] = defaultdict(_Logged)
    for (_, day), row in logged.items():
        found[None, day].add(row)
    return found


_LOGGED = f"""
SELECT model, CAST(called_at AT TIME ZONE 'UTC' AS DATE) AS day, count(*) AS calls,
       sum({input_tokens()} + output_tokens)::BIGINT AS tokens,
       sum(logged_cost_usd) AS logged_usd, sum(cost_usd) AS computed_usd
FROM calls WHERE provider = $provider AND usage_state <> 'estimated' GROUP BY ALL"""
_SAME = 0.001


def _compare(provider: str, key: _Key, bill: _Billed | None, found: _Logged | None) -> BillRow:
    row, bill = found or _Logged(), bill or _Billed()
    coverage = ratio = None
    if bill.usd:
        coverage = float((row.computed_usd or Decimal(0)) / bill.usd)
    elif bill.tokens:
        coverage = (row.tokens or 0) / bill.tokens
    if bill.usd and bill.tokens and row.tokens and row.computed_usd:
        same = abs(row.tokens / bill.tokens - 1) <= _SAME
        ratio = float(bill.usd / row.computed_usd) if same else None
    return BillRow(
        provider=provider, model=key[0], day=key[1], billed_usd=bill.usd,
        billed_tokens=bill.tokens, billed_requests=bill.requests, calls=row.calls,
        logged_usd=row.logged_usd, computed_usd=row.computed_usd, tokens=row.tokens,
        coverage=coverage, price_ratio=ratio,
    )  # fmt: skip
