"""A log whose truth is known, and answers to it that are right at known rates.

Every figure here is worked out from the plan alone, without the product: what becomes of each
line, what each call costs, and by how much the local model is worse in dollars. Prices are written
out; a call costs tokens times price.
"""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# USD per million tokens: input, cached input, output. gpt-4o: OpenAI's price list since October
# 2024; Claude Sonnet 4: Anthropic's since May 2025. The last is nobody's and has its price from
# auditor.toml.
PRICES = {
    "gpt-4o": (Decimal("2.5"), Decimal("1.25"), Decimal(10)),
    "claude-sonnet-4-20250514": (Decimal(3), Decimal("0.3"), Decimal(15)),
    "house-model-7": (Decimal("4.2"), Decimal("4.2"), Decimal("12.6")),
}
OWN_MODEL = "house-model-7"
UNPRICED_MODEL = "acme-unlisted-1"
MILLION = 1_000_000
MARGIN = Decimal("0.05")

BASELINE_WRONG = Decimal("0.03")
MALFORMED = (
    b'{"id": "cut", "request": {"model": "gpt-4o", "messages": [{"role": "us',
    b"\xff\xfe not text at all",
    b'["a", "list"]',
    b'{"level": "info", "message": "server started"}',
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One place in somebody's code: what it asks, and how well the local model does it.

    ``gains`` and ``losses`` are the shares of its spend where only the local and only the logged
    answer is right; their difference is what the audit has to find out.
    """

    name: str
    system: str
    labels: tuple[str, ...]
    gains: float
    losses: float
    model: str = "gpt-4o"
    turns: int = 1

    @property
    def anthropic(self) -> bool:
        """Whether it is logged in Anthropic's shape."""
        return self.model.startswith("claude")


TASKS = (
    Task(name="tickets", system="Sort each support ticket of the web shop into the queue that handles it.", labels=("billing", "delivery", "returns", "login"), gains=0.025, losses=0.005),
    Task(name="just-beyond", system="Name the clause of the rental contract that the tenant asks about.", labels=("deposit", "notice", "repairs", "subletting"), gains=0.01, losses=0.07),
    Task(name="equal", system="Is this product review positive, negative or mixed? One word.", labels=("positive", "negative", "mixed"), gains=0.005, losses=0.005, model="claude-sonnet-4-20250514"),
    Task(name="far-worse", system="Pick the SQL dialect in which the query of the analyst was written.", labels=("postgres", "mysql", "oracle", "sqlite"), gains=0.01, losses=0.21),
    Task(name="beyond-7", system="Choose the tariff group for the imported goods described below.", labels=("textiles", "machines", "food", "toys"), gains=0.01, losses=0.08, model=OWN_MODEL),
    Task(name="slightly-worse", system="Moderate the forum post by the house rules: allow, warn or remove.", labels=("allow", "warn", "remove"), gains=0.01, losses=0.03, turns=3),
    Task(name="hopeless", system="Decide which theorem proves the geometry claim of the student.", labels=("thales", "pythagoras", "ceva", "euler"), gains=0.0, losses=0.50),
    Task(name="beyond-8", system="Grade the urgency of the nurse's note from the hospital ward.", labels=("now", "today", "week"), gains=0.01, losses=0.09, model="claude-sonnet-4-20250514"),
    Task(name="tail-one", system="Which language is the voice message of the guest in? Two letters.", labels=("de", "fr", "es", "it"), gains=0.0, losses=0.0),
    Task(name="tail-two", system="Tell the make of the car from the description in the insurance claim.", labels=("audi", "fiat", "seat"), gains=0.0, losses=0.30),
    Task(name="tail-three", system="Assign the bank transfer to a cost centre of the company.", labels=("travel", "office", "payroll"), gains=0.02, losses=0.02),
)  # fmt: skip
REPLAYED = 8
"""Tasks in falling order of spend; those behind are never replayed."""

_WORDS = [
    "amber",
    "basil",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "hazel",
    "iris",
    "jade",
    "kelp",
    "lotus",
    "maple",
    "nectar",
    "olive",
    "pearl",
    "quartz",
    "raven",
    "sable",
    "tulip",
    "umber",
    "violet",
    "willow",
    "yarrow",
    "zinc",
    "harbour",
    "lantern",
    "meadow",
    "orchard",
    "pillar",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedCall:
    """One call of the log with its truth."""

    log_id: str
    task: str
    prompt: str
    expected: str
    logged: str
    cost_usd: Decimal

    @property
    def baseline_right(self) -> bool:
        """Whether the logged answer is the right one."""
        return self.logged == self.expected


@dataclass(slots=True)
class Ledger:
    """What must become of a file's records, and what its calls cost."""

    records: int = 0
    calls: int = 0
    duplicates: int = 0
    not_calls: int = 0
    rejects: int = 0
    spend_usd: Decimal = Decimal(0)


@dataclass(slots=True)
class PlantedLog:
    """The lines of each file, its ledger, and the calls behind them."""

    tasks: Sequence[Task]
    calls: list[PlantedCall] = field(default_factory=list)
    files: dict[str, list[bytes]] = field(default_factory=dict)
    ledgers: dict[str, Ledger] = field(default_factory=dict)

    def write(self, folder: Path) -> list[Path]:
        """Write logs, labels.jsonl, criteria.yaml and auditor.toml; return the logs."""
        for name, lines in self.files.items():
            (folder / name).write_bytes(b"\n".join(lines) + b"\n")
        labels = [json.dumps({"id": c.log_id, "expected": c.expected}) for c in self.calls]
        (folder / "labels.jsonl").write_text("\n".join(labels) + "\n", encoding="utf-8")
        (folder / "criteria.yaml").write_text(self._criteria(), encoding="utf-8")
        entry, cached, output = PRICES[OWN_MODEL]
        (folder / "auditor.toml").write_text(
            '[grade]\ncriteria = "criteria.yaml"\nlabels = "labels.jsonl"\n'
            f'[prices.models."{OWN_MODEL}"]\n'
            f"input = {entry}\ncache_read = {cached}\noutput = {output}\n",
            encoding="utf-8",
        )
        return [folder / name for name in self.files]

    def _criteria(self) -> str:
        rules = [
            f'  - match: {{system: "*{task.system}*"}}\n    assert:\n      - type: equals\n'
            '        value: "{{expected}}"\n        transform: strip-lower\n'
            for task in self.tasks
        ]
        return "version: 1\ncriteria:\n" + "".join(rules)

    @property
    def spend_usd(self) -> Decimal:
        """All spend that has a price."""
        return sum((ledger.spend_usd for ledger in self.ledgers.values()), Decimal(0))

    def spend_by_task(self) -> dict[str, Decimal]:
        """Return the spend of each task."""
        spend = {task.name: Decimal(0) for task in self.tasks}
        for call in self.calls:
            spend[call.task] += call.cost_usd
        return spend

    def local_answers(self, seed: int) -> dict[str, str]:
        """Return what the local model answers to each prompt.

        Calls are taken in the order of a hash of seed and prompt until the planted share of the
        task's spend is reached, so the share is met to within one call for any seed.
        """
        answers: dict[str, str] = {}
        for task in self.tasks:
            own = sorted(
                (call for call in self.calls if call.task == task.name),
                key=lambda call: hashlib.blake2b(f"{seed}:{call.prompt}".encode()).digest(),
            )
            total = sum(call.cost_usd for call in own)
            lost = _first_share([c for c in own if c.baseline_right], task.losses, total)
            gained = _first_share([c for c in own if not c.baseline_right], task.gains, total)
            for call in own:
                right = call.log_id not in lost if call.baseline_right else call.log_id in gained
                answers[call.prompt] = call.expected if right else _wrong(call.expected, task)
        return answers

    def differences(self, answers: Mapping[str, str]) -> dict[str, Decimal]:
        """Return by how much the local model is better in each task, as a share of its spend."""
        net = {task.name: Decimal(0) for task in self.tasks}
        for call in self.calls:
            local_right = answers[call.prompt] == call.expected
            net[call.task] += call.cost_usd * (int(local_right) - int(call.baseline_right))
        spend = self.spend_by_task()
        return {name: net[name] / spend[name] for name in net}


def _first_share(calls: list[PlantedCall], share: float, total: Decimal) -> set[str]:
    """Return the ids of the first calls, up to a share of the total."""
    ids: set[str] = set()
    reached = Decimal(0)
    for call in calls:
        if reached + call.cost_usd / 2 > Decimal(str(share)) * total:
            break
        reached += call.cost_usd
        ids.add(call.log_id)
    return ids


def _wrong(expected: str, task: Task) -> str:
    """Return a label of the task that is not the right one."""
    return task.labels[(task.labels.index(expected) + 1) % len(task.labels)]


def plant(
    *,
    tasks: Sequence[Task] = TASKS,
    calls_per_task: int = 300,
    top_usd: float = 12.0,
    seed: int = 0,
) -> PlantedLog:
    """Build a log in which the spend of the tasks falls as 1, 1/2, 1/3, ... (Zipf).

    Each file ends with lines that are no calls: malformed ones, exact duplicates, a blank line, a
    call that failed and one of a model without a price.
    """
    log = PlantedLog(tasks=tasks)
    for task in tasks:
        name = "app.anthropic.jsonl" if task.anthropic else "app.openai.jsonl"
        log.files.setdefault(name, [])
        log.ledgers.setdefault(name, Ledger())
    for rank, task in enumerate(tasks, 1):
        _plant_task(log, task, calls_per_task, top_usd / rank, random.Random(f"{seed}:{task.name}"))
    for name, lines in log.files.items():
        random.Random(f"{seed}:{name}").shuffle(lines)
        _add_noise(log.ledgers[name], lines, next(t for t in tasks if _file(t) == name))
    return log


def _file(task: Task) -> str:
    return "app.anthropic.jsonl" if task.anthropic else "app.openai.jsonl"


def _plant_task(log: PlantedLog, task: Task, calls: int, usd: float, rng: random.Random) -> None:
    sizes = [rng.lognormvariate(0, 0.6) for _ in range(calls)]
    costs = [usd * size / sum(sizes) for size in sizes]
    wrong_every = round(1 / float(BASELINE_WRONG))
    history: list[tuple[str, str]] = []
    for number, usd_wanted in enumerate(costs):
        words = " ".join(rng.choices(_WORDS, k=6))
        prompt = f"{words} {task.name[:3]}{number:04d}"
        expected = rng.choice(task.labels)
        logged = _wrong(expected, task) if number % wrong_every == 0 else expected
        if number % task.turns == 0:
            history = []
        tokens = _tokens(task.model, usd_wanted, rng)
        body = _line(task, number, history, prompt, logged, tokens)
        log.files[_file(task)].append(json.dumps(body).encode())
        ledger = log.ledgers[_file(task)]
        ledger.records += 1
        ledger.calls += 1
        exact = price(task.model, *tokens)
        ledger.spend_usd += exact
        log.calls.append(
            PlantedCall(
                log_id=body["id"], task=task.name, prompt=prompt, expected=expected, logged=logged,
                cost_usd=exact,
            )
        )  # fmt: skip
        history = [*history, (prompt, logged)]


def price(model: str, uncached: int, cached: int, output: int) -> Decimal:
    """Return what a call costs in USD, exactly."""
    entry, from_cache, answer = PRICES[model]
    return (uncached * entry + cached * from_cache + output * answer) / MILLION


def _tokens(model: str, usd: float, rng: random.Random) -> tuple[int, int, int]:
    """Return uncached input, cached input and output tokens that cost about that much."""
    entry, cached, output = (float(value) / MILLION for value in PRICES[model])
    from_cache = int(usd * rng.uniform(0, 0.2) / cached)
    answer = rng.randint(1, 4)
    uncached = max(int((usd - from_cache * cached - answer * output) / entry), 20)
    return uncached, from_cache, answer


def _line(
    task: Task,
    number: int,
    history: list[tuple[str, str]],
    prompt: str,
    answer: str,
    tokens: tuple[int, int, int],
) -> dict:
    uncached, cached, output = tokens
    past = [
        {"role": role, "content": text}
        for pair in history
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]
    messages = [*past, {"role": "user", "content": prompt}]
    line = {
        "id": f"log-{task.name}-{number:05d}",
        "timestamp": f"2026-03-{number % 28 + 1:02d}T{number % 24:02d}:{number % 60:02d}:00Z",
        "provider": "anthropic" if task.anthropic else "openai",
        "latency_ms": 400 + number % 700,
    }
    if task.turns > 1:
        line["conversation_id"] = f"conv-{task.name}-{number // task.turns:05d}"
    if task.anthropic:
        return line | {
            "request": {"model": task.model, "system": task.system, "messages": messages, "max_tokens": 8},
            "response": {
                "id": f"msg_{task.name}_{number:05d}", "type": "message", "role": "assistant", "model": task.model,
                "content": [{"type": "text", "text": answer}], "stop_reason": "end_turn",
                "usage": {"input_tokens": uncached, "cache_read_input_tokens": cached, "output_tokens": output},
            },
        }  # fmt: skip
    return line | {
        "request": {"model": task.model, "messages": [{"role": "system", "content": task.system}, *messages], "max_tokens": 8},
        "response": {
            "id": f"chatcmpl-{task.name}-{number:05d}", "object": "chat.completion", "model": task.model,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}],
            "usage": {
                "prompt_tokens": uncached + cached, "completion_tokens": output,
                "prompt_tokens_details": {"cached_tokens": cached},
            },
        },
    }  # fmt: skip


def _add_noise(ledger: Ledger, lines: list[bytes], task: Task) -> None:
    """Append what is in every real log and is no call, or one without a price."""
    repeated = lines[:7]
    failed = _line(task, 99_998, [], "this call failed", "", (100, 0, 1))
    failed["response"] = {"error": {"type": "server_error", "message": "overloaded"}}
    failed["status"] = 500
    unpriced = _line(task, 99_999, [], "a model in no price list", task.labels[0], (5000, 0, 3))
    unpriced["request"]["model"] = unpriced["response"]["model"] = UNPRICED_MODEL
    lines += [*MALFORMED, b"", *repeated]
    lines += [json.dumps(record).encode() for record in (failed, unpriced)]
    ledger.rejects += len(MALFORMED)
    ledger.not_calls += 1
    ledger.duplicates += len(repeated)
    ledger.calls += 2
    ledger.records += len(MALFORMED) + 1 + len(repeated) + 2
