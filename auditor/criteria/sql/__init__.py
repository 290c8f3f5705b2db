"""When two SQL statements are the same: by rewriting both, or by running both in a sandbox.

``dialects`` and ``statements`` read text, ``schema`` and ``schema_in_prompt`` say which tables
there are, ``normal_form`` rewrites, ``generated_rows`` makes tables that tell statements apart,
``sandbox`` runs, ``rows`` compares results, and ``equivalence`` decides.
"""
