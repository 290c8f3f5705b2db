"""The input tokens of a call in SQL: the one place that adds up the disjoint buckets."""


def input_tokens(calls: str = "") -> str:
    """Return the SQL of a call's input tokens, cached ones included; NULL where they are unknown.

    Args:
        calls: the alias of the table of calls, where the query gives it one.
    """
    prefix = f"{calls}." if calls else ""
    cached = ("cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens")
    added = "".join(f" + coalesce({prefix}{bucket}, 0)" for bucket in cached)
    return f"({prefix}input_uncached_tokens{added})"
