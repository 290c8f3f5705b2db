"""Which sets of tools tell callers apart, and which one caller offers by turns.

- Sets that share tools, in a chain, are the tools of one caller. What they share must be two tools
  at least: a search tool alone is in everybody's set.
- A caller that puts together its tools for each request offers ever new ones. Where a good part of
  the calls has a set of its own, a set is more than one of those only if many calls have it.
- A set that is neither is a caller of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.categories.routes.route import ANY_TOOLS

if TYPE_CHECKING:
    from collections.abc import Mapping

    ToolSet = tuple[str, ...]

MIN_SHARED = 2  # tools
MIN_SHARED_SHARE = 0.5  # of the smaller set
MIN_RARE_SHARE = 0.25  # of the calls with tools have a rare set: the caller makes up its sets
MIN_OWN_SHARE = 0.2  # of the calls with tools that a set has for itself, where others are made up


def keys(sets: Mapping[ToolSet, int], support: int) -> dict[ToolSet, ToolSet]:
    """What stands for each set of tools in a structural key; `sets` counts their calls.

    That is the set itself, `ANY_TOOLS`, or `ANY_TOOLS` followed by all tools of its caller.
    """
    offered = {tools: n for tools, n in sets.items() if tools}
    total = sum(offered.values())
    rare = sum(n for n in offered.values() if n < support)
    least = max(support, MIN_OWN_SHARE * total if rare >= MIN_RARE_SHARE * total else 0)
    common = sorted(tools for tools, n in offered.items() if n >= least)
    out: dict[ToolSet, ToolSet] = {(): ()}
    for caller in _callers(common):
        pool = tuple(sorted({tool for tools in caller for tool in tools}))
        key = caller[0] if len(caller) == 1 else (*ANY_TOOLS, *pool)
        out |= dict.fromkeys(caller, key)
    pools = sorted(key for key in set(out.values()) if key[:1] == ANY_TOOLS)
    for tools in sorted(offered.keys() - out.keys()):
        out[tools] = next((pool for pool in pools if fits(pool, tools)), ANY_TOOLS)
    return out


def fits(key: ToolSet, tools: ToolSet) -> bool:
    """Whether a set of tools is one of those that a key with `ANY_TOOLS` stands for."""
    if not tools or key[:1] != ANY_TOOLS:
        return False
    return key == ANY_TOOLS or set(tools) <= set(key)


def _callers(sets: list[ToolSet]) -> list[list[ToolSet]]:
    """Connected components of sets that share tools."""
    callers: list[list[ToolSet]] = []
    for tools in sets:
        linked = [caller for caller in callers if any(_share(tools, other) for other in caller)]
        callers = [caller for caller in callers if caller not in linked]
        callers.append([tools, *(other for caller in linked for other in caller)])
    return callers


def _share(one: ToolSet, two: ToolSet) -> bool:
    shared = len(set(one) & set(two))
    return shared >= max(MIN_SHARED, MIN_SHARED_SHARE * min(len(one), len(two)))
