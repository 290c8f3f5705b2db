"""promptfoo's other names of the check that tool calls are valid.

A log's calls are read into OpenAI's shape whatever the provider, so one check is enough for its
three names: OpenAI's older functions, OpenAI's tools, and any provider's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.criteria.checks.tool_calls import is_valid_tools_call

if TYPE_CHECKING:
    from auditor.criteria.checks.record import Example

_NAMES = ("is-valid-function-call", "is-valid-openai-function-call")


def _as_example(name: str) -> Example:
    example = is_valid_tools_call.example
    assert example is not None
    return replace(example, assertion=f"{{type: {name}}}")


DECLARED = tuple(
    replace(is_valid_tools_call, name=name, example=_as_example(name)) for name in _NAMES
)
