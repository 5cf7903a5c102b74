"""Types of a checker and the joining of them into unions."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TypeInfo:
    fullname: str
    mro: tuple[str, ...]


@dataclass(frozen=True)
class Instance:
    info: TypeInfo
    args: tuple = ()


@dataclass(frozen=True)
class Literal:
    value: str | int
    fallback: Instance


@dataclass(frozen=True)
class Union:
    items: tuple


def is_proper_subtype(left, right) -> bool:
    if left == right:  # <- hot 46
        return True
    if isinstance(left, Literal):  # <- hot 13
        return not isinstance(right, Literal) and is_proper_subtype(left.fallback, right)
    if isinstance(left, Instance) and isinstance(right, Instance):
        if right.info.fullname not in left.info.mro:
            return False
        return not right.args or left.args == right.args
    return False


def flatten(types):
    for typ in types:
        if isinstance(typ, Union):
            yield from flatten(typ.items)
        else:
            yield typ


def make_simplified_union(types):
    items = list(flatten(types))
    if len(items) == 1:
        return items[0]
    kept = remove_redundant(items)
    return kept[0] if len(kept) == 1 else Union(tuple(kept))


def remove_redundant(items):
    removed = set()
    for i, item in enumerate(items):
        if i in removed:
            continue
        for j, other in enumerate(items):  # <- cost hot 8
            if i != j and j not in removed and is_proper_subtype(other, item):  # <- cost hot 30
                removed.add(j)
    return [item for i, item in enumerate(items) if i not in removed]


def narrow_enum(declared, members, excluded):
    """Type of a name of an enum after `is not` tests on some of its members."""
    left = [Literal(name, declared) for name in members if name not in excluded]
    return make_simplified_union(left)
