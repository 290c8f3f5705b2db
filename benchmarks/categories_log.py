"""A synthetic log for measuring categories: 40 prompt templates of 35 tasks, and open chat.

Written for this project in the manner of real applications: some system prompts hold a
tenant, a date, a language or retrieved text, "You are a helpful assistant." is shared by
several templates, some tasks were worded twice, agents offer changing sets of tools, chats
have many turns. The values in the slots are real sentences of the labelled sets in
`shared/data/clusters` where these are at hand, invented ones otherwise.
"""
# ruff: noqa: E501, Q003, SIM905 - prompts are long lines

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.categories.routes import CallText, shape

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HELPFUL = "You are a helpful assistant."
TENANTS = [
    "Acme Corp",
    "Blue Harbor Ltd",
    "Cobalt",
    "Dune & Sons",
    "Elmwood Clinic",
    "Fjord Bank",
    "Granite Works",
    "Harvest Foods GmbH",
    "Iris Media",
    "Juniper Air",
    "Kestrel",
    "Lumen Energy",
    "Marlow & Finch",
    "Northwind Traders",
]
LANGUAGES = [
    "German",
    "French",
    "Spanish",
    "Brazilian Portuguese",
    "Japanese",
    "Polish",
    "Simplified Chinese",
]
NAMES = ["Ana", "Bjorn", "Chidi", "Dana Scott", "Emre", "Fatima", "Grigori Petrov", "Hana"]
TOOLS = [
    f"{verb}_{noun}"
    for verb in ("get", "list", "create", "cancel", "update")
    for noun in ("order", "invoice", "ticket", "meeting", "user", "file")
]
WORDS = (
    "account river budget garden engine letter harbour window lantern compass printer cloud ledger supplier delivery meeting "
    "customer product quality market signal report battery camera travel summer recipe winter project manager weather"
).split()


@dataclass(frozen=True, slots=True)
class Template:
    """`{x}` in the texts are slots; `answers` is one of the shapes of `_answer`."""

    name: str
    task: str
    system: str | None
    user: str
    answers: str
    weight: float = 1.0
    response_format: str | None = None
    tools: str = ""  # "", "fixed" or "varying"
    turns: int = 1


