"""Amazon Bedrock's invocations whose bodies lie in files of their own, joined with them.

Source: AWS, model invocation logging: bodies above 100 KB are ``inputBodyS3Path`` and
``outputBodyS3Path`` of the record, and files named by its ``requestId``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.readers.call import Call, Json, NotCall
from auditor.readers.files import side_files
from auditor.readers.formats import bedrock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.readers.call import Outcome

name = "bedrock-parts"
title = "Amazon Bedrock invocations whose bodies are files beside the log"
reach = "folder"


def matches(record: Json) -> bool:
    """Say whether the record is a part, or an invocation that has parts elsewhere."""
    return _is_part(record) or (bedrock.is_log(record) and bedrock.has_bodies_elsewhere(record))


def _is_part(record: Json) -> bool:
    return record.get("schemaType") == side_files.KIND


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def fold(records: Sequence[Json]) -> list[list[Outcome]]:
    """Give invocations their bodies; a body is part of its invocation's call."""
    bodies = {(str(r.get("requestId")), r.get("part")): r["body"] for r in records if r.get("body")}
    calls: dict[str, Call] = {}
    outcomes: list[list[Outcome]] = []
    for record in records:
        found: list[Outcome] = []
        if not _is_part(record):
            request_id = str(record.get("requestId"))
            found = bedrock.read(_joined(record, request_id, bodies))
            for call in found:
                if isinstance(call, Call):
                    call.reader = bedrock.name
                    calls[request_id] = call
        outcomes.append(found)
    return [
        found or [_part(record, calls.get(str(record.get("requestId"))))]
        for record, found in zip(records, outcomes, strict=True)
    ]


def _joined(record: Json, request_id: str, bodies: dict[tuple[str, Any], Any]) -> Json:
    joined = dict(record)
    for part, body in bedrock.BODIES.items():
        if (request_id, part) in bodies:
            joined[part] = {**_dict(record.get(part)), f"{body}Json": bodies[request_id, part]}
    return joined


def _part(record: Json, call: Call | None) -> NotCall:
    where = "" if call is not None else " that is not in the log beside it"
    return NotCall(f"{record.get('part')} of an invocation{where}", call)
