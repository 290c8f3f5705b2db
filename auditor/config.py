"""``auditor.toml``: found in the working folder or the nearest one above, parsed once.

Order: flag > ``AUDITOR_*`` environment > file > default. The first two are click's business; this
module knows the file and the defaults. Unknown keys are errors that name the nearest known one.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from auditor import trust as trusting
from auditor.domain import MAX_OUTPUT_TOKENS
from auditor.errors import ConfigError
from auditor.pricing.price_book import PricesConfig
from auditor.readers.mapped import FormatTable

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

FILE_NAME = "auditor.toml"
CRITERIA_NAME = "criteria.yaml"

_REMOVED = {
    "replay.vision": "remove it: of an image a log keeps only the hash, so such calls are kept",
}
"""Settings of earlier versions, by key, and what to do about them."""

Share = Annotated[float, Field(ge=0, le=1)]
Usd = Annotated[Decimal, Field(ge=0)]


class Section(BaseModel):
    """A table of ``auditor.toml``."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class IngestConfig(Section):
    """How logs are read."""

    redact: bool = False
    """Mask personal data as well as secrets."""
    processes: Annotated[int, Field(ge=1)] | None = None
    """How many processes read large logs; unset: one on each core."""


class CategorizeConfig(Section):
    """How task categories are found."""

    sample: Annotated[int, Field(ge=100)] = 8000
    """How many calls are mined for templates."""
    fine: bool = False
    """Split free-form prompts into finer groups."""


class SampleConfig(Section):
    """Which calls are replayed."""

    top: Annotated[int, Field(ge=1)] = 10
    """How many categories, by spend."""
    samples: Annotated[int, Field(ge=1)] = 200
    """Draws from each of them."""
    seed: int = 0
    """Another seed draws other calls."""


class ReplayConfig(Section):
    """What runs the local model."""

    model: str | list[str] | None = None
    """A GGUF path, ``ollama:name`` or ``URL#name``; several make a ladder, cheapest first."""
    slots: Annotated[int, Field(ge=1)] | None = None
    """Requests decoded at a time; the engine's own choice by default."""
    exact: bool = False
    """One request at a time, each from an empty cache: slower, the model's own bits."""
    context_tokens: Annotated[int, Field(ge=1)] | None = None
    """Largest context to use; the model's own by default."""
    max_output_tokens: Annotated[int, Field(ge=1)] = MAX_OUTPUT_TOKENS
    """Cap on an answer where the logged request names none."""
    answer_headroom: Annotated[float, Field(ge=0)] = 2.0
    """How many times longer than the longest logged answers of its category a local answer may
    grow before it is cut and fails; 0 for no limit. Models that think are not cut."""
    threads: Annotated[int, Field(ge=1)] | None = None
    """Threads of the embedded engine; chosen by the load of the machine by default."""
    gpu_layers: Annotated[int, Field(ge=0)] | None = None
    """Layers on the GPU, where llama.cpp was built for one; all of them by default."""
    cpu_expert_layers: Annotated[int, Field(ge=0)] = 0
    """Layers of a mixture-of-experts model whose experts stay in ordinary memory (llama.cpp's
    ``--n-cpu-moe``): for a model that is larger than the GPU."""
    cache_gb: Annotated[float, Field(gt=0)] = 4.0
    """KV cache of all slots together; longer requests are decoded in fewer slots."""
    grammar: bool = True
    """Hold answers to the logged request's JSON schema or tools by a grammar."""
    timeout_s: Annotated[float, Field(gt=0)] = 300.0
    """Longest wait for one answer of a server."""
    concurrency: Annotated[int, Field(ge=1)] | None = None
    """Requests under way at a server; found out by the engine by default."""
    template_kwargs: dict[str, Any] = {}
    """Arguments of the model's chat template, for example ``enable_thinking = false``."""


class GradeConfig(Section):
    """By what an answer passes."""

    criteria: Path | None = None
    """The criteria; ``criteria.yaml`` beside this file if there is one, else they are proposed."""
    labels: Path | None = None
    """Right answers as JSONL, ``{"id": ..., "expected": ...}``."""
    run_sql: bool | None = None
    """Run SQL answers, and the logged ones, where rewriting does not show that they are the same:
    one SELECT each, in a process without rights; unset: as this audit was graded before, at first
    never."""
    database: Path | None = None
    """What they run on: a copy of this SQLite or DuckDB file; unset: rows generated from the schema
    in the prompt."""


