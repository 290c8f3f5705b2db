"""Is this machine ready for replay? Each check says what it found and what would mend it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires
from typing import TYPE_CHECKING, Literal

from auditor.engines.llama_cpp import bindings
from auditor.engines.llama_cpp.embedded_model import find_embedded
from auditor.engines.measuring import machine
from auditor.engines.registry import ENGINES
from auditor.errors import AuditorError

if TYPE_CHECKING:
    from collections.abc import Iterator

Status = Literal["ok", "note", "problem"]
_FEATURES = ("AVX512_VNNI", "AVX512", "AVX2", "NEON", "DOTPROD", "AMX_INT8", "OPENMP", "BLAS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of ``auditor doctor``; ``hint`` says what to do where it is not ok."""

    name: str
    status: Status
    detail: str
    hint: str = ""


def diagnose(cache_folder: str | None = None) -> list[Check]:
    """Look at the compiler, llama.cpp's build, memory, GPU, local servers and keys.

    Only this machine is asked, on loopback; of keys only the names are told.
    """
    return [
        _python(),
        _compiler(),
        *_llama_cpp(),
        _model(cache_folder),
        _memory(),
        _processor(),
        _gpu(),
        *_servers(),
        _keys(),
    ]


def _python() -> Check:
    return Check(
        name="Python",
        status="ok",
        detail=f"{platform.python_version()} on {platform.system()} {platform.machine()}",
    )


def _compiler() -> Check:
    found = next((path for name in ("c++", "g++", "clang++") if (path := shutil.which(name))), None)
    if found:
        return Check(name="C++ compiler", status="ok", detail=found)
    return Check(
        name="C++ compiler",
        status="note" if bindings.is_installed() else "problem",
        detail="none; it builds the embedded engine when that is installed",
        hint="install g++ or clang, or use a server: --model URL#name",
    )


def _llama_cpp() -> Iterator[Check]:
    name = "llama.cpp"
    try:
        version = bindings.installed_version()
        llama = bindings.api()
    except AuditorError as error:
        yield Check(name=name, status="problem", detail=error.message, hint=error.hint or "")
        return
    pinned = _pinned()
    same = pinned in {None, version}
    features = llama.llama_print_system_info().decode("utf-8", "replace")
    found = [feature for feature in _FEATURES if f"{feature} = 1" in features]
    yield Check(
        name=name,
        status="ok" if same else "problem",
        detail=f"{bindings.PACKAGE} {version}" + ("" if same else f", tested with {pinned}")
        + f"; built with {', '.join(found) or 'no special instructions'}",
        hint="" if same else "pip install 'auditor[embedded]'",
    )  # fmt: skip
    offload = bool(llama.llama_supports_gpu_offload())
    yield Check(
        name="GPU in llama.cpp",
        status="ok" if offload else "note",
        detail="this build can use a GPU" if offload else "this build runs on the CPU",
        hint=""
        if offload
        else "CMAKE_ARGS=-DGGML_CUDA=on (or -DGGML_METAL=on) pip install "
        f"--force-reinstall --no-binary {bindings.PACKAGE} {bindings.PACKAGE}=={version}",
    )


def _pinned() -> str | None:
    try:
        needed = requires("auditor") or []
    except PackageNotFoundError:
        return None
    for line in needed:
        name, equals, rest = line.partition("==")
        if equals and name.strip() == bindings.PACKAGE:
            return rest.split(";")[0].strip()
    return None


def _model(cache_folder: str | None) -> Check:
    name = "embedded model"
    try:
        found = find_embedded(cache_folder)
    except AuditorError as error:
        return Check(name=name, status="problem", detail=error.message, hint=error.hint or "")
    if found.requantised is None:
        return Check(name=name, status="note", detail=found.reason or "", hint="XDG_CACHE_HOME=DIR")
    made = "is there" if found.requantised.exists() else "will be made at the first replay"
    return Check(name=name, status="ok", detail=f"its faster copy {made}: {found.requantised}")


def _memory() -> Check:
    available = machine.available_bytes()
    enough = available > 2 * 10**9
    return Check(
        name="memory",
        status="ok" if enough else "problem",
        detail=f"{available / 1e9:.1f} GB available",
        hint="" if enough else "close other programs, or use a server: --model URL#name",
    )


def _processor() -> Check:
    cores, taken = len(machine.cores()), machine.taken_cores()
    quiet = not machine.is_shared(taken)
    return Check(
        name="processor",
        status="ok" if quiet else "note",
        detail=f"{cores} cores, {taken:.1f} of them taken by other programs; "
        f"replay would use {machine.threads(None)} threads",
        hint="" if quiet else "other work slows replay down, and speeds measured now are too low",
    )


def _gpu() -> Check:
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return Check(name="GPU", status="ok", detail="Apple silicon, shares the machine's memory")
    command = shutil.which("nvidia-smi")
    if command is None:
        return Check(name="GPU", status="note", detail="none found")
    query = "--query-gpu=name,memory.total,memory.free"
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            [command, query, "--format=csv,noheader"],
            capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        return Check(name="GPU", status="problem", detail=f"nvidia-smi fails: {error}",
                     hint="check the NVIDIA driver")  # fmt: skip
    return Check(name="GPU", status="ok", detail="; ".join(done.stdout.strip().splitlines()))


def _servers() -> Iterator[Check]:
    import httpx2

    with httpx2.Client(trust_env=False, timeout=0.5) as client:
        for server in (server for entry in ENGINES for server in entry.local_servers):
            try:
                answers = client.get(server.url).status_code == httpx2.codes.OK
            except httpx2.HTTPError:
                continue
            if answers:
                yield Check(
                    name=server.name, status="ok", detail=f"runs here: --model {server.spec}"
                )


def _keys() -> Check:
    names = sorted(name for entry in ENGINES for name in entry.keys)
    found = [name for name in names if os.environ.get(name)]
    return Check(
        name="API keys",
        status="ok" if found else "note",
        detail=", ".join(found) if found else "none set; only judges and hosted servers need one",
    )