TEMPLATES = [
    Template("triage-v1", "triage", "You are the triage engine of {tenant}. Sort every incoming support ticket into one queue: billing, technical, shipping, account, other. Reply with the queue only.", "{text}", "label", 6),
    Template("triage-v2", "triage", "You are the triage engine of {tenant}. Sort every incoming support ticket into exactly one queue out of billing, technical, shipping, account, abuse, other. Reply with the name of the queue and nothing else.", "Ticket:\n{text}", "label", 3),
    Template("sentiment", "sentiment", HELPFUL, "What is the sentiment of this review? Answer positive, negative or neutral.\n\nReview: {text}\n\nSentiment:", "label", 4),
    Template("sentiment-2", "sentiment", None, "Decide if the following customer review is positive, negative or neutral. One word.\n###\n{text}\n###", "label", 2),
    Template("spam", "spam", "You are a spam filter for a mail server. Output SPAM or HAM.", "Subject: {short}\n\n{text}", "label", 2),
    Template("lang-id", "language", None, "Which language is this text written in? Give the ISO 639-1 code only.\n{text}", "label", 1),
    Template("moderation", "moderation", "You are a content moderator. Decide whether the user post violates the community guidelines of {tenant}. Answer with JSON: {{\"flagged\": bool, \"reason\": str}}.", "{text}", "json:flagged,reason", 2, "json_object"),
    Template("invoice", "invoice", "You extract data from invoices. Today is {date}. Return JSON with supplier, invoice_number, total, currency and due_date.", "Invoice text:\n{long}", "json:supplier,invoice_number,total,currency,due_date", 3, "json_object"),
    Template("resume", "resume", HELPFUL, "Parse the resume below into JSON with name, email, skills and years_of_experience.\n\n{long}", "json:name,email,skills,years_of_experience", 1, "json_schema:resume"),
    Template("entities", "entities", None, "List all person and company names mentioned in the text as a JSON array of strings.\n\nText: {text}", "json[]", 1),
    Template("contact", "contact", "Extract the contact details of the sender from the e-mail signature. Keys: name, phone, company. Use null for what is missing.", "{text}\n--\n{name}\n{tenant}", "json:name,phone,company", 1, "json_object"),
    Template("sql-bi", "sql", "You translate questions of analysts at {tenant} into PostgreSQL. The schema is:\n{schema}\nReturn only the query.", "{text}", "sql", 3),
    Template("sql-gen", "sql", HELPFUL, "Given the table definitions\n\n{schema}\n\nwrite a SQL query that answers: {short}", "sql", 1),
    Template("regex", "regex", None, "Write a regular expression (Python syntax) that matches: {short}. Reply with the pattern only.", "label", 0.7),
    Template("py-fn", "code", "You are a senior Python developer. Write a function for the specification. Return a single code block without explanation.", "Specification: {text}", "code", 2),
    Template("tests", "tests", "You write pytest unit tests for the function you are given. Cover edge cases. Output only the test file.", "```python\n{code}\n```", "code", 1),
    Template("review", "review", "You are a strict code reviewer at {tenant}. Point out bugs and security problems in the diff as a bullet list.", "Diff:\n{code}", "list", 1.5),
    Template("commit", "commit", None, "Write a git commit message for these changes in the imperative mood:\n\n{code}", "phrase", 1),
    Template("docstring", "docstring", HELPFUL, "Add a Google style docstring to this function and return the function.\n\n{code}", "code", 0.7),
    Template("explain-err", "explain", None, "Explain the following stack trace to a beginner and suggest a fix.\n\n{code}", "prose", 0.7),
    Template("svg", "svg", "You generate SVG icons for the design system. 24 by 24, one path, no colours.", "{short}", "svg", 0.5),
    Template("html-mail", "html", "You build HTML e-mails for {tenant} campaigns. Inline CSS only. Return the complete HTML document.", "Campaign brief: {text}", "html", 0.5),
    Template("sum-meeting", "summary-meeting", "Summarize the meeting transcript for people who were absent. Use at most five bullet points. Meeting date: {date}.", "{long}", "list", 2),
    Template("sum-article", "summary-article", None, "Summarize the article in two sentences.\n\nArticle: {long}\n\nSummary:", "prose", 2),
    Template("tldr", "summary-article", HELPFUL, "{long}\n\nTL;DR of the article above:", "prose", 1),
    Template("title", "title", None, "Suggest a catchy headline of at most ten words for this blog post:\n\n{long}", "phrase", 1),
    Template("keywords", "keywords", HELPFUL, "Give me five SEO keywords for the page below, comma separated.\n\n{long}", "phrase", 0.7),
    Template("product", "product", "You are a copywriter for {tenant}. Write a product description of about 80 words in a playful tone for the web shop.", "Product: {short}\nFeatures: {text}", "prose", 1.5),
    Template("translate", "translate", "Translate the user's text into {language}. Keep markdown, placeholders and product names unchanged.", "{text}", "prose", 3),
    Template("translate-ui", "translate", None, "Translate this UI string to {language}: {short}", "phrase", 1),
    Template("formal", "rewrite", HELPFUL, "Rewrite the message below so that it sounds polite and professional.\n\nMessage: {text}", "prose", 1),
    Template("grammar", "grammar", None, "Correct the spelling and grammar of the text without changing its meaning.\n\n{text}", "prose", 1),
    Template("reply", "reply", "You draft replies for the customer care team of {tenant}. Today is {date}. The customer's name is {name}. Be brief and warm, sign as Customer Care.", "{text}", "prose", 3),
    Template("rag", "rag", "Answer the question of the employee using only the context. Say \"I don't know\" if it is not in there.\n\nContext:\n{long}", "{short}", "prose", 3),
    Template("judge", "judge", "You are an impartial judge. Compare the answers of two assistants to the question and output A, B or TIE.", "Question: {short}\n\nAnswer A: {text}\n\nAnswer B: {text2}", "label", 1),
    Template("redact", "redact", None, "Replace all personal data in this text by [REDACTED] and return the text.\n\n{text}", "prose", 0.7),
    Template("quiz", "quiz", "You write multiple choice questions for the e-learning platform. Return JSON with question, options and answer.", "Topic: {short}", "json:question,options,answer", 1, "json_object"),
    Template("agent", "agent", "You are the operations agent of {tenant}. Use the tools to do what the employee asks. Never guess identifiers.", "{text}", "tool", 3, None, "varying"),
    Template("booking", "booking", "You are the booking assistant of Juniper Air. Find flights and change bookings with the tools.", "{short}", "tool", 1, None, "fixed", 3),
    Template("support-bot", "support-bot", "You are Lumi, the chat assistant of Lumen Energy. Help customers with tariffs, meters and bills. Be friendly and never promise refunds.", "{text}", "prose", 4, turns=5),
]  # fmt: skip
CHAT_SHARE = 0.08


