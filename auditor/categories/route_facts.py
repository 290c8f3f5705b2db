"""What some calls of each route show beside their templates: labels, tools, subject, and when.

Read from the database for stored and new calls alike, so that what is joined does not depend on
which of them came first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.categories.routes import (
    QUANTILES,
    Activity,
    RouteEvidence,
    content_words,
    count_labels,
    label_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from auditor.store.store import Store

MAX_SEEN = 200  # calls of a route that are read for labels and tools: enough for a closed set
MAX_READ = 40  # calls of a route whose words are read
MIN_HELD = 2  # of them have a word that belongs to the subject

_ALL = """
CREATE OR REPLACE TEMP TABLE _routed AS
SELECT call_id, route_id, output_shape FROM call_categories
UNION ALL SELECT call_id, route_id, output_shape FROM _new
"""
# A time that is the file's says nothing about the call.
_ACTIVITY = f"""
SELECT route_id, count(*) AS calls,
    quantile_disc(epoch(called_at), {list(QUANTILES)}) AS times
FROM _routed JOIN calls USING (call_id)
WHERE called_at IS NOT NULL AND time_kind IS DISTINCT FROM 'file'
GROUP BY route_id
"""
# Call ids are hashes: the smallest of them are a sample that does not depend on the order.
_SEEN = f"""
SELECT route_id, tool_names,
    CASE WHEN output_shape = 'label' THEN response_text END AS label,
    CASE WHEN n <= {MAX_READ} THEN concat_ws(' ', left(system_text, 800),
        left(CAST(json_extract_string(messages, '$[*].content') AS VARCHAR), 1200),
        left(response_text, 800)) END AS words
FROM (
    SELECT route_id, unnest(ids) AS call_id, generate_subscripts(ids, 1) AS n
    FROM (SELECT route_id, min(call_id, {MAX_SEEN}) AS ids FROM _routed GROUP BY route_id)
) JOIN _routed USING (route_id, call_id) JOIN calls USING (call_id)
LEFT JOIN contents USING (call_id)
"""


def complete(
    store: Store, evidence: Mapping[str, RouteEvidence], assigned: pa.Table
) -> dict[str, RouteEvidence]:
    """The evidence with labels, tools, activity and subject of each route.

    Args:
        store: The audit.
        evidence: What is known of each route, by route id.
        assigned: The calls that have a route since, with call_id, route_id and output_shape.
    """
    with store.registered("_new", assigned):
        store.execute(_ALL)
    activity = {
        route_id: Activity(calls=calls, times=tuple(times))
        for route_id, calls, times in store.rows(_ACTIVITY)
    }
    labels: dict[str, list[str | None]] = defaultdict(list)
    tools: dict[str, set[str]] = defaultdict(set)
    held: dict[str, Counter[str]] = defaultdict(Counter)
    read: Counter[str] = Counter()
    for route_id, offered, label, words in store.rows(_SEEN):
        labels[route_id].append(label_of(label))
        tools[route_id].update(offered or ())
        if words is not None:
            read[route_id] += 1
            held[route_id].update(content_words(words))
    store.execute("DROP TABLE _routed")
    return {
        route_id: replace(
            known,
            labels=count_labels(labels[route_id]),
            tools=tuple(sorted(tools[route_id])),
            activity=activity.get(route_id),
            subject={
                word: n / read[route_id]
                for word, n in sorted(held[route_id].items())
                if n >= min(MIN_HELD, read[route_id] - 1)
            },
        )
        for route_id, known in evidence.items()
    }
