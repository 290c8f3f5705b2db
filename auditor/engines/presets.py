"""Models people ask about first, and how to get them. Auditor itself downloads none of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A model by the name people know it by.

    ``weights_gb`` is the size of the usual 4-bit file. ``files`` are words in the name of its file,
    by which it is found on this machine; ``repository`` is where its GGUF files are published and
    ``ollama`` its name there.
    """

    name: str
    weights_gb: float
    context_tokens: int
    licence: str
    files: tuple[str, ...]
    repository: str
    ollama: str
    note: str = ""

    @property
    def how(self) -> tuple[str, ...]:
        """Commands that fetch it, for the user to run."""
        return (f"ollama pull {self.ollama}", f"hf download {self.repository}")


PRESETS = (
    Preset(
        name="qwen3.6-35b-a3b",
        weights_gb=22,
        context_tokens=262144,
        licence="Apache-2.0",
        files=("qwen3.6", "35b", "a3b"),
        repository="unsloth/Qwen3.6-35B-A3B-GGUF --include '*UD-Q4_K_M*'",
        ollama="qwen3.6:35b",
        note="thinks unless enable_thinking is false; with 24 GB of GPU memory or 32 GB in all",
    ),
    Preset(
        name="gpt-oss-20b",
        weights_gb=12.1,
        context_tokens=131072,
        licence="Apache-2.0",
        files=("gpt-oss", "20b"),
        repository="ggml-org/gpt-oss-20b-GGUF",
        ollama="gpt-oss:20b",
        note="always reasons first",
    ),
    Preset(
        name="qwen3-8b",
        weights_gb=5.0,
        context_tokens=40960,
        licence="Apache-2.0",
        files=("qwen3", "8b"),
        repository="Qwen/Qwen3-8B-GGUF --include '*Q4_K_M*'",
        ollama="qwen3:8b",
        note="thinks unless enable_thinking is false",
    ),
    Preset(
        name="qwen3-4b",
        weights_gb=2.5,
        context_tokens=40960,
        licence="Apache-2.0",
        files=("qwen3", "4b"),
        repository="Qwen/Qwen3-4B-GGUF --include '*Q4_K_M*'",
        ollama="qwen3:4b",
        note="thinks unless enable_thinking is false",
    ),
    Preset(
        name="mistral-small-3.2-24b",
        weights_gb=14.3,
        context_tokens=131072,
        licence="Apache-2.0",
        files=("mistral-small-3.2", "24b"),
        repository="unsloth/Mistral-Small-3.2-24B-Instruct-2506-GGUF --include '*Q4_K_M*'",
        ollama="mistral-small3.2:24b",
    ),
    Preset(
        name="gemma-3-12b",
        weights_gb=7.3,
        context_tokens=131072,
        licence="Gemma terms of use",
        files=("gemma-3", "12b"),
        repository="unsloth/gemma-3-12b-it-GGUF --include '*Q4_K_M*'",
        ollama="gemma3:12b",
    ),
)


def preset_named(name: str) -> Preset | None:
    """The preset of that name, in any case."""
    return next((preset for preset in PRESETS if preset.name == name.lower()), None)
