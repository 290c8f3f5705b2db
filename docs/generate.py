"""Write the pages of docs/ that the code knows best: ``make docs``.

A page is a line in ``PAGES``: its file, and the function without arguments that returns its text,
as ``module:function``. tests/house/test_generated_docs.py fails while a file differs from it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
PAGES = {
    "database.md": "auditor.store.describe:database_page",
    "criteria.md": "auditor.criteria.page:criteria_page",
    "formats.md": "auditor.readers.page:formats_page",
    "settings.md": "settings_page:settings_page",
    "messages.md": "messages_page:messages_page",
}


def render(name: str) -> str:
    """Return the text of a page, with a first line that says where it comes from."""
    module, _, function = PAGES[name].partition(":")
    text = getattr(import_module(module), function)()
    return f"<!-- Written by 'make docs' from {module}. Change the code, not this page. -->\n{text}"


def main() -> None:
    """Write every page; say which ones changed."""
    for name in PAGES:
        path, text = FOLDER / name, render(name)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            sys.stdout.write(f"docs/{name}\n")


if __name__ == "__main__":
    main()