class PlanConfig(Section):
    """What counts as good enough."""

    margin: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """How much worse than the baseline a local model may be, as a share of spend."""
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    """Error of the headline interval, half of it on each side."""
    floor: Share | None = None
    """Quality floor: a category moves only if its local pass rate is shown to be above it."""


class LocalConfig(Section):
    """What it costs to run the model yourself. Without it local cost is unknown, not zero."""

    usd_per_hour: Usd | None = None
    """Rented machine: USD per hour, paid for every hour of the month."""
    capex_usd: Usd | None = None
    """Bought machine: its price; 0 for one that is there already. Not beside ``usd_per_hour``."""
    life_months: Annotated[int, Field(ge=1)] = 36
    """Months it is used."""
    salvage: Share = 0.2
    """Share of the price left at the end."""
    hosting_usd_month: Usd = Decimal(0)
    """Room, rack and network of a bought machine, USD a month."""
    load_watts: Annotated[float, Field(ge=0)] = 350
    """Power of a bought machine at work."""
    idle_watts: Annotated[float, Field(ge=0)] = 60
    """Power of a bought machine at rest."""
    usd_per_kwh: Usd = Decimal("0.20")
    """Price of its electricity."""
    pue: Annotated[float, Field(ge=1)] = 1.0
    """Power usage effectiveness of the building."""
    ops_hours_month: Annotated[float, Field(ge=0)] = 4
    """Hours of people a month."""
    setup_hours: Annotated[float, Field(ge=0)] = 24
    """Hours of people to move, once."""
    people_usd_hour: Usd = Decimal(80)
    """What an hour of people costs."""
    utilisation: Annotated[float, Field(gt=0, le=1)] = 0.7
    """How full a machine may run in the busiest hour."""
    prompt_tokens_per_s: Annotated[float, Field(gt=0)] | None = None
    """Speed of the target machine, all slots together; as measured in the replay by default."""
    output_tokens_per_s: Annotated[float, Field(gt=0)] | None = None
    """The same for the tokens it writes."""

    @field_validator("capex_usd")
    @classmethod
    def _bought_or_rented(cls, price: Decimal | None, info: ValidationInfo) -> Decimal | None:
        if price is not None and info.data.get("usd_per_hour") is not None:
            message = "stands beside usd_per_hour: a machine is either bought or rented"
            raise PydanticCustomError("bought_and_rented", message)
        return price


class ReportConfig(Section):
    """What the report shows."""

    examples: bool = True
    """Show logged and local answers side by side; they are excerpts of logged prompts."""


class Config(Section):
    """The whole of ``auditor.toml``."""

    ingest: IngestConfig = IngestConfig()
    categorize: CategorizeConfig = CategorizeConfig()
    sample: SampleConfig = SampleConfig()
    replay: ReplayConfig = ReplayConfig()
    grade: GradeConfig = GradeConfig()
    plan: PlanConfig = PlanConfig()
    local: LocalConfig = LocalConfig()
    report: ReportConfig = ReportConfig()
    prices: PricesConfig = PricesConfig()
    readers: dict[str, FormatTable] = {}
    """Formats of the user's own, by name: where in a record each fact lies."""


Trust = Callable[[Path, Sequence[str]], bool]
"""Asks the user whether settings that were found may name what they name."""

_MOST_BYTES = 4 << 20


