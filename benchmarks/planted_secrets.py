"""Are secrets masked, and is nothing else? Planted ones and decoys through ``auditor ingest``.

Secrets of 95 kinds are drawn from their forms by a seed (never real keys) and written into logs: in
prose, in code, escaped, in JSON within JSON, behind names of fields, in fields that are no texts, in
errors and in lines that cannot be read. Then every column of every table, what the terminal printed
and the report are searched for them. Decoys are written alike; each must still be there.

The forms here are written apart from ``auditor/privacy/rules.toml`` and share no code with it.

    python benchmarks/planted_secrets.py [--seed 1] [--each 24] [--show]
"""

# ruff: noqa: E501, D102, ARG005, PLW0108 - a form is a line
from __future__ import annotations

import argparse
import base64
import hashlib
import json
import random
import string
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import duckdb

ALNUM = string.ascii_letters + string.digits
B64 = ALNUM + "+/"
URL = ALNUM + "-_"
HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + string.digits
LOWER = string.ascii_lowercase + string.digits
PASSWORDS = ["Winter", "blue!Horse", "Zug", "k4tze", "Sommer#", "qwertz", "Berg&Tal", "n0rdlicht"]

Make = Callable[["Draw"], str]


class Draw(random.Random):
    """Draws strings."""

    def of(self, letters: str, n: int) -> str:
        return "".join(self.choices(letters, k=n))

    def password(self) -> str:
        return (
            self.choice(PASSWORDS)
            + self.of(string.digits, 3)
            + self.choice("!?%_*")
            + self.of(ALNUM, 3)
        )

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.getrandbits(128), version=4))

    def json_web_token(self) -> str:
        def part(value: object) -> str:
            return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

        head = part({"alg": self.choice(["HS256", "RS256", "ES256"]), "typ": "JWT"})
        return f"{head}.{part({'sub': self.of(LOWER, 8), 'exp': self.randrange(1 << 31)})}.{self.of(URL, 43)}"


