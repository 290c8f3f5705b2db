"""Amazon Bedrock's batch inference: a line holds the model's input and its output.

Source: Amazon Bedrock user guide, batch inference results: ``recordId``, ``modelInput``,
``modelOutput`` or ``error``. Batches cost half. The model is named in the output alone, if at all,
and no time is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.readers import api_shapes
from auditor.readers.api_shapes.common import take_error
from auditor.readers.call import Call, Json, NotCall
from auditor.readers.finishing import finish
from auditor.readers.values import text

if TYPE_CHECKING:
    from auditor.readers.call import Outcome

name = "bedrock-batch"
title = "Amazon Bedrock batch inference input and output (JSONL)"


def matches(record: Json) -> bool:
    """Say whether the record is a line of a batch's input or output."""
    return isinstance(record.get("modelInput"), dict) and "recordId" in record


def read(record: Json) -> list[Outcome]:
    """Read a line: an input alone is no call."""
    response, failed = record.get("modelOutput"), record.get("error")
    if not response and not failed:
        return [NotCall("request of a batch")]
    call = Call()
    api_shapes.decode(call, record["modelInput"], response)
    call.provider, call.service_tier = "aws", "batch"
    call.log_id = text(record.get("recordId"))
    call.tags = {"record": call.log_id} if call.log_id else None
    if failed:
        take_error(call, failed)
    finish(call)
    return [call]
