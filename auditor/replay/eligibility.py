"""Which calls may be replayed: one rule, for every call and candidate, before anything is drawn.

A call that may not be replayed has a row in the table ``eligibility`` with the reason, and its
spend stays with the API. The reasons are slugs of ``decision.reasons``: those of ``UNKNOWN`` hold
for every candidate and show nothing about the call, those of ``CANNOT`` say what a candidate lacks.

The rule looks at the request alone, so that a router could apply it too: a prompt that fits the
context is asked, and an answer that then does not fit counts as a fail. It trusts what ingest
found (``needs_vision``, ``needs_hosted_tools``) and looks again at the stored request, because a
reader of another package may not have said so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.pricing.tokens import input_tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from auditor.store.store import Store

UNANSWERED = """
SELECT call_id FROM calls JOIN contents USING (call_id)
WHERE provider = 'anthropic' AND content_state = 'partial' AND model IS NOT NULL
  AND status NOT IN ('error', 'cancelled') AND reader <> 'claude-code'
  AND finish_reason IS NULL AND response_text IS NULL AND tool_calls IS NULL
  AND json_array_length(messages) > 0
"""
"""Calls whose prompt is logged whole and whose answer is not: the API can be asked for it again.

Claude Code's own logs never hold the whole prompt, whatever else they lack.
"""

_RERUN_BEFORE = """
SELECT 1 FROM answers
WHERE candidate_id IS NULL AND replicate = 0 AND answered_at IS NOT NULL LIMIT 1
"""
# Of an image, a sound or a file the log keeps a hash and a size: there is nothing to send. Parts of
# a tool's result lie one level deeper. Most messages are plain text, which the pattern finds sooner
# than the JSON functions do.
_MORE_THAN_TEXT = """
    regexp_matches(messages::VARCHAR, '"content"\\s*:\\s*\\[') AND len(list_filter(
        json_extract_string(messages, '$[*].content[*].type')
        || json_extract_string(messages, '$[*].content[*].content[*].type'),
        lambda kind: kind NOT IN ('text', 'input_text', 'output_text', 'refusal', 'tool_result')
    )) > 0
    OR len(list_filter(json_extract_string(params, '$.modalities[*]'), lambda m: m <> 'text')) > 0
"""
# The provider runs these tools itself, or only its own models know their parameters.
_PROVIDER_TOOLS = """
    len(list_filter(json_extract_string(tools, '$[*].type'),
                    lambda kind: kind NOT IN ('function', 'custom'))) > 0
"""
_RULE = f"""
SELECT call_id,
       CASE
           WHEN status IN ('error', 'cancelled') THEN 'failed-call'
           WHEN api_shape = 'embeddings' THEN 'no-content'
           WHEN content_state <> 'full' AND NOT ($unanswered AND call_id IN ({UNANSWERED}))
               THEN 'no-content'
           WHEN system_text IS NULL AND coalesce(json_array_length(messages), 0) = 0
               THEN 'no-content'
           WHEN cost_usd IS NULL THEN 'no-price'
           WHEN needs_vision OR ({_MORE_THAN_TEXT}) THEN 'needs-vision'
           WHEN needs_hosted_tools OR ({_PROVIDER_TOOLS}) THEN 'hosted-tools'
       END AS reason,
       {input_tokens()} AS prompt_tokens
FROM calls LEFT JOIN contents USING (call_id)
"""
_DECIDE = f"""
INSERT INTO eligibility BY NAME
SELECT call_id, candidate_id, reason FROM (
    SELECT call_id, candidate_id,
           coalesce(reason, CASE WHEN prompt_tokens > context_tokens THEN 'context' END) AS reason
    FROM ({_RULE}) CROSS JOIN candidates
) WHERE reason IS NOT NULL ORDER BY candidate_id, call_id
"""
_REASONS = f"""
SELECT call_id, reason FROM ({_RULE})
WHERE reason IS NOT NULL AND list_contains($call_ids, call_id)
"""


def decide(store: Store, *, unanswered: bool) -> None:
    """Write the table ``eligibility`` anew, for every candidate that was ever registered.

    Verdicts on candidates of earlier replays stand in the plan, so their calls are decided too.
    ``unanswered`` admits calls without a logged answer: the API will be asked for it again.
    A candidate without ``context_tokens`` takes prompts of any length.
    """
    store.execute("DELETE FROM eligibility")
    store.execute(_DECIDE, {"unanswered": unanswered})


def reasons_against(store: Store, call_ids: Iterable[str]) -> Mapping[str, str]:
    """Return why calls may not be replayed on any model, the API included, by call id.

    A call without a logged answer may be replayed here, because the API will give the answer. Its
    context is not looked at: the API took the prompt before.
    """
    parameters = {"unanswered": True, "call_ids": list(call_ids)}
    return dict(store.rows(_REASONS, parameters))


def draws_unanswered(store: Store, *, wanted: bool) -> bool:
    """Return whether calls without a logged answer are drawn: on demand, where there are any.

    Once they were drawn and answered by the API they stay in, or the draws would lose their frame.
    """
    if store.value(_RERUN_BEFORE):
        return True
    return wanted and bool(store.value(f"SELECT 1 FROM ({UNANSWERED}) LIMIT 1"))
