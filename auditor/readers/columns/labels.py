"""Names that are no texts: models, ids, paths. People and servers put keys there too.

A masked name keeps a few digits of the keyed hash of what it was, so that names still tell calls
and files apart.
"""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING

from auditor.privacy.masking import Masker, suspects
from auditor.readers.columns import identity
from auditor.readers.values import dumps

if TYPE_CHECKING:
    from auditor.readers.call import Call

LABELS = (
    "log_id",
    "provider_response_id",
    "provider",
    "model",
    "model_requested",
    "endpoint",
    "conversation_id",
    "trace_id",
    "parent_id",
    "project",
    "user_id",
    "api_key_id",
    "team",
    "finish_reason",
    "service_tier",
    "region",
)
"""The columns of a call that are names."""

_labels = attrgetter(*LABELS)
_HASH_DIGITS = 8


def masker_of(call: Call) -> Masker:
    """Return a masker for the names of a call; most have none to mask."""
    searched = "\0".join(filter(None, _labels(call)))
    if call.inner_usage:
        searched += dumps(call.inner_usage)  # names models, too
    return Masker(suspects(searched, secrets_only=True))


def masked_labels(call: Call, masker: Masker) -> dict[str, str]:
    """Return those names of a call that hold secrets, by column, without them.

    Personal data stays there: whom a call was for is what labels are for.
    """
    found = {}
    for name in LABELS:
        value = getattr(call, name)
        if value and (masked := _label(value, masker)) != value:
            found[name] = masked
    return found


@lru_cache(maxsize=1024)
def masked_name(name: str) -> str:
    """Return the name of a file, or of one in an archive, without secrets."""
    return _label(name, Masker(suspects(name, secrets_only=True)))


def _label(value: str, masker: Masker) -> str:
    masked = masker.text(value)
    if masked == value:
        return value
    return f"{masked} {identity.digest(value.encode('utf-8', 'replace'))[:_HASH_DIGITS]}"