def keys_with_a_form() -> dict[str, Make]:
    """Secrets that are told by how they look, wherever they stand."""
    return {
        "anthropic": lambda r: "sk-ant-api03-" + r.of(URL, 93) + "AA",
        "openai project": lambda r: "sk-proj-" + r.of(URL, 74) + "T3BlbkFJ" + r.of(URL, 74),
        "openai legacy": lambda r: "sk-" + r.of(ALNUM, 20) + "T3BlbkFJ" + r.of(ALNUM, 20),
        "openrouter": lambda r: "sk-or-v1-" + r.of(HEX, 64),
        "deepseek": lambda r: "sk-" + r.of(HEX, 32),
        "groq": lambda r: "gsk_" + r.of(ALNUM, 52),
        "xai": lambda r: "xai-" + r.of(ALNUM, 80),
        "perplexity": lambda r: "pplx-" + r.of(ALNUM, 48),
        "replicate": lambda r: "r8_" + r.of(ALNUM, 37),
        "nvidia": lambda r: "nvapi-" + r.of(URL, 64),
        "langsmith": lambda r: f"lsv2_{r.choice(['pt', 'sk'])}_{r.of(HEX, 32)}_{r.of(HEX, 10)}",
        "langfuse": lambda r: "sk-lf-" + r.uuid(),
        "hugging face": lambda r: "hf_" + r.of(string.ascii_letters, 34),
        "tavily": lambda r: "tvly-dev-" + r.of(ALNUM, 32),
        "pinecone": lambda r: f"pcsk_{r.of(ALNUM, 6)}_{r.of(ALNUM, 63)}",
        "aws access key": lambda r: (
            r.choice(["AKIA", "ASIA"]) + r.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)
        ),
        "bedrock": lambda r: "ABSK" + r.of(B64, 131) + "=",
        "google api": lambda r: "AIza" + r.of(URL, 35),
        "google oauth token": lambda r: "ya29.a0" + r.of(URL, 160),
        "google oauth secret": lambda r: "GOCSPX-" + r.of(URL, 28),
        "azure openai": lambda r: r.of(ALNUM, 52) + "JQQJ99BC" + r.of(ALNUM, 24),
        "azure client secret": lambda r: (
            r.of(ALNUM, 3) + r.choice(string.digits) + "Q~" + r.of(ALNUM + "_.-", 34)
        ),
        "azure account key": lambda r: (
            "AccountName=acme;AccountKey=" + r.of(B64, 86) + "==;EndpointSuffix=core.windows.net"
        ),
        "azure sas": lambda r: (
            "https://acme.blob.core.windows.net/c/f?sv=2024-11-04&sp=r&sig="
            + r.of(ALNUM, 41)
            + "%3D"
        ),
        "azure service bus": lambda r: (
            "Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey="
            + r.of(B64, 43)
            + "="
        ),
        "digitalocean": lambda r: "dop_v1_" + r.of(HEX, 64),
        "databricks": lambda r: "dapi" + r.of(HEX, 32),
        "vault": lambda r: "hvs." + r.of(URL, 95),
        "doppler": lambda r: "dp.pt." + r.of(ALNUM, 43),
        "pulumi": lambda r: "pul-" + r.of(HEX, 40),
        "tailscale": lambda r: f"tskey-auth-{r.of(ALNUM, 12)}-{r.of(ALNUM, 32)}",
        "grafana": lambda r: f"glsa_{r.of(ALNUM, 32)}_{r.of(HEX, 8)}",
        "new relic": lambda r: "NRAK-" + r.of(UPPER, 27),
        "sentry": lambda r: "sntryu_" + r.of(HEX, 64),
        "github": lambda r: r.choice(["ghp_", "gho_", "ghs_"]) + r.of(ALNUM, 36),
        "github fine-grained": lambda r: f"github_pat_{r.of(ALNUM, 22)}_{r.of(ALNUM, 59)}",
        "gitlab": lambda r: "glpat-" + r.of(URL, 20),
        "npm": lambda r: "npm_" + r.of(ALNUM, 36),
        "pypi": lambda r: "pypi-AgEIcHlwaS5vcmc" + r.of(URL, 140),
        "docker": lambda r: "dckr_pat_" + r.of(URL, 27),
        "postman": lambda r: f"PMAK-{r.of(HEX, 24)}-{r.of(HEX, 34)}",
        "linear": lambda r: "lin_api_" + r.of(ALNUM, 40),
        "figma": lambda r: "figd_" + r.of(URL, 40),
        "notion": lambda r: f"ntn_{r.of(string.digits, 11)}{r.of(ALNUM, 35)}",
        "stripe": lambda r: f"{r.choice(['sk', 'rk'])}_live_{r.of(ALNUM, r.choice([24, 99]))}",
        "stripe webhook": lambda r: "whsec_" + r.of(ALNUM, 32),
        "square": lambda r: "sq0atp-" + r.of(URL, 22),
        "shopify": lambda r: "shpat_" + r.of(HEX, 32),
        "slack bot": lambda r: (
            f"xoxb-{r.of(string.digits, 12)}-{r.of(string.digits, 12)}-{r.of(ALNUM, 24)}"
        ),
        "slack app": lambda r: (
            f"xapp-1-{r.of(UPPER, 11)}-{r.of(string.digits, 13)}-{r.of(HEX, 64)}"
        ),
        "slack webhook": lambda r: (
            f"https://hooks.slack.com/services/T{r.of(UPPER, 8)}/B{r.of(UPPER, 10)}/{r.of(ALNUM, 24)}"
        ),
        "telegram": lambda r: f"{r.randrange(10**8, 10**10)}:AA{r.of(URL, 33)}",
        "discord": lambda r: f"M{r.of(ALNUM, 25)}.{r.of(ALNUM, 6)}.{r.of(URL, 38)}",
        "twilio": lambda r: "SK" + r.of(HEX, 32),
        "sendgrid": lambda r: f"SG.{r.of(URL, 22)}.{r.of(URL, 43)}",
        "mailgun": lambda r: "key-" + r.of(HEX, 32),
        "openai session": lambda r: "sess-" + r.of(ALNUM, 40),
        "new relic license": lambda r: r.of(HEX, 36) + "NRAL",
        "mailgun private": lambda r: f"{r.of(HEX, 32)}-{r.of(HEX, 8)}-{r.of(HEX, 8)}",
        "mailchimp": lambda r: f"{r.of(HEX, 32)}-us{r.randrange(1, 22)}",
        "stripe client": lambda r: f"pi_{r.of(ALNUM, 24)}_secret_{r.of(ALNUM, 25)}",
        "discord mfa": lambda r: "mfa." + r.of(URL, 84),
        "discord webhook": lambda r: (
            f"https://discord.com/api/webhooks/{r.randrange(10**17, 10**18)}/{r.of(URL, 68)}"
        ),
        "slack client": lambda r: (
            f"xoxc-{r.of(string.digits, 11)}-{r.of(string.digits, 11)}-{r.of(HEX, 64)}"
        ),
        "databricks oauth": lambda r: "dose" + r.of(HEX, 32),
        "terraform cloud": lambda r: f"{r.of(ALNUM, 14)}.atlasv1.{r.of(URL, 67)}",
        "supabase": lambda r: "sbp_" + r.of(HEX, 40),
        "atlassian": lambda r: "ATATT3xFfGF0" + r.of(URL, 171) + "=" + r.of("0123456789ABCDEF", 8),
        "google refresh": lambda r: "1//0" + r.of(URL, 98),
        "aws session": lambda r: "IQoJb3JpZ2luX2VjE" + r.of(B64, 300),
        "age": lambda r: "AGE-SECRET-KEY-1" + r.of("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
        "sentry dsn": lambda r: (
            f"https://{r.of(HEX, 32)}@o{r.randrange(10**6)}.ingest.sentry.io/4504"
        ),
        "json web token": Draw.json_web_token,
        "private key": lambda r: _armoured(
            r, r.choice(["RSA ", "EC ", "OPENSSH ", ""]) + "PRIVATE KEY"
        ),
        "pgp key": lambda r: _armoured(r, "PGP PRIVATE KEY BLOCK"),
        "database": lambda r: (
            f"{r.choice(['postgres', 'mysql', 'mongodb+srv'])}://app:{r.of(ALNUM, 14)}@db.internal:5432/app"
        ),
        "oracle": lambda r: f"jdbc:oracle:thin:app/{r.of(ALNUM, 14)}@db.internal:1521/x",
        "sql server": lambda r: (
            f"jdbc:sqlserver://db:1433;databaseName=x;user=sa;password={r.of(ALNUM, 14)};encrypt=true"
        ),
        "broker": lambda r: (
            f"{r.choice(['amqps', 'redis', 'kafka'])}://{r.choice(['', 'ci'])}:{r.of(ALNUM, 14)}@mq.internal:5671/"
        ),
        "bearer": lambda r: "Authorization: Bearer " + r.of(URL, 40),
        "basic": lambda r: (
            "Authorization: Basic "
            + base64.b64encode(f"{r.of(LOWER, 6)}:{r.password()}".encode()).decode()
        ),
    }


