"""What the report says and how it looks.

``reading`` fills one tree of ``figures`` from the database; ``html``, ``plan_md``, ``as_json`` and
the terminal all render that tree and compute nothing of their own, so a number is the same
everywhere.
"""
