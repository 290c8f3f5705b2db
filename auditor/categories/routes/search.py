"""Search a sample for routes: by the template of the system prompt, then of the user message."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.categories.routes.lexicon import is_weak
from auditor.categories.routes.matcher import any_format
from auditor.categories.routes.route import ANY_TOOLS, Route, StructuralKey
from auditor.categories.routes.sampled_calls import SampledCall, differ
from auditor.categories.routes.templates import Templates
from auditor.categories.routes.text import SYSTEM_HEAD, SYSTEM_TAIL, USER_HEAD, USER_TAIL
from auditor.categories.routes.tree import Path, grow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from auditor.categories.routes.fragments import Fragment


class Search:
    """The search for routes with the fragments found so far.

    `support` is the least number of sampled calls that make a template, `user_support` that of a
    template of user messages, where people write, too; None: the same.
    """

    def __init__(
        self, support: int, fragments: Iterable[Fragment] = (), *, user_support: int | None = None
    ) -> None:
        self.support = support
        self.user_support = user_support or support
        self.templates = Templates(fragments)

    def by_system(self, members: Sequence[SampledCall]) -> list[tuple[Path, list[SampledCall]]]:
        """Group calls by the template of their system prompt, each kind of prompt on its own."""
        counts = Counter(
            m.call.system for m in members if m.structure.system != "none" and m.call.system
        )
        held = self.templates.mine(counts, support=self.support, head=SYSTEM_HEAD, tail=SYSTEM_TAIL)
        members = [replace(m, system=held.get(m.call.system or "", ())) for m in members]
        groups: dict[tuple[str, Path], list[SampledCall]] = defaultdict(list)
        for kind in ("none", "generic", "specific"):
            of_kind = [m for m in members if m.structure.system == kind]
            nodes = grow([m.system for m in of_kind], self.support)
            for m in of_kind:
                groups[kind, nodes.descend(m.system)].append(m)
        self._fold_values(groups)
        return sorted(
            ((path, group) for (_, path), group in groups.items()),
            key=lambda item: (item[0], item[1][0].call.call_id),
        )

    def _fold_values(self, groups: dict[tuple[str, Path], list[SampledCall]]) -> None:
        """Join groups with the one above from which only a value tells them apart.

        A frequent tenant, date or document in a system prompt is a fragment of its own. It is a
        value, not a template, when the prompt above it already says the task, and its words and
        the answers do not say another.
        """
        for key in sorted(groups, key=lambda k: (-len(k[1]), k)):
            kind, path = key
            for cut in range(1, len(path)):
                above = path[:cut]
                if not self.templates.states_task(above):
                    continue
                if not self.templates.are_values(path[cut:], above):
                    continue
                others = [
                    group
                    for (other_kind, other), group in groups.items()
                    if other_kind == kind and other[:cut] == above and other != path
                ]
                if not any(differ(groups[key], other) for other in others):
                    groups.setdefault((kind, above), []).extend(groups.pop(key))
                    break

    def under_system(
        self, path: Path, group: Sequence[SampledCall]
    ) -> tuple[list[Route], list[SampledCall]]:
        """Routes of the calls under one system template, and the calls that stay free-form."""
        specific = group[0].structure.system == "specific"
        task_prompt = specific and self.templates.states_task(path)
        nodes = self._user_nodes(path, group, task_prompt=task_prompt)
        groups: dict[tuple[StructuralKey, Path], list[SampledCall]] = defaultdict(list)
        for m, node in zip(group, nodes, strict=True):
            groups[m.structure, node].append(m)
        routes: list[Route] = []
        rest: list[SampledCall] = []
        for (structure, node), members in sorted(
            self._join_rare(groups).items(), key=lambda item: item[0]
        ):
            if node or task_prompt or structure.has_form:
                routes.append(self.templates.route(structure, path, node, task_prompt=task_prompt))
            else:
                rest.extend(members)
        return routes, rest

    def _join_rare(
        self, groups: dict[tuple[StructuralKey, Path], list[SampledCall]]
    ) -> dict[tuple[StructuralKey, Path], list[SampledCall]]:
        """Join groups of one template whose tools or format are rare."""
        out: dict[tuple[StructuralKey, Path], list[SampledCall]] = defaultdict(list)
        for (structure, node), members in sorted(groups.items(), key=lambda item: item[0]):
            key = structure
            if len(members) < self.support:
                key = replace(
                    key,
                    tools=ANY_TOOLS if key.tools else (),
                    response_format=any_format(key.response_format),
                )
            out[key, node].extend(members)
        return out

    def _user_nodes(
        self, path: Path, group: Sequence[SampledCall], *, task_prompt: bool
    ) -> list[Path]:
        """The user template of each call, empty where it has none that counts."""
        counts = Counter(m.call.user for m in group)
        held = self.templates.mine(
            counts, support=self.user_support, head=USER_HEAD, tail=USER_TAIL
        )
        nodes = grow([held[m.call.user] for m in group], self.user_support)
        paths = [nodes.descend(held[m.call.user]) for m in group]
        paths = [user if self.templates.is_template(user) else () for user in paths]
        paths = self._fold_user_values(group, paths)
        return self._only_other_tasks(path, group, paths) if task_prompt else paths

    def _fold_user_values(self, group: Sequence[SampledCall], paths: Sequence[Path]) -> list[Path]:
        """Cut from user templates what is a popular value in a slot of the template above.

        The same rule as for system prompts: no other order, and no other answers.
        """
        by_path: dict[Path, list[SampledCall]] = defaultdict(list)
        for m, path in zip(group, paths, strict=True):
            by_path[path].append(m)
        cut: dict[Path, Path] = {path: path for path in by_path}
        for path, members in by_path.items():
            for end in range(1, len(path)):
                above = path[:end]
                if not (
                    self.templates.is_template(above)
                    and self.templates.are_values(path[end:], above)
                ):
                    continue
                others = [some for p, some in by_path.items() if p[:end] == above and p != path]
                if not any(differ(members, other) for other in others):
                    cut[path] = above
                    break
        return [cut[path] for path in paths]

    def _only_other_tasks(
        self, system: Path, group: Sequence[SampledCall], paths: Sequence[Path]
    ) -> list[Path]:
        """Keep only user templates that are a task of their own under the system prompt.

        Code wrote them, which shows where they hand over a value, and they tell the model what to
        do, or their answers are other than those of the calls that no such template explains.
        """
        by_path: dict[Path, list[SampledCall]] = defaultdict(list)
        for m, path in zip(group, paths, strict=True):
            by_path[path].append(m)
        kept = {path for path in by_path if self._is_other_task(system, path, by_path)}
        for path in sorted(by_path.keys() - kept):
            others = [some for p, some in by_path.items() if p != path and p not in kept]
            if self.templates.hands_over(path) and any(differ(by_path[path], o) for o in others):
                kept.add(path)
        return [path if path in kept else () for path in paths]

    def _is_other_task(
        self, system: Path, path: Path, by_path: Mapping[Path, Sequence[SampledCall]]
    ) -> bool:
        if not self.templates.is_template(path) or not self.templates.orders(path):
            return False
        if self.templates.hands_over(path):
            return True
        kind, stated = self.templates.task_type(path), self.templates.task_type(system)
        if is_weak(kind) or kind == stated:
            return False
        others = [m for other, some in by_path.items() if other != path for m in some]
        return is_weak(stated) or differ(by_path[path], others)
