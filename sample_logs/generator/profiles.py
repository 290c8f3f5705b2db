"""Who calls what: the tasks with their app, volume, models and request parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from generator import (
    bug_reports,
    chat,
    functions,
    handbook,
    icons,
    languages,
    meeting_dates,
    moderation,
    order_numbers,
    orders,
    reviews,
    sql,
    summaries,
    tickets,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from generator.task import Task

OPUS_41 = "claude-opus-4-1-20250805"
OPUS_45 = "claude-opus-4-5-20251101"
SONNET_45 = "claude-sonnet-4-5-20250929"
HAIKU_45 = "claude-haiku-4-5-20251001"
GPT_41 = "gpt-4.1-2025-04-14"
UNPRICED = "acme-internal-7"  # a model of the company's own that no price book knows


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One task as one app sends it.

    `models` are (name, weight); `slips` is the share of answers that are wrong;
    `burst` is how many calls come within minutes of each other.
    """

    name: str
    app: str
    project: str
    tasks: Callable[[Random, int], list[Task]]
    calls: int
    models: tuple[tuple[str, int], ...]
    params: dict[str, Any] = field(default_factory=dict)
    slips: float = 0.0
    burst: int = 1
    dated_system: Callable[[Random, str], str] | None = None
    cached_system: bool = False


PROFILES = (
    Profile(
        name="ticket classification",
        app="support-app",
        project="helpdesk-router",
        tasks=tickets.tasks,
        calls=330,
        models=(("gpt-5-2025-08-07", 1),),
        params={"reasoning_effort": "medium", "max_completion_tokens": 2000},
        slips=0.024,
        dated_system=tickets.system,
    ),
    Profile(
        name="language id",
        app="support-app",
        project="inbox",
        tasks=languages.tasks,
        calls=240,
        models=(("gpt-4-turbo-2024-04-09", 1),),
        params={"temperature": 0, "max_tokens": 5},
        slips=0.0125,
    ),
    Profile(
        name="order number",
        app="support-app",
        project="inbox",
        tasks=order_numbers.tasks,
        calls=170,
        models=((GPT_41, 1),),
        params={"temperature": 0, "max_tokens": 16},
        slips=0.018,
    ),
    Profile(
        name="moderation",
        app="support-app",
        project="magazine",
        tasks=moderation.tasks,
        calls=150,
        models=(("gpt-4o-2024-11-20", 5), (UNPRICED, 1)),
        params={"temperature": 0, "max_tokens": 3},
        slips=0.02,
    ),
    Profile(
        name="order to JSON",
        app="support-app",
        project="order-desk",
        tasks=orders.tasks,
        calls=120,
        models=((GPT_41, 1),),
        params={"temperature": 0, "max_tokens": 120, "response_format": orders.RESPONSE_FORMAT},
        slips=0.025,
    ),
    Profile(
        name="handbook answer",
        app="support-app",
        project="help-widget",
        tasks=handbook.tasks,
        calls=68,
        models=((GPT_41, 1),),
        params={"temperature": 0.2, "max_tokens": 120},
        slips=0.03,
    ),
    Profile(
        name="handbook answer",
        app="support-app",
        project="help-widget",
        tasks=handbook.whole_book_tasks,
        calls=12,
        models=((GPT_41, 1),),
        params={"temperature": 0.2, "max_tokens": 120},
        burst=4,
    ),
    Profile(
        name="summary",
        app="support-app",
        project="helpdesk-handover",
        tasks=summaries.tasks,
        calls=60,
        models=(("gpt-4.1-mini-2025-04-14", 1),),
        params={"temperature": 0.3, "max_tokens": 100},
        burst=3,
    ),
    Profile(
        name="open chat",
        app="support-app",
        project="team-chat",
        tasks=chat.tasks,
        calls=55,
        models=((GPT_41, 1),),
        params={"max_tokens": 400},
    ),
    Profile(
        name="bug report to JSON",
        app="dev-platform",
        project="issue-intake",
        tasks=bug_reports.tasks,
        calls=210,
        models=((OPUS_45, 1),),
        params={"temperature": 0, "max_tokens": 200},
        slips=0.03,
    ),
    Profile(
        name="sentiment",
        app="dev-platform",
        project="review-insights",
        tasks=reviews.tasks,
        calls=230,
        models=((OPUS_41, 1),),
        params={"temperature": 0, "max_tokens": 8},
        slips=0.022,
    ),
    Profile(
        name="text to SQL",
        app="dev-platform",
        project="analytics-console",
        tasks=sql.tasks,
        calls=170,
        models=((OPUS_45, 5), (SONNET_45, 1)),
        params={"temperature": 0, "max_tokens": 300},
        slips=0.018,
    ),
    Profile(
        name="meeting date",
        app="dev-platform",
        project="calendar-bot",
        tasks=meeting_dates.tasks,
        calls=110,
        models=((OPUS_45, 3), (HAIKU_45, 2)),
        params={"temperature": 0, "max_tokens": 16},
        slips=0.02,
    ),
    Profile(
        name="Python function",
        app="dev-platform",
        project="snippet-writer",
        tasks=functions.tasks,
        calls=45,
        models=((SONNET_45, 1),),
        params={"temperature": 0.2, "max_tokens": 500},
        burst=3,
        cached_system=True,
    ),
    Profile(
        name="SVG icon",
        app="dev-platform",
        project="icon-bot",
        tasks=icons.tasks,
        calls=36,
        models=((SONNET_45, 1),),
        params={"temperature": 1, "max_tokens": 800},
    ),
)
