"""promptfoo's configurations: read, and made into criteria and labels of logged calls.

Source: promptfoo 0.123.1, its configuration reference and its reader of tests.
"""

from auditor.criteria.promptfoo.importing import ImportResult, LoggedCall, import_promptfoo

__all__ = ["ImportResult", "LoggedCall", "import_promptfoo"]
