"""Models on this machine: where other tools keep GGUF files, and whether they fit."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.engines.base import EngineSettings
from auditor.engines.llama_cpp.embedded_model import NAME, find_embedded
from auditor.engines.llama_cpp.gguf import GgufFile, read_gguf
from auditor.engines.measuring.machine import OVERHEAD_BYTES, available_bytes
from auditor.engines.presets import PRESETS, Preset, preset_named
from auditor.errors import EngineError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TYPICAL_CONTEXT = 2048  # tokens per slot that most logged requests need
_MOST_FILES = 2000
_SPLIT_REST = tuple(f"-{part:05d}-of-" for part in range(2, 100))
# llama.cpp's llama_ftype, the common ones: what a file's general.file_type stands for.
_FILE_TYPES: Mapping[int, str] = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K",
    11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S",
    17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 22: "IQ3_XS", 23: "IQ3_XXS",
    25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 30: "IQ4_XS", 32: "BF16", 38: "MXFP4",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """A model for ``auditor models``: on this machine, or a preset that is not.

    ``spec`` is what to give to ``--model``, None when it has to be fetched first (``how`` lists
    the commands). Sizes are bytes.
    """

    name: str
    spec: str | None
    where: str
    size: int
    memory_needed: int
    context_tokens: int | None
    quantisation: str | None
    licence: str | None
    fits: bool
    how: tuple[str, ...] = ()
    note: str = ""


def list_models(settings: EngineSettings | None = None) -> list[ModelRow]:
    """The embedded model, the GGUF files found, and the presets that are not among them.

    Reads headers only. Damaged files are left out, and models that do not write text (vision
    projectors, embedding models).
    """
    settings = settings or EngineSettings()
    rows = [row for row in (_embedded(settings),) if row]
    found = [(where, spec, file) for where, spec, file in find_files() if _answers(file)]
    rows += [_row(where, spec, file, settings) for where, spec, file in found]
    here = [_words(spec, file) for _, spec, file in found]
    rows += [_wanted(p) for p in PRESETS if not any(_is(p, words) for words in here)]
    return rows


def resolve(spec: str) -> str | None:
    """Return the path that a preset's name or ``hf:repository[:words]`` means here.

    Return None if ``spec`` has neither form.

    Raises:
        EngineError: the model is not on this machine; the hint says how to get it.
    """
    if spec.startswith("hf:"):
        return _from_cache(spec.removeprefix("hf:"))
    preset = preset_named(spec)
    if preset is None:
        return None
    for _, name, file in find_files():
        if _is(preset, _words(name, file)):
            return str(file.paths[0])
    raise EngineError(f"{preset.name} is not on this machine", hint="  or  ".join(preset.how))


def find_files() -> Iterator[tuple[str, str, GgufFile]]:
    """Where it lies, what to give to ``--model``, and the header, for every GGUF file found."""
    seen: set[Path] = set()
    places = (*_folders(), *_ollama())
    for where, spec, path in places[:_MOST_FILES]:
        real = path.resolve()
        if real in seen:
            continue
        seen.add(real)
        try:
            yield where, spec, read_gguf(path)
        except EngineError:
            continue


def _folders() -> Iterator[tuple[str, str, Path]]:
    home = Path.home()
    environ = os.environ
    hugging_face = Path(environ.get("HF_HOME", home / ".cache" / "huggingface")) / "hub"
    folders = {
        "./models": Path("models"),
        "Hugging Face cache": Path(environ.get("HF_HUB_CACHE", hugging_face)),
        "llama.cpp cache": Path(environ.get("LLAMA_CACHE", home / ".cache" / "llama.cpp")),
        "llama.cpp cache (macOS)": home / "Library" / "Caches" / "llama.cpp",
        "LM Studio": home / ".lmstudio" / "models",
        "LM Studio (old)": home / ".cache" / "lm-studio" / "models",
    }
    for where, folder in folders.items():
        for path in sorted(folder.rglob("*.gguf")) if folder.is_dir() else ():
            if not any(rest in path.name for rest in _SPLIT_REST):
                yield where, str(path), path


def _ollama() -> Iterator[tuple[str, str, Path]]:
    """Ollama keeps manifests by name, which point to blobs by digest."""
    named = os.environ.get("OLLAMA_MODELS")
    folders = (Path(named),) if named else (
        Path.home() / ".ollama" / "models", Path("/usr/share/ollama/.ollama/models"),
    )  # fmt: skip
    for folder in folders:
        for manifest in sorted((folder / "manifests").glob("*/*/*/*")):
            try:
                layers = json.loads(manifest.read_bytes())["layers"]
                digest = next(
                    layer["digest"]
                    for layer in layers
                    if layer["mediaType"].endswith("image.model")
                )
            except (OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration):
                continue
            owner, model, tag = manifest.parts[-3:]
            name = f"{model}:{tag}" if owner == "library" else f"{owner}/{model}:{tag}"
            blob = folder / "blobs" / str(digest).replace(":", "-")
            if blob.is_file():
                yield "Ollama", f"ollama:{name}", blob


def _from_cache(wanted: str) -> str:
    repository, _, words = wanted.partition(":")
    folder = "models--" + repository.replace("/", "--")
    for where, spec, file in find_files():
        name = file.paths[0].name.lower()
        inside = where == "Hugging Face cache" and folder.lower() in spec.lower()
        if inside and all(word in name for word in words.lower().split()):
            return spec
    raise EngineError(
        f"{wanted} is not in the Hugging Face cache",
        hint=f"hf download {repository}   ('auditor models' lists what is there)",
    )


def _row(where: str, spec: str, file: GgufFile, settings: EngineSettings) -> ModelRow:
    needed = _memory(file, settings)
    licence = file.metadata.get("general.license")
    kind = file.metadata.get("general.file_type")
    return ModelRow(
        name=str(file.metadata.get("general.name") or file.paths[0].stem),
        spec=spec,
        where=where,
        size=file.size,
        memory_needed=needed,
        context_tokens=file.context_tokens,
        quantisation=_FILE_TYPES.get(kind) if isinstance(kind, int) else None,
        licence=licence if isinstance(licence, str) else None,
        fits=needed <= available_bytes(),
    )


def _embedded(settings: EngineSettings) -> ModelRow | None:
    try:
        shipped = find_embedded(settings.cache_folder).shipped
    except MissingExtraError:
        return None
    file = read_gguf(shipped)
    needed = _memory(file, settings)
    return ModelRow(
        name=NAME,
        spec="(default)",
        where="embedded",
        size=file.size,
        memory_needed=needed,
        context_tokens=file.context_tokens,
        quantisation="Q8_0",
        licence="Apache-2.0",
        fits=needed <= available_bytes(),
        note="a smoke test: tiny, and honest about what it cannot do",
    )


def _wanted(preset: Preset) -> ModelRow:
    size = round(preset.weights_gb * 1e9)
    needed = size + OVERHEAD_BYTES + 10**9  # cache and recurrent state: about 1 GB
    return ModelRow(
        name=preset.name,
        spec=None,
        where="to fetch",
        size=size,
        memory_needed=needed,
        context_tokens=preset.context_tokens,
        quantisation="4 bits",
        licence=preset.licence,
        fits=needed <= available_bytes(),
        how=preset.how,
        note=preset.note,
    )


def _memory(file: GgufFile, settings: EngineSettings) -> int:
    stream = file.cache_bytes_per_token * _TYPICAL_CONTEXT + file.state_bytes_per_stream
    cache = min(stream * (settings.slots + 1), int(settings.cache_gb * 1e9))
    return file.size + max(cache, stream) + OVERHEAD_BYTES


def _answers(file: GgufFile) -> bool:
    """Whether a file is a model that writes text."""
    kinds = {"clip", "bert", "nomic-bert", "nomic-bert-moe", "jina-bert-v2", "t5encoder"}
    return (
        file.architecture not in kinds
        and file.metadata.get("general.type", "model") == "model"
        and f"{file.architecture}.pooling_type" not in file.metadata
        and bool(file.context_tokens)
    )


def _words(spec: str, file: GgufFile) -> str:
    """All that tells what a file is: its name, the name inside it, and how it is called."""
    return f"{spec} {file.paths[0].name} {file.metadata.get('general.name', '')}".lower()


def _is(preset: Preset, words: str) -> bool:
    """Whether every word of a preset stands in ``words`` on its own: 8b is not 0.8b."""
    return all(
        re.search(rf"(?<![\w.]){re.escape(word)}(?!\w|\.\d)", words) for word in preset.files
    )
