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
    if left == right:
        return True
    if isinstance(left, Literal):
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
    distinct = list(dict.fromkeys(items))  # <- hot 34
    wide = [t for t in distinct if not isinstance(t, Literal)]
    wide = [t for t in wide if not any(is_proper_subtype(t, o) for o in wide if o is not t)]
    covered = {}
    kept = set(wide)
    for item in distinct:
        if isinstance(item, Literal):
            base = item.fallback
            if base not in covered:
                covered[base] = any(is_proper_subtype(base, t) for t in wide)
            if not covered[base]:
                kept.add(item)  # <- hot 15
    return [item for item in distinct if item in kept]  # <- hot 16


def narrow_enum(declared, members, excluded):
    """Type of a name of an enum after `is not` tests on some of its members."""
    left = [Literal(name, declared) for name in members if name not in excluded]  # <- hot 19
    return make_simplified_union(left)
