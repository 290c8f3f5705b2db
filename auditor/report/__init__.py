"""What the report says and how it looks.

``read`` fills the tree of ``data`` from the database. ``html``, ``markdown``, ``as_json`` and the
terminal render that tree and compute nothing of their own, so a number is the same everywhere.
"""
