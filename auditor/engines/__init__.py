"""What runs local models: in this process by llama.cpp, or on a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from auditor.engines.base import Engine, EngineSettings, Speed
from auditor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Engine", "EngineSettings", "Speed", "open_engine"]

GROUP = "auditor.engines"


def open_engine(spec: str | None, settings: EngineSettings | None = None) -> Engine:
    """Open the engine a ``--model`` names; nothing is loaded and no server is asked yet.

    ``spec`` is None (the embedded SmolLM2-135M-Instruct), a path to a GGUF file, ``hf:repository``
    (a file in Hugging Face's cache), a preset's name (see ``auditor models``), ``ollama:name``,
    ``http://host:port/v1#model`` (several servers: ``http://a/v1,http://b/v1#model``),
    ``anthropic:model`` (to run a baseline again, for money), or ``scheme:rest`` of an engine that
    another package registers under the entry-point group ``auditor.engines`` as a callable
    ``(rest, settings) -> Engine``.

    Raises:
        EngineError: the file is missing or no model, the URL is none.
        MissingExtraError: the embedded engine is needed and not installed.
        ConfigError: nothing by that name.
    """
    settings = settings or EngineSettings()
    if spec is None:
        return _open_embedded(settings)
    if spec.startswith(("http://", "https://")):
        from auditor.engines.servers.openai_compatible import open_server

        return open_server(spec, settings)
    scheme, colon, rest = spec.partition(":")
    if scheme == "ollama" and colon:
        from auditor.engines.servers.ollama import open_ollama

        return open_ollama(rest, settings)
    if scheme == "anthropic" and colon:
        from auditor.engines.servers.anthropic import open_anthropic

        return open_anthropic(rest, settings)
    other = _registered(scheme) if colon else None
    if other is not None:
        return other(rest, settings)
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
        raise ConfigError(
            f"no model {spec!r}",
            hint="give a path.gguf, ollama:name, http://host:port/v1#name, or a name that "
            "'auditor models' lists",
        )
    return LlamaCppEngine(read_gguf(path), settings)


def _registered(scheme: str) -> Callable[[str, EngineSettings], Engine] | None:
    from importlib.metadata import entry_points

    for entry in entry_points(group=GROUP, name=scheme):
        found: Callable[[str, EngineSettings], Engine] = entry.load()
        return found
    return None
