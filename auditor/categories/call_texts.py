"""The texts of calls as the search for routes reads them: a stratified sample, or all in chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pyarrow as pa

from auditor.categories.routes import CallText, label_of, shape
from auditor.categories.routes.text import SYSTEM_HEAD, SYSTEM_TAIL, USER_HEAD, USER_TAIL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from auditor.store.store import Store

CHUNK = 50_000  # rows of contents read at a time
NO_TEXT = "no-text"  # the structural key of calls whose text the log does not hold
EMBEDDINGS = "embeddings"  # the structural key of calls that embed text

RARE_KEYS = "rare"  # the stratum of all structural keys that are too rare for their own
MIN_QUOTA = 100  # calls that even the smallest stratum may have in the sample

# Long texts are cut in the database: what lies between head and tail is never read. The first
# message comes whole only where it is not the plain text of a user.
_TEXTS = f"""
SELECT call_id, conversation_id, tool_names,
    CASE WHEN api_shape = 'embeddings' THEN '{EMBEDDINGS}'
         WHEN turns IS NULL AND system_text IS NULL THEN '{NO_TEXT}'
         ELSE response_format END AS response_format,
    CASE WHEN length(system_text) > {SYSTEM_HEAD + SYSTEM_TAIL}
         THEN left(system_text, {SYSTEM_HEAD}) || ' ' || right(system_text, {SYSTEM_TAIL})
         ELSE system_text END AS system,
    CASE WHEN NOT plain THEN NULL WHEN length(first_text) > {USER_HEAD + USER_TAIL}
         THEN left(first_text, {USER_HEAD}) || ' ' || right(first_text, {USER_TAIL})
         ELSE first_text END AS user,
    CASE WHEN NOT plain THEN messages END AS messages,
    turns, response_text, called_tools
FROM (
    SELECT c.call_id, c.conversation_id, c.tool_names, c.api_shape, c.response_format,
        t.system_text, t.messages, t.response_text, json_array_length(t.messages) AS turns,
        coalesce(json_array_length(t.tool_calls) > 0, false) AS called_tools,
        json_extract_string(t.messages, '$[0].content') AS first_text,
        coalesce(json_extract_string(t.messages, '$[0].role') = 'user'
                 AND json_type(t.messages, '$[0].content') = 'VARCHAR', false) AS plain
    FROM {{source}}
)
ORDER BY call_id
"""
_CHUNK_OF_CONTENTS = """(SELECT * FROM contents WHERE rowid BETWEEN $first AND $last) t
    JOIN calls c USING (call_id) ANTI JOIN call_categories USING (call_id)"""
_WITHOUT_CONTENTS = """(SELECT * FROM calls ANTI JOIN contents USING (call_id)) c
    LEFT JOIN (SELECT * FROM contents LIMIT 0) t USING (call_id)
    ANTI JOIN call_categories USING (call_id)"""
_CHOSEN = """calls c JOIN _chosen USING (call_id) LEFT JOIN contents t USING (call_id)"""

_STRATA = """
CREATE OR REPLACE TEMP TABLE _strata AS
SELECT c.call_id, md5($seed || ':' || c.call_id) AS place,
    concat_ws('|', array_to_string(tool_names, ','), response_format, api_shape,
              CASE WHEN t.system_text IS NULL THEN 'bare' END) AS stratum
FROM calls c LEFT JOIN contents t USING (call_id)
ANTI JOIN (SELECT call_id FROM call_categories WHERE NOT list_contains($open, route_id)) k
    USING (call_id)
"""
_DRAW = """
SELECT call_id FROM (
    SELECT call_id, stratum,
        row_number() OVER (PARTITION BY stratum ORDER BY place, call_id) AS n
    FROM (SELECT call_id, place, CASE WHEN stratum IN (SELECT stratum FROM _quotas)
                                      THEN stratum ELSE $rare END AS stratum FROM _strata)
) JOIN _quotas USING (stratum) WHERE n <= quota
"""


def sample(
    store: Store, *, size: int, seed: int, open_routes: Sequence[str] = ()
) -> list[CallText]:
    """Draw up to `size` calls to search: a share of every structural key, in hash order.

    Drawn are calls without a route, and calls of `open_routes`, the free-form rest, so that a
    new template is found even if only a few calls of it come at a time.
    """
    store.execute(_STRATA, {"seed": str(seed), "open": list(open_routes)})
    sizes = dict(store.rows("SELECT stratum, count(*) FROM _strata GROUP BY ALL"))
    common = _frequent(sizes)
    quotas = _quotas(
        {key: n for key, n in sizes.items() if key in common}
        | {RARE_KEYS: sum(n for key, n in sizes.items() if key not in common)},
        size,
    )
    table = pa.table({"stratum": list(quotas), "quota": list(quotas.values())})
    with store.registered("_quotas", table):
        store.execute(f"CREATE OR REPLACE TEMP TABLE _chosen AS {_DRAW}", {"rare": RARE_KEYS})
    rows = store.rows(_TEXTS.format(source=_CHOSEN))
    store.execute("DROP TABLE _chosen; DROP TABLE _strata")
    return [_call_text(*row) for row in rows]


def _frequent(counts: Mapping[str, int]) -> set[str]:
    """Structural keys with enough calls to be a stratum of their own; the others share one."""
    least = max(8, sum(counts.values()) // 2000)
    return {key for key, n in counts.items() if n >= least}


def _quotas(counts: Mapping[str, int], size: int) -> dict[str, int]:
    """Share a sample among strata in proportion; small strata get up to `MIN_QUOTA` calls."""
    left, total = size, sum(counts.values())
    out: dict[str, int] = {}
    for key, n in sorted(counts.items(), key=lambda item: (item[1], item[0])):
        out[key] = min(n, left, max(round(left * n / total), MIN_QUOTA))
        total -= n
        left -= out[key]
    return out


def uncategorized(store: Store) -> Iterator[list[CallText]]:
    """Every call without a route, a chunk of the stored texts at a time."""
    last = store.value("SELECT max(rowid) FROM contents")
    for first in range(0, -1 if last is None else last + 1, CHUNK):
        rows = store.rows(
            _TEXTS.format(source=_CHUNK_OF_CONTENTS), {"first": first, "last": first + CHUNK - 1}
        )
        if rows:
            yield [_call_text(*row) for row in rows]
    rows = store.rows(_TEXTS.format(source=_WITHOUT_CONTENTS))
    if rows:
        yield [_call_text(*row) for row in rows]


def _call_text(  # noqa: PLR0917 - a row of `_TEXTS`, in its order
    call_id: str,
    conversation: str | None,
    tools: list[str] | None,
    response_format: str | None,
    system: str | None,
    user: str | None,
    messages: str | None,
    turns: int | None,
    answer: str | None,
    called_tools: bool,  # noqa: FBT001
) -> CallText:
    form = label = None
    if answer is not None or called_tools:
        form = shape(answer, tool_calls=called_tools)
        label = label_of(answer) if form == "label" else None
    return CallText(
        call_id,
        system or None,
        _first_user_text(messages) if user is None else user,
        tuple(tools) if tools else (),
        response_format,
        conversation,
        turns or 1,
        form,
        label,
    )


def _first_user_text(messages: str | None) -> str:
    """The text of the user's first message, or of the first message of all if no user wrote."""
    parsed = orjson.loads(messages) if messages else []
    if not isinstance(parsed, list):
        return ""
    texts = [m for m in parsed if isinstance(m, dict)]
    first = next((m for m in texts if m.get("role") == "user"), texts[0] if texts else {})
    content = first.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(str(p["text"]) for p in parts if isinstance(p, dict) and p.get("text"))
