"""What the tests marked ``services`` and ``browser`` need, and how it is installed.

``python tests/install_services.py`` (make test-services) installs what is missing:

- programs, by apt-get, where there is one and the user is root;
- environments: each ``tests/services/NAME.txt`` is a requirements file, installed into a virtual
  environment of its own, ``.services/NAME``. Paths in it are relative to the root of the checkout.

What cannot be installed fails in CI (``CI=true``); elsewhere it is said, and its tests are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IN_CI = os.environ.get("CI") == "true"
_MINUTES = 10


def chromium() -> str | None:
    """Return the path of a Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


def environment(name: str) -> Path | None:
    """Return the folder of programs of an environment, or None when it is not installed."""
    home = ROOT / ".services" / name
    return home / "bin" if (home / ".installed").exists() else None


def install_chromium() -> None:
    """Install Debian's Chromium where none is found."""
    if chromium() is not None:
        return
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise RuntimeError("no Chromium, and no apt-get or no root to install it")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    _run("apt-get", "update", "-qq", **quiet)
    _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", **quiet)


def install_environment(requirements: Path) -> None:
    """Install a requirements file into its environment; what is there already stays."""
    home = ROOT / ".services" / requirements.stem
    done = home / ".installed"
    done.unlink(missing_ok=True)
    if not (home / "bin" / "python").exists():
        venv.create(home, with_pip=True)
    _run(
        home / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check",
        "-c", "constraints.txt", "-r", requirements,
    )  # fmt: skip
    done.touch()


def main() -> int:
    """Install everything; return how many things are missing now that must not be."""
    environments = sorted((ROOT / "tests" / "services").glob("*.txt"))
    steps = [("chromium", install_chromium)]
    steps += [(path.stem, partial(install_environment, path)) for path in environments]
    missing = 0
    for name, install in steps:
        print(f"services: {name}", flush=True)
        try:
            install()
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            missing += 1
            print(f"services: {name} is not installed: {error}", file=sys.stderr, flush=True)
    return missing if IN_CI else 0


def _run(*words: object, **env: str) -> None:
    done = subprocess.run(
        [str(word) for word in words],
        cwd=ROOT, env=os.environ | env, text=True, capture_output=True, timeout=60 * _MINUTES,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-5:]
        raise RuntimeError(" ".join([*map(str, words[:2]), "failed:", *said]))


if __name__ == "__main__":
    sys.exit(main())