def named_secrets() -> dict[str, Make]:
    """Secrets that are told by the name before them alone."""
    return {
        "password, unquoted": lambda r: f"password: {r.password()}",
        "password, quoted": lambda r: f'DB_PASSWORD="{r.password()}"',
        "environment": lambda r: (
            f"{r.choice(['MISTRAL', 'COHERE', 'DATADOG'])}_API_KEY={r.of(ALNUM, 32)}"
        ),
        "aws secret key": lambda r: f"aws_secret_access_key = {r.of(B64, 40)}",
        "x-api-key": lambda r: f"curl -H 'x-api-key: {r.of(URL, 36)}' https://api.acme.dev",
        "query": lambda r: f"GET /v1/items?page=2&access_token={r.of(URL, 36)}",
        "odbc": lambda r: f"Server=db;Uid=app;Pwd={r.of(ALNUM, 12)};Encrypt=yes",
        "option": lambda r: f"deploy --user ci --password {r.password()}",
        "jaas": lambda r: (
            "org.apache.kafka.common.security.plain.PlainLoginModule required "
            f'username="svc" password="{r.password()}";'
        ),
        "registry": lambda r: (
            '{"auths": {"registry.acme.dev": {"auth": "'
            + base64.b64encode(f"svc:{r.of(ALNUM, 15)}".encode()).decode()
            + '"}}}'
        ),
        "command line": lambda r: f"mysqldump -u root -p{r.of(ALNUM, 11)}7 -h db.internal",
        "header pair": lambda r: f'[["Host", "acme.dev"], ["X-Api-Key", "{r.of(ALNUM, 32)}"]]',
        "cookie": lambda r: f"Cookie: lang=de; session_id={r.of(ALNUM, 40)}",
    }


