"""Dependency graph of schema revisions and the upgrade plans made from it."""
from __future__ import annotations

from functools import total_ordering


class MissingRevision(KeyError):
    pass


@total_ordering
class Node:
    """One revision; compares equal to its own key."""

    __slots__ = ("key", "parents", "children")

    def __init__(self, key: tuple[str, str]):
        self.key = key
        self.parents: set[Node] = set()
        self.children: set[Node] = set()

    def __eq__(self, other):
        return self.key == (other.key if isinstance(other, Node) else other)

    def __lt__(self, other):
        return self.key < (other.key if isinstance(other, Node) else other)

    def __hash__(self):
        return hash(self.key)


class RevisionGraph:
    def __init__(self):
        self.nodes: dict[tuple[str, str], Node] = {}

    def add_node(self, key):
        self.nodes.setdefault(key, Node(key))

    def add_dependency(self, child, parent):
        if parent not in self.nodes:
            raise MissingRevision(parent)
        self.nodes[child].parents.add(self.nodes[parent])
        self.nodes[parent].children.add(self.nodes[child])

    def forwards_plan(self, target):
        if target not in self.nodes:
            raise MissingRevision(target)
        return self._walk(self.nodes[target], "parents")

    def backwards_plan(self, target):
        if target not in self.nodes:
            raise MissingRevision(target)
        return self._walk(self.nodes[target], "children")

    def _walk(self, start, direction):
        """Keys in an order in which each comes after all it rests upon."""
        order = []
        stack = [(start, False)]
        while stack:
            node, expanded = stack.pop()
            if node.key in order:  # <- cost hot 81
                continue
            if expanded:
                order.append(node.key)
                continue
            stack.append((node, True))
            stack.extend((n, False) for n in sorted(getattr(node, direction)))  # <- hot 9
        return order

    def leaf_nodes(self):
        return sorted(n.key for n in self.nodes.values() if not n.children)

    def full_plan(self):
        plan = {}
        for leaf in self.leaf_nodes():
            for key in self.forwards_plan(leaf):
                plan.setdefault(key, None)
        return list(plan)