def load_config(
    path: Path | None = None, *, start: Path | None = None, trust: Trust | None = None
) -> Config:
    """Read ``path``, else the nearest ``auditor.toml`` upward from ``start``, else the defaults.

    Paths inside the file are relative to it. A ``criteria.yaml`` in the same folder is used when
    ``[grade]`` names none. A file that was found, of a folder above or of another user, is used
    only after ``trust`` agreed to the servers, commands and files outside its folder it names.

    Raises:
        ConfigError: unreadable, no TOML, an unknown key, a value out of range, or not trusted.
    """
    start = start or Path.cwd()
    found = path or _find(start)
    if found is None:
        return _anchored(Config(), start)
    try:
        data = tomllib.loads(_text_of(found))
    except OSError as error:
        raise ConfigError(f"{found}: {error.strerror}", hint="check --config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        hint = "write it as TOML: [sample] on a line, top = 10 on the next"
        raise ConfigError(f"{found}: {error}", hint=hint) from error
    config = _anchored(_validated(data, str(found)), found.parent)
    if path is None and not trusting.is_of_the_user(found, start):
        _agree(found, data, config, trust)
    return config


def _text_of(path: Path) -> str:
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "a pipe or a device"
        raise ConfigError(f"{path} is {kind}", hint="check --config")
    if path.stat().st_size > _MOST_BYTES:
        raise ConfigError(f"{path} is too large to be settings", hint="check --config")
    return path.read_text(encoding="utf-8")


def _agree(path: Path, data: Mapping[str, Any], config: Config, trust: Trust | None) -> None:
    """Have the user agree to what the settings of somebody else name."""
    folder = path.parent.resolve()
    beside = config.grade.criteria
    named = trusting.named(data, folder)
    if "criteria" not in data.get("grade", {}) and beside and not beside.is_relative_to(folder):
        named.append(f"{CRITERIA_NAME}: the file {beside}")
    if named and (trust is None or not trust(path, named)):
        raise ConfigError(
            f"{path} is not of this folder or not yours, and names {'; '.join(named)}",
            hint=f"if you trust it, say so: --config {path}",
        )


def override(config: Config, flags: Mapping[str, Mapping[str, Any]]) -> Config:
    """Put flags over the file, by section: those that are not None, validated like the file.

    Raises:
        ConfigError: a flag out of range.
    """
    # What nobody set stays unset: the report tells the user's assumptions from the defaults.
    data = config.model_dump(exclude_unset=True)
    for section, values in flags.items():
        said = {key: value for key, value in values.items() if value is not None}
        data[section] = data.get(section, {}) | said
    return _validated(data, "command line")


def _validated(data: Mapping[str, Any], where: str) -> Config:
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        raise _explain(where, error) from error


def _find(start: Path) -> Path | None:
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    return None


def _anchored(config: Config, folder: Path) -> Config:
    """Make the paths of ``[grade]`` absolute and find the criteria that lie beside the file."""
    grade = config.grade
    paths = {
        name: (folder / value).resolve()
        for name in ("criteria", "labels", "database")
        if (value := getattr(grade, name)) is not None
    }
    beside = folder / CRITERIA_NAME
    if grade.criteria is None and beside.is_file():
        paths["criteria"] = beside.resolve()
    return config.model_copy(update={"grade": grade.model_copy(update=paths)})


def _explain(where: str, error: ValidationError) -> ConfigError:
    """Say in one line what is wrong with a setting, and what would be right."""
    first = error.errors(include_url=False)[0]
    names = [str(part) for part in first["loc"]]
    model, field, depth = _nearest_field(names)
    key = ".".join(names[:depth])
    if key in _REMOVED:
        return ConfigError(f"{where}: {key} is no longer a setting", hint=_REMOVED[key])
    if first["type"] == "extra_forbidden":
        known = list(model.model_fields)
        near = difflib.get_close_matches(names[-1], known, n=1)
        guess = f'did you mean "{near[0]}"? ' if near else ""
        return ConfigError(f"{where}: unknown key {key}", hint=f"{guess}known: {', '.join(known)}")
    if field is None:
        return ConfigError(f"{where}: {key} is a table", hint=f"write [{key}] on a line of its own")
    message = first["msg"].removeprefix("Input ")
    said = " ".join((field.description or "").split())
    return ConfigError(
        f"{where}: {key} {message[:1].lower()}{message[1:]}", hint=f"{names[depth - 1]}: {said}"
    )


def _nearest_field(names: Sequence[str]) -> tuple[type[BaseModel], FieldInfo | None, int]:
    """Return the table a path leads into, the setting it names if any, and how deep that is."""
    model: type[BaseModel] = Config
    depth = 0
    while depth < len(names):
        field = model.model_fields.get(names[depth])
        depth += 1
        if field is None:
            return model, None, depth
        kind = get_args(field.annotation)[-1:] if get_origin(field.annotation) is dict else ()
        inner = kind[0] if kind else field.annotation
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return model, field, depth
        depth += len(kind)  # the user's own name of a table, as in [prices.models.NAME]
        model = inner
    return model, None, depth
