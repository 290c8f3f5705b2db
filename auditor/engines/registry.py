"""The table of engines: what ``--model`` may name, and what opens it.

To add an engine, write its module and add one entry here; ``auditor doctor`` and the error for an
unknown model read the same table. Engines of other packages are found by their entry points.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.engines.base import EngineSettings
from auditor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.engines.base import Engine

ENTRY_POINTS = "auditor.engines"
"""The group under which other packages register ``scheme`` = ``(rest, settings) -> Engine``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalServer:
    """Where a program usually listens on this machine, and what to give to ``--model`` then."""

    name: str
    url: str
    spec: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEntry:
    """One kind of engine.

    ``prefixes`` are how a ``--model`` begins that means this engine; ``form`` shows the whole of
    one. ``open`` gets the ``--model`` as the user wrote it. ``keys`` are the environment variables
    its keys are read from.
    """

    prefixes: tuple[str, ...]
    form: str
    open: Callable[[str, EngineSettings], Engine]
    keys: tuple[str, ...] = ()
    local_servers: tuple[LocalServer, ...] = ()


def _open_url(spec: str, settings: EngineSettings) -> Engine:
    from auditor.engines.servers.openai_compatible import open_server

    return open_server(spec, settings)


def _open_ollama(spec: str, settings: EngineSettings) -> Engine:
    from auditor.engines.servers.ollama import open_ollama

    return open_ollama(spec.removeprefix("ollama:"), settings)


def _open_anthropic(spec: str, settings: EngineSettings) -> Engine:
    from auditor.engines.servers.anthropic import open_anthropic

    return open_anthropic(spec.removeprefix("anthropic:"), settings)


ENGINES = (
    EngineEntry(
        prefixes=("http://", "https://"),
        form="http://host:port/v1#name",
        open=_open_url,
        keys=("OPENAI_API_KEY", "AUDITOR_ENGINE_API_KEY"),
        local_servers=(
            LocalServer(
                name="LM Studio",
                url="http://127.0.0.1:1234/v1/models",
                spec="http://127.0.0.1:1234/v1#NAME",
            ),
            LocalServer(
                name="llama.cpp server",
                url="http://127.0.0.1:8080/health",
                spec="http://127.0.0.1:8080/v1#NAME",
            ),
            LocalServer(
                name="vLLM",
                url="http://127.0.0.1:8000/v1/models",
                spec="http://127.0.0.1:8000/v1#NAME",
            ),
        ),
    ),
    EngineEntry(
        prefixes=("ollama:",),
        form="ollama:name",
        open=_open_ollama,
        local_servers=(
            LocalServer(
                name="Ollama", url="http://127.0.0.1:11434/api/version", spec="ollama:NAME"
            ),
        ),
    ),
    EngineEntry(
        prefixes=("anthropic:",),
        form="anthropic:model",
        open=_open_anthropic,
        keys=("ANTHROPIC_API_KEY",),
    ),
)


def open_engine(spec: str | None, settings: EngineSettings | None = None) -> Engine:
    """Open the engine that a ``--model`` names; no weights are loaded and no server is asked yet.

    ``spec`` is None (the embedded SmolLM2-135M-Instruct), a path to a GGUF file, ``hf:repository``
    (a file in Hugging Face's cache), a preset's name (see ``auditor models``), what an entry of
    ``ENGINES`` begins with (several servers: ``http://a/v1,http://b/v1#model``), or
    ``scheme:rest`` of an engine that another package registers.

    Raises:
        EngineError: the file is missing or not a model, or the URL cannot be used.
        MissingExtraError: the embedded engine is needed and not installed.
        ConfigError: no engine and no model has that name.
    """
    settings = settings or EngineSettings()
    if spec is None:
        return _open_embedded(settings)
    for entry in ENGINES:
        if spec.startswith(entry.prefixes):
            return entry.open(spec, settings)
    scheme, colon, rest = spec.partition(":")
    registered = _registered(scheme) if colon else None
    if registered is not None:
        return registered(rest, settings)
    return _open_file(spec, settings)


def _open_embedded(settings: EngineSettings) -> Engine:
    from auditor.engines.llama_cpp.embedded_model import NAME, find_embedded
    from auditor.engines.llama_cpp.engine import LlamaCppEngine
    from auditor.engines.llama_cpp.gguf import read_gguf

    embedded = find_embedded(settings.cache_folder)
    return LlamaCppEngine(read_gguf(embedded.shipped), settings, name=NAME, embedded=embedded)


def _open_file(spec: str, settings: EngineSettings) -> Engine:
    from auditor.engines.llama_cpp.engine import LlamaCppEngine
    from auditor.engines.llama_cpp.gguf import read_gguf

    path = Path(spec).expanduser()
    if not path.exists():
        from auditor.engines.models import resolve

        path = Path(resolve(spec) or path)
    if not path.exists() and not spec.endswith(".gguf") and "/" not in spec:
        forms = ", ".join(entry.form for entry in ENGINES)
        raise ConfigError(
            f"no model {spec!r}",
            hint=f"give a path.gguf, {forms}, or a name that 'auditor models' lists",
        )
    return LlamaCppEngine(read_gguf(path), settings)


def _registered(scheme: str) -> Callable[[str, EngineSettings], Engine] | None:
    from importlib.metadata import entry_points

    for entry in entry_points(group=ENTRY_POINTS, name=scheme):
        found: Callable[[str, EngineSettings], Engine] = entry.load()
        return found
    return None
