"""Amazon Bedrock's model invocation log: S3, or a CloudWatch export with the record as text.

Source: AWS, ModelInvocationLog schema 1.0. Bodies are the model's own; a stream's is the list of
its chunks; an application inference profile hides the model, which the answer may name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.readers import api_shapes, usage
from auditor.readers.api_shapes import converse
from auditor.readers.api_shapes.common import tier_of
from auditor.readers.call import Call, Json
from auditor.readers.finishing import finish
from auditor.readers.values import count, json_or_none, moment, number, text

if TYPE_CHECKING:
    from auditor.readers.call import Outcome

name = "bedrock"
title = "Amazon Bedrock model invocation log"
BODIES = {"input": "inputBody", "output": "outputBody"}
"""The parts of an invocation, and how the keys of their bodies begin."""


def matches(record: Json) -> bool:
    """Say whether the record is an invocation that holds its bodies, or wraps one."""
    return (is_log(record) and not has_bodies_elsewhere(record)) or is_log(_inner(record))


def has_bodies_elsewhere(record: Json) -> bool:
    """Say whether a body of an invocation is a file of its own, which ``bedrock_parts`` joins."""
    return any(f"{body}S3Path" in _dict(record.get(part)) for part, body in BODIES.items())


def is_log(record: Any) -> bool:
    """Say whether a value is a record of the log itself."""
    return isinstance(record, dict) and (
        record.get("schemaType") == "ModelInvocationLog"
        or ("modelId" in record and "requestId" in record and "operation" in record)
    )


def _inner(record: Json) -> Any:
    return json_or_none(record.get("@message", record.get("message")))


def read(record: Json) -> list[Outcome]:
    """Read an invocation."""
    if not is_log(record):
        record = _inner(record)
    call = Call()
    given, made = _dict(record.get("input")), _dict(record.get("output"))
    request, response = (
        json_or_none(given.get("inputBodyJson")),
        json_or_none(made.get("outputBodyJson")),
    )
    operation = text(record.get("operation")) or ""
    url = "/converse" if operation.startswith("Converse") else None
    if isinstance(request, dict):
        request = {k: v for k, v in request.items() if k != "modelId"}
    api_shapes.decode(call, request, response, url)
    call.log_id = text(record.get("requestId"))
    if call.provider_response_id is None:
        call.provider_response_id = call.log_id
    call.provider, call.endpoint = "aws", operation
    call.called_at = moment(record.get("timestamp"))
    call.time_kind = "end" if call.called_at is not None else None
    model = text(record.get("modelId"))
    call.model_requested = model
    if model and (
        not model.startswith("arn:")
        or ":foundation-model/" in model
        or ("inference-profile/" in model and "application" not in model)
    ):
        call.model = model.rpartition("/")[2]
    call.model = call.model or model
    if model and "provisioned-model/" in model:
        call.service_tier = "provisioned"
    served = record.get("serviceTier") or record.get("service_tier")
    call.service_tier = tier_of(served) or call.service_tier
    identity = _dict(record.get("identity"))
    call.user_id = text(identity.get("arn"))
    call.team = text(record.get("accountId"))
    tags = record.get("requestMetadata")
    call.tags = tags if isinstance(tags, dict) and tags else None
    _counts(call, given, made, response)
    if record.get("errorCode"):
        call.status, call.error = "error", text(record["errorCode"])
    elif call.status == "unknown":
        call.status = "ok"
    if (request is None and given.get("inputBodyS3Path")) or (
        response is None and made.get("outputBodyS3Path")
    ):
        call.content_state = "partial"
    finish(call)
    return [call]


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _counts(call: Call, given: Json, made: Json, response: Any) -> None:
    chunks = response if isinstance(response, list) else [response]
    for chunk in chunks:
        metrics = _dict(_dict(chunk).get("amazon-bedrock-invocationMetrics"))
        if metrics:
            call.latency_ms = number(metrics.get("invocationLatency"))
            call.ttft_ms = number(metrics.get("firstByteLatency"))
    if call.usage_state != "absent":
        return
    body = _dict(response)
    converse.usage(call, body.get("usage"))
    if call.usage_state == "absent":
        usage.set_tokens(
            call,
            given_input=count(given.get("inputTokenCount")),
            output=count(made.get("outputTokenCount")) or (0 if body.get("embedding") else None),
            cache_read=count(given.get("cacheReadInputTokenCount")),
            cache_write=count(given.get("cacheWriteInputTokenCount")),
            rule="exclusive",
        )