def _armoured(r: Draw, kind: str) -> str:
    lines = "\n".join(r.of(B64, 64) for _ in range(6))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----"


def core(secret: str) -> list[str]:
    """What of a planted text must not be found again: its random pieces of eight letters."""
    text = secret
    if "PRIVATE KEY" in secret:
        return [line for line in secret.splitlines() if not line.startswith("-----")]
    for separator in ("sig=", "AccountKey=", "SharedAccessKey=", "Basic ", "Bearer ", "_id=", "token=",
                      "Pwd=", "x-api-key: ", "password: ", "PASSWORD=", "API_KEY=", "access_key = ",
                      "--password ", "services/", "webhooks/", 'password="', ";password=",
                      '"auth": "', " -p", 'Api-Key", "', "thin:app/"):  # fmt: skip
        if separator in text:
            text = text.split(separator, 1)[1]
    if "@" in text and "://" in text:
        text = text.split("://", 1)[1].split("@")[0].rsplit(":", 1)[-1]
    text = text.strip("\"'").split(";")[0].split("'")[0].split("&")[0]
    text = text.split('"')[0].split(" -h")[0].split("@db.")[0].rstrip("=")
    half = max(6, len(text) // 2)
    return [text[-half:][:24]] if len(text) > 12 else [text]


def php_slashes(text: str) -> str:
    return text.replace("/", "\\/")


def go_escapes(text: str) -> str:
    return text.replace("&", "\\u0026").replace("=", "\\u003d").replace("<", "\\u003c")


def code_points(text: str) -> str:
    return text.replace("-", "\\u002d").replace("_", "\\u005f").replace("=", "\\u003d")


# -- where they stand --------------------------------------------------------------------------------


def chat(n: int, prompt: object, answer: str = "Yes.", **more: object) -> dict[str, object]:
    response = {
        "id": f"chatcmpl-{n:08d}abcdef",
        "model": "gpt-4o-2024-08-06",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": answer},
            }
        ],
        "usage": {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25},
    }
    request = {"model": "gpt-4o", "messages": [{"role": "user", "content": prompt}]}
    return {"timestamp": "2026-10-01T12:00:00Z", "request": request, "response": response, **more}


def _in_arguments(n: int, text: str, deep: int) -> dict[str, object]:
    for _ in range(deep):
        text = json.dumps({"command": text})
    record = chat(n, "run it")
    call = {"id": f"call_{n}", "type": "function", "function": {"name": "run", "arguments": text}}
    record["response"]["choices"][0]["message"] = {
        "role": "assistant",
        "content": None,
        "tool_calls": [call],
    }  # type: ignore[index]
    return record


