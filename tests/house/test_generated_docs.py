"""The pages of docs/ that the code writes are those that it would write now."""

from __future__ import annotations

import ast

import generate
import messages_page
import pytest
from settings_page import settings_page

from auditor.config import Config


@pytest.mark.parametrize("name", sorted(generate.PAGES))
def test_a_generated_page_is_up_to_date(name):
    written = (generate.FOLDER / name).read_text("utf-8")
    assert written == generate.render(name), "run 'make docs'"


def test_every_table_and_key_of_the_settings_is_on_their_page():
    page = settings_page()
    for name, field in Config.model_fields.items():
        assert f"\n## [{name}" in page
        for key in getattr(field.annotation, "model_fields", ()):
            assert f"| `{key}` |" in page or f"\n## [{name}.{key}" in page


def test_every_error_that_is_made_is_on_the_page_of_messages():
    made = sum(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and bool(node.args)
        and node.func.id in messages_page._KINDS
        for path in messages_page.PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    )  # fmt: skip
    found = [m for p in messages_page.PACKAGE.rglob("*.py") for m in messages_page.messages_in(p)]
    assert len(found) == made > 100
    assert not [message for message in found if message.text in {"", "``"}]


def test_a_message_shows_what_the_program_puts_in_and_both_sides_of_a_choice(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(
        "def f(path, error, many):\n"
        "    hint = f'try {path.parent}' if many else None\n"
        "    raise LogError(f'{path}: {error.strerror or str(error)}', hint=hint)\n"
    )
    (message,) = messages_page.messages_in(path)
    assert message.text == "`<path>: <strerror>` / `<path>: <error>`"
    assert (message.kind, message.hint) == ("Log", "`try <parent>`")
