"""What a server says when it refuses: kept, but for the keys that it repeats."""

from __future__ import annotations

import httpx2
import pytest

from auditor.engines.servers.http_client import failure_told_by

KEY = "sk-proj-" + "aB3dE5gH7jK9mN1pQ3sT5vW7"


def refusal(body, *, sent="x"):
    request = httpx2.Request(
        "POST", "http://127.0.0.1/v1", headers={"authorization": f"Bearer {sent}"}
    )
    content = {"json": body} if isinstance(body, dict) else {"text": body}
    return failure_told_by(httpx2.Response(401, request=request, **content))


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": f"Incorrect API key provided: {KEY}"}},
        {"error": f"no access with {KEY}"},
        f"<html>401: {KEY} is unknown</html>",
    ],
)
def test_a_key_that_a_server_repeats_is_masked(body):
    detail = refusal(body).detail
    assert KEY not in detail
    assert "401" in detail
    assert "[SECRET:openai-key]" in detail


def test_the_key_that_was_sent_is_masked_whatever_it_looks_like():
    detail = refusal({"error": {"message": "bad key: correct horse"}}, sent="correct horse").detail
    assert detail == "HTTP 401: bad key: [SECRET:api-key]"


def test_a_key_that_is_cut_by_the_length_of_a_message_is_not_shown():
    detail = refusal({"error": {"message": "x " * 145 + KEY}}).detail
    assert KEY[:12] not in detail
