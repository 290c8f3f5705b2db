"""What real logs also hold: secrets, personal data, failed calls, repeats and broken lines."""

from __future__ import annotations

import copy
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from generator.clock import written

if TYPE_CHECKING:
    from random import Random

# Built from pieces so that no scanner takes this source for a leak; none of them is a real one.
_FAKE = "FAKE"
CLOUD_KEY = "AK" + "IA" + _FAKE * 4
API_KEY = "s" + "k-" + "proj-" + (_FAKE + "0" * 8) * 4
CARD = " ".join(["4" + "1" * 3] + ["1" * 4] * 3)  # the test number of the card schemes
MAIL = "erika.musterfrau@" + "example.com"
# (app, which message of that app's project, what is added to it)
PLANTS = (
    ("issue-intake", 7, f"The runner log shows the key {CLOUD_KEY} in clear text."),
    ("issue-intake", 31, f"I called it with {API_KEY} as token."),
    ("inbox", 40, f"Write to {MAIL} please."),
    ("order-desk", 12, f"Charge my card {CARD}."),
)
RATE_LIMIT = {"error": {"message": "Rate limit reached", "type": "rate_limit_error", "code": None}}
SERVER_ERROR = {
    "error": {"message": "The server had an error", "type": "server_error", "code": None}
}
OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
API_ERROR = {"type": "error", "error": {"type": "api_error", "message": "Internal server error"}}
FAILURES: dict[str, tuple[tuple[int, dict[str, Any]], ...]] = {
    "support-app": ((429, RATE_LIMIT), (429, RATE_LIMIT), (500, SERVER_ERROR)),
    "dev-platform": ((529, OVERLOADED), (500, API_ERROR)),
}
RESENT = {"support-app": 5, "dev-platform": 3}
REPEATED = {"support-app": 9, "dev-platform": 5}


def fresh_id(rng: Random, old: str) -> str:
    return f"{old.split('_', 1)[0]}_{rng.getrandbits(96):024x}"


def resent(
    rng: Random, records: list[dict[str, Any]], app: str
) -> list[tuple[str, dict[str, Any]]]:
    """The same request again a moment later: (id of the first call, the new record)."""
    return [
        (first["id"], _again(rng, first, seconds=rng.randrange(20, 200)))
        for first in rng.sample(records, RESENT[app])
    ]


def failed(rng: Random, records: list[dict[str, Any]], app: str) -> list[dict[str, Any]]:
    """Calls that failed shortly before the retry that succeeded."""
    found = []
    for (status, body), retry in zip(
        FAILURES[app], rng.sample(records, len(FAILURES[app])), strict=True
    ):
        error = _again(rng, retry, seconds=-rng.randrange(2, 20))
        error["response"] = body
        error["status"] = status
        error["latency_ms"] = rng.randrange(60, 900)
        found.append(error)
    return found


def lines(rng: Random, records: list[dict[str, Any]], app: str) -> list[str]:
    """The lines of the file in order, with repeated and broken ones among them."""
    found = [json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in records]
    for line in rng.sample(found, REPEATED[app]):
        found.insert(found.index(line) + rng.randrange(1, 4), line)
    cut = rng.choice(found)
    broken = [cut[: len(cut) * 3 // 5], "log rotated, continuing in this file"]
    if app == "support-app":
        broken += ["", '{"level":"info","message":"proxy restarted","version":"2.14.0"}']
    for line in broken:
        found.insert(rng.randrange(10, len(found)), line)
    return found


def _again(rng: Random, first: dict[str, Any], *, seconds: int) -> dict[str, Any]:
    again = copy.deepcopy(first)
    at = datetime.fromisoformat(first["timestamp"]) + timedelta(seconds=seconds)
    again["id"] = fresh_id(rng, first["id"])
    again["timestamp"] = written(at)
    if "created" in again["response"]:
        again["response"]["created"] = int(at.timestamp())
        again["response"]["id"] = f"chatcmpl-{rng.getrandbits(88):022x}"
    else:
        again["response"]["id"] = f"msg_{rng.getrandbits(96):024x}"
    return again