def _failed(n: int, text: str) -> dict[str, object]:
    record = chat(n, "hello")
    record["response"] = {"error": {"type": "invalid_request_error", "message": f"Refused: {text}"}}
    return {**record, "status": 401}


def _system(n: int, text: str) -> dict[str, object]:
    record = chat(n, "hello")
    record["request"]["messages"].insert(
        0, {"role": "system", "content": f"You deploy.\n{text}\nBe brief."}
    )  # type: ignore[index]
    return record


def _parts(n: int, text: str) -> dict[str, object]:
    return chat(n, [{"type": "text", "text": "see"}, {"type": "text", "text": text}])


def _cut(text: str) -> list[dict[str, str]]:
    """A log of a stream writes a text in parts."""
    half = len(text) // 2
    return [{"type": "text", "text": part} for part in ("it is ", text[:half], text[half:])]


def _tools(n: int, text: str) -> dict[str, object]:
    record = chat(n, "hello")
    tool = {
        "type": "function",
        "function": {
            "name": "run",
            "description": f"Runs. {text}",
            "parameters": {"type": "object"},
        },
    }
    record["request"]["tools"] = [tool]  # type: ignore[index]
    return record


def _of_response(n: int, **changes: object) -> dict[str, object]:
    record = chat(n, "hello")
    record["response"].update(changes)  # type: ignore[attr-defined]
    return record


def _finish(n: int, text: str) -> dict[str, object]:
    record = chat(n, "hello")
    record["response"]["choices"][0]["finish_reason"] = text  # type: ignore[index]
    return record


TEXTS: dict[str, Callable[[int, str], object]] = {
    "prompt": lambda n, s: chat(n, f"please use {s} for it"),
    "code": lambda n, s: chat(n, f"```python\nclient = Client('{s}')\n```"),
    "own line": lambda n, s: chat(n, f"here:\n{s}\nthanks"),
    "answer": lambda n, s: chat(n, "what is it?", f"It is `{s}`, I think."),
    "system": _system,
    "parts": _parts,
    "tool description": _tools,
    "tool call": lambda n, s: _in_arguments(n, s, 1),
    "json in json": lambda n, s: _in_arguments(n, s, 2),
    "json in json in json": lambda n, s: _in_arguments(n, s, 3),
    "escaped slashes": lambda n, s: chat(n, json.dumps({"body": s}).replace("/", "\\/")),
    "go escapes": lambda n, s: chat(n, go_escapes(json.dumps({"body": s}))),
    "code points": lambda n, s: chat(n, code_points(json.dumps({"body": s}))),
    "address": lambda n, s: chat(n, f"https://acme.dev/?next={quote(s, safe='')}"),
    "cut into parts": lambda n, s: chat(n, _cut(s)),
    "slashes in json in json": lambda n, s: _in_arguments(n, php_slashes(s), 2),
    "log of a tool": lambda n, s: chat(n, f"\x1b[32mINFO\x1b[0m env: \x1b[1m{s}\x1b[0m"),
    "error": _failed,
    "tag": lambda n, s: chat(n, "hello", metadata={"note": s}),
    "bad line": lambda n, s: '{"request": {"note": ' + json.dumps(s) + ", broken",
    "bad line, cut": lambda n, s: "x" * 3 + " " + "word " * (n % 37 + 120) + json.dumps(s) + " {",
    "unknown record": lambda n, s: {"some": s, "other": {"deep": s}},
}
NAMES: dict[str, Callable[[int, str], object]] = {
    "model": lambda n, s: _of_response(n, model=f"ft:gpt-4o:{s}"),
    "response id": lambda n, s: _of_response(n, id=f"resp-{s}"),
    "log id": lambda n, s: chat(n, "hello", id=s),
    "user": lambda n, s: chat(n, "hello", user=s),
    "session": lambda n, s: chat(n, "hello", session_id=s),
    "finish reason": lambda n, s: _finish(n, s),
    "field name": lambda n, s: chat(n, "hello", metadata={s: "yes"}),
}
"""Places for one word without spaces."""


