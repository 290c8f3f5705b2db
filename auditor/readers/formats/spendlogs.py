"""LiteLLM_SpendLogs: the proxy's table, as CSV from Postgres or as JSON.

Source: BerriAI/litellm, litellm/proxy/schema.prisma and spend_tracking_utils.get_logging_payload.
The prompt is in ``proxy_server_request``, ``messages`` is empty; long strings are cut and say so;
input counts include what was cached, whatever the provider.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.readers.call import Call, Json
from auditor.readers.formats import litellm
from auditor.readers.mapped import declared

if TYPE_CHECKING:
    from auditor.readers.call import Outcome

name = "litellm-spendlogs"
title = "LiteLLM SpendLogs (CSV, JSONL)"
_table = declared("spendlogs")
matches = _table.matches


def read(record: Json) -> list[Outcome]:
    """Read a row."""
    outcomes = _table.read(record)
    for call in outcomes:
        if isinstance(call, Call):
            litellm.settle(call, record)
    return outcomes