class Log:
    """Draws calls; the same seed draws the same calls."""

    def __init__(self, seed: int, clusters: Path | None = None) -> None:
        self.rng = random.Random(seed)
        self.short, self.chat = _sentences(clusters)
        self.weights = [t.weight for t in TEMPLATES]
        self.schemas = [_schema(random.Random(i)) for i in range(12)]

    def calls(self, n: int) -> Iterator[tuple[CallText, str, str]]:
        """Yield `n` calls with the name of their template and of their task."""
        made = 0
        while made < n:
            if self.rng.random() < CHAT_SHARE:
                template, user = None, self.rng.choice(self.chat)
                system, task = self.rng.choice([None, HELPFUL]), "chat"
            else:
                template = self.rng.choices(TEMPLATES, self.weights)[0]
                task = template.task
                system, user = self._fill(template.system), self._fill(template.user) or ""
            turns = self.rng.randint(1, template.turns) if template and template.turns > 1 else 1
            for turn in range(1, turns + 1):
                if made == n:
                    return
                yield (
                    self._call(made, template, system, user, turn),
                    template.name if template else "chat",
                    task,
                )
                made += 1

    def _call(
        self, number: int, template: Template | None, system: str | None, user: str, turn: int
    ) -> CallText:
        answer = self._answer(template.answers if template else "prose")
        tools: tuple[str, ...] = ()
        if template and template.tools == "varying":
            tools = tuple(sorted(self.rng.sample(TOOLS, self.rng.randint(2, 6))))
        elif template and template.tools == "fixed":
            tools = ("find_flights", "rebook")
        return CallText(
            call_id=f"call-{number:08}",
            system=system,
            user=user,
            tools=tools,
            response_format=template.response_format if template else None,
            turns=turn,
            shape=shape(answer, tool_calls=answer is None),
        )

    def _fill(self, text: str | None) -> str | None:
        if text is None:
            return None
        rng = self.rng
        values = {
            "tenant": rng.choice(TENANTS),
            "date": f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
            "language": rng.choice(LANGUAGES),
            "name": rng.choice(NAMES),
            "schema": rng.choice(self.schemas),
            "short": rng.choice(self.short),
            "text": " ".join(rng.choices(self.short, k=rng.randint(1, 3))),
            "text2": rng.choice(self.short),
            "long": " ".join(rng.choices(self.short, k=rng.randint(6, 25))),
            "code": _code(rng),
        }
        return text.format(**values)

    def _answer(self, kind: str) -> str | None:
        rng = self.rng
        if kind == "tool":
            return None if rng.random() < 0.8 else "Done, it is cancelled."
        if kind == "label":
            return rng.choice(
                ["billing", "technical", "positive", "negative", "A", "SPAM", "de", "other"]
            )
        if kind.startswith("json:"):
            return json.dumps({key: rng.choice(WORDS) for key in kind[5:].split(",")})
        return {
            "json[]": json.dumps(rng.sample(WORDS, 3)),
            "sql": f"SELECT {rng.choice(WORDS)}, count(*) FROM {rng.choice(WORDS)} GROUP BY 1",
            "code": f"```python\n{_code(rng)}\n```",
            "svg": '<svg viewBox="0 0 24 24"><path d="M3 3h18"/></svg>',
            "html": "<!DOCTYPE html><html><body><p>Hello</p></body></html>",
            "list": "\n".join(f"- {rng.choice(self.short)}" for _ in range(3)),
            "phrase": " ".join(rng.sample(WORDS, 6)),
            "prose": " ".join(rng.choices(self.short, k=3)),
        }[kind]


def _sentences(clusters: Path | None) -> tuple[list[str], list[str]]:
    if clusters is None:
        rng = random.Random(0)
        invented = [" ".join(rng.choices(WORDS, k=rng.randint(4, 16))) + "." for _ in range(3000)]
        return invented, invented

    def read(name: str) -> list[str]:
        with (clusters / name).open(encoding="utf-8") as lines:
            return [json.loads(line)["text"] for line in lines]

    return read("banking77.jsonl") + read("snips7.jsonl"), read("arena-hard-v0.1-clusters.jsonl")


def _schema(rng: random.Random) -> str:
    return "\n".join(
        f"CREATE TABLE {rng.choice(WORDS)}s (id INTEGER PRIMARY KEY, {rng.choice(WORDS)} TEXT, {rng.choice(WORDS)} NUMERIC);"
        for _ in range(rng.randint(2, 4))
    )


def _code(rng: random.Random) -> str:
    name, a, b = rng.sample(WORDS, 3)
    return f"def {name}({a}, {b}=None):\n    if {b} is None:\n        {b} = {rng.randint(0, 99)}\n    return {a} + {b}"