_ESCAPED = ("escaped slashes", "go escapes", "code points", "address", "slashes in json in json",
            "json in json", "json in json in json")  # fmt: skip
_UNREAD = ("bad line", "bad line, cut", "unknown record")
_PARTS = ("parts", "cut into parts")
GROUPS = {
    "in texts": [place for place in TEXTS if place not in (*_ESCAPED, *_UNREAD, *_PARTS)],
    "escaped, nested": _ESCAPED,
    "in parts of a text": _PARTS,
    "names and ids": tuple(NAMES),
    "lines not read": _UNREAD,
    "fields by their name": ("field",),
}


def fields(r: Draw, n: int) -> tuple[str, object]:
    """Return a secret that only the name of its JSON field tells, and a record that holds it."""
    value = r.of(ALNUM, 28)
    made = r.choice(
        [
            {"password": value},
            {"headers": {"x-api-key": value}},
            {"env": [{"name": "SERVICE_TOKEN", "value": value}]},
            {"config": {"clientSecret": value, "retries": 3}},
        ]
    )
    if n % 2:
        return value, _in_arguments(n, json.dumps(made), r.choice([0, 1, 2]))
    return value, chat(n, json.dumps(made, indent=2))


def planted(r: Draw, each: int) -> list[tuple[str, str, str, object]]:
    """Return kind, place, what must not be found, and the record, of every planted secret."""
    found: list[tuple[str, str, str, object]] = []
    n = 0
    forms = keys_with_a_form()
    for group, makes in (("form", forms), ("name", named_secrets())):
        for kind, make in makes.items():
            for turn in range(each):
                n += 1
                secret = make(r)
                places = TEXTS
                if (
                    group == "form"
                    and turn % 4 == 3
                    and not set(secret) & set(" \n;")
                    and "://" not in secret
                ):
                    places = NAMES
                place = r.choice(list(places))
                record = places[place](n, secret)
                found += [(f"{group}: {kind}", place, piece, record) for piece in core(secret)[:1]]
    for _ in range(each * 3):
        n += 1
        value, record = fields(r, n)
        found.append(("name: field", "field", value, record))
    return found


# -- what is no secret -------------------------------------------------------------------------------


