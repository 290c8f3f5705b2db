"""``taxonomy.yaml``: the categories as the user wants them, exported, edited and applied.

The file lists every category that was found; its differences from what was found are overrides,
which the database keeps (see ``overrides``) and which still hold when categories are found anew.
"""

from auditor.categories.taxonomy.apply_file import apply, group_by
from auditor.categories.taxonomy.export_file import export
from auditor.categories.taxonomy.file import FILE_NAME

__all__ = ["FILE_NAME", "apply", "export", "group_by"]
