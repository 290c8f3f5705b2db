"""Bodies of HAR recordings as proxies write them: in base64, and packed as they came."""

from __future__ import annotations

import base64
import gzip
import json

import paired_log
import pytest

from auditor.readers.call import Call, Reject
from auditor.readers.formats import har

PAIR = paired_log.pair(1)
ANSWER = json.dumps(PAIR["response"]).encode()


def read(body: bytes, url: str = "https://api.openai.com/v1/chat/completions"):
    content = {"mimeType": "x", "encoding": "base64", "text": base64.b64encode(body).decode()}
    entry = {
        "request": {
            "method": "POST",
            "url": url,
            "postData": {"text": json.dumps(PAIR["request"])},
        },
        "response": {"status": 200, "content": content},
    }
    return har.read({"log": {"entries": [entry]}})[0]


@pytest.mark.parametrize("packed", [bytes, gzip.compress])
def test_an_answer_in_base64_is_read_plain_and_packed(packed):
    call = read(packed(ANSWER))
    assert isinstance(call, Call)
    assert call.provider_response_id == PAIR["response"]["id"]


def test_tokens_are_not_estimated_from_bytes_that_are_no_text():
    assert isinstance(read(b"\x1b\x0b\x00\xf8\xff\x9d"), Reject)
    assert not isinstance(read(b"\x89PNG\xff", "https://example.org/logo"), Reject | Call)


def test_an_answer_that_unpacks_without_end_takes_little_memory():
    assert isinstance(read(gzip.compress(b"x" * (80 << 20))), Call | Reject)