def decoys(r: Draw) -> list[str]:
    """Return what looks like a secret and is none; each holds something to find it by."""
    sha = hashlib.sha256
    made = [
        lambda: f"trace {r.uuid()}",
        lambda: f"commit {sha(r.randbytes(8)).hexdigest()[:40]}",
        lambda: f"sha256:{sha(r.randbytes(8)).hexdigest()}",
        lambda: f"etag {hashlib.md5(r.randbytes(8)).hexdigest()}",
        lambda: f"data:image/png;base64,iVBORw0KGgo{base64.b64encode(r.randbytes(120)).decode()}",
        lambda: f"call_{r.of(ALNUM, 24)}",
        lambda: f"toolu_01{r.of(ALNUM, 22)}",
        lambda: f"chatcmpl-{r.of(ALNUM, 29)}",
        lambda: f"msg_01{r.of(ALNUM, 22)} and req_{r.of(ALNUM, 24)}",
        lambda: f"resp_{r.of(HEX, 48)}",
        lambda: f"run_{r.of(ALNUM, 24)} of thread_{r.of(ALNUM, 24)} by asst_{r.of(ALNUM, 24)}",
        lambda: f"file-{r.of(ALNUM, 24)}",
        lambda: f"order {r.randrange(10**11, 10**12)} of customer {r.randrange(10**8)}",
        lambda: f"tracking number 1Z{r.of(UPPER, 16)}",
        lambda: f"https://acme.dev/posts/{r.of(LOWER, 12)}?page={r.randrange(99)}&sort_key=created_at#L{r.randrange(999)}",
        lambda: f"https://localhost:{r.randrange(3000, 9999)}/users/@me/{r.of(LOWER, 8)}",
        lambda: f"api_key = os.environ['OPENAI_API_KEY']  # {r.of(LOWER, 8)}",
        lambda: f"const token = await getAccessToken(user{r.randrange(99)}.id, '{r.of(LOWER, 8)}')",
        lambda: f"password = form.cleaned_data['password{r.randrange(9)}']  # {r.of(LOWER, 8)}",
        lambda: f"self.api_key = settings.services.api_key{r.randrange(9)}  # {r.of(LOWER, 8)}",
        lambda: f"max_tokens: {r.randrange(10**4)}, prompt_tokens: {r.randrange(10**6)}",
        lambda: f"next_page_token={r.choice(['', 'null'])} row {r.of(LOWER, 8)}",
        lambda: f"password: {r.choice(['********', '<your password>', '${DB_PASSWORD}', 'str | None', 'required'])} {r.of(LOWER, 8)}",
        lambda: f"api_key: {r.choice(['YOUR_API_KEY', '<API_KEY>', '{{ api_key }}', 'sk-...', 'null', 'xxxxxxxxxxxxxxxx'])} {r.of(LOWER, 8)}",
        lambda: f"OPENAI_API_KEY={r.choice(['sk-...', 'sk-xxxxxxxxxxxxxxxxxxxxxxxx', 'sk-your-key-here', '$KEY'])} # {r.of(LOWER, 8)}",
        lambda: f"Authorization: Bearer {r.choice(['<token>', '$TOKEN', '{token}', 'YOUR_ACCESS_TOKEN', '...'])} {r.of(LOWER, 8)}",
        lambda: f"AKIAIOSFODNN7EXAMPLE in the manual, page {r.randrange(999)}",
        lambda: f"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY as aws_secret_access_key, page {r.randrange(999)}",
        lambda: f"postgres://user:password@localhost:5432/{r.of(LOWER, 8)}",
        lambda: f"postgres://${{USER}}:${{PASSWORD}}@db/{r.of(LOWER, 8)}",
        lambda: f"basic authentication and bearer tokens compared, chapter {r.randrange(99)} {r.of(LOWER, 8)}",
        lambda: f"sk-learn-{r.of(string.ascii_lowercase, 5)}-and-other-very-long-hyphenated-words",
        lambda: f"arn:aws:iam::{r.of(string.digits, 12)}:role/{r.of(LOWER, 10)}",
        lambda: f"-----BEGIN PUBLIC KEY-----\n{r.of(B64, 64)}\n-----END PUBLIC KEY-----",
        lambda: f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA{r.of(B64, 43)} me@host",
        lambda: f"requirements: package=={r.randrange(9)}.{r.randrange(9)} --hash=sha256:{sha(r.randbytes(8)).hexdigest()}",
        lambda: f"ticket ABC-{r.randrange(9999)} in build {r.of(HEX, 7)}-dirty",
        lambda: f"SELECT password_hash FROM users WHERE token_id = {r.randrange(9999)} -- {r.of(LOWER, 8)}",
    ]  # fmt: skip
    return [make() for _ in range(9) for make in made]


# -- the measurement ---------------------------------------------------------------------------------


def auditor(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "auditor", *words, "--db", "audit.duckdb"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode not in (0, 3):
        raise SystemExit(f"auditor {' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def everything_kept(folder: Path, printed: str) -> str:
    """Return every column of every table, what was printed, and the report, as one text."""
    parts = [printed]
    with duckdb.connect(str(folder / "audit.duckdb"), read_only=True) as connection:
        tables = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal"
        ).fetchall()
        for table, column in tables:
            rows = connection.execute(
                f'SELECT DISTINCT "{column}"::VARCHAR FROM "{table}"'
            ).fetchall()
            parts += [value for (value,) in rows if value]
    parts += [path.read_text("utf-8") for path in folder.glob("*.html")]
    return "\n".join(parts)


def ingest(
    lines: list[object], folder: Path, name: str = "log.jsonl", *, report: bool = False
) -> str:
    log = folder / name
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    log.write_text("\n".join(texts) + "\n", encoding="utf-8")
    printed = auditor(folder, "ingest", log.name)
    printed += auditor(folder, "rejects") + auditor(folder, "spend", "--by", "model")
    if report:
        settings = "[sample]\ntop = 1\nsamples = 1\n"  # the page is wanted, not its verdicts
        (folder / "auditor.toml").write_text(settings, encoding="utf-8")
        printed += auditor(folder, "report")
    return everything_kept(folder, printed)


def plain(text: str) -> str:
    """Resolve escapes, so that a secret is found however it is written."""
    for _ in range(4):
        text = text.replace("\\\\", "\\")
    for written, meant in (
        ("\\/", "/"),
        ("\\u0026", "&"),
        ("\\u003d", "="),
        ("\\u002d", "-"),
        ("\\u005f", "_"),
        ("%2B", "+"),
        ("%2F", "/"),
        ("%3D", "="),
        ('\\"', '"'),
        ("\\n", "\n"),
    ):
        text = text.replace(written, meant)
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=24, help="secrets of a kind")
    parser.add_argument(
        "--show", action="store_true", help="show what was missed or masked in vain"
    )
    options = parser.parse_args()
    r = Draw(options.seed)
    secrets = planted(r, options.each)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        kept = plain(ingest([record for *_, record in secrets], Path(folder), report=True))
    missed = [(kind, place, piece) for kind, place, piece, _ in secrets if piece in kept]
    held_by_name = [one for one in secrets if one[0].startswith("name")]
    missed_by_name = [one for one in missed if one[0].startswith("name")]
    with tempfile.TemporaryDirectory() as folder:
        in_a_path = keys_with_a_form()["stripe"](r)
        printed = ingest([chat(1, "hello")], Path(folder), f"{in_a_path}.jsonl")
        printed = printed.replace(f"{folder}/{in_a_path}", "")
    alike = decoys(r)
    with tempfile.TemporaryDirectory() as folder:
        ingest([chat(n, text) for n, text in enumerate(alike)], Path(folder))
        with duckdb.connect(str(Path(folder) / "audit.duckdb"), read_only=True) as connection:
            texts = {
                json.loads(row)[0]["content"]
                for (row,) in connection.execute("SELECT messages FROM contents").fetchall()
            }
    spoiled = [text for text in alike if text not in texts]

    with_form, missed_forms = len(secrets) - len(held_by_name), len(missed) - len(missed_by_name)
    kinds = len({kind for kind, *_ in secrets})
    print(
        f"seed {options.seed}: {len(secrets):,} secrets of {kinds} kinds, {time.monotonic() - began:.0f} s"
    )
    print(
        f"keys with a form:  {with_form:,}, recall {1 - missed_forms / with_form:.4f} (limit .99)"
    )
    print(
        f"told by a name:    {len(held_by_name):,}, recall {1 - len(missed_by_name) / len(held_by_name):.4f}"
    )
    for group, places in GROUPS.items():
        here = [place for _, place, *_ in secrets if place in places]
        lost = [place for _, place, _ in missed if place in places]
        print(f"  {group + ':':22} {len(here):,}, recall {1 - len(lost) / len(here):.4f}")
    print(
        f"decoys:            {len(alike):,}, masked in vain {len(spoiled) / len(alike):.4f} (limit .02)"
    )
    print(f"key in the name of a file found again: {in_a_path in printed}")
    if options.show:
        for (kind, place), count in Counter(
            (kind, place) for kind, place, _ in missed
        ).most_common():
            print(f"  missed {count}: {kind}, in {place}")
        for text in spoiled:
            print(f"  masked: {text!r}")
    if missed_forms > with_form * 0.01 or len(spoiled) > len(alike) * 0.02:
        sys.exit(1)


if __name__ == "__main__":
    main()
