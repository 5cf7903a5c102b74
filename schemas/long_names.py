"""Names of C++ and Rust that are too long to be told whole: what their templates are of goes first, the innermost
before the rest, so that the class and what it does stay: ``std::map<…>::insert(std::pair<…> const&)``."""

import re

_DEEPEST = 12
_NO_BRACKET = re.compile(r"operator(?:<=>|<<=|>>=|<<|>>|<=|>=|->\*|->|<|>)|->")


def fitting(name: str, limit: int) -> str:
    """The name, or what is left of it when it has been made shorter so: in ``limit`` characters where that does."""
    if len(name) <= limit or (depths := _depths(name)) is None:
        return name
    for most in range(min(max(depths), _DEEPEST), 0, -1):
        shorter = _without(name, depths, most)
        if len(shorter) <= limit:
            return shorter
    return _without(name, depths, 1)


def _depths(name: str) -> list[int] | None:
    """How many angle brackets are open at each character; None where they do not match. Those around the type of a
    method of Rust (``<Vec<T> as Clone>::clone``) do not count."""
    signs = {at for found in _NO_BRACKET.finditer(name) for at in range(found.start(), found.end())}
    depth, depths = 0, []
    for at, character in enumerate(name):
        opens = character == "<" and at not in signs
        closes = character == ">" and at not in signs
        depth += opens
        depths.append(depth)
        depth -= closes
        if depth < 0:
            return None
    if depth:
        return None
    if name.startswith("<"):
        ends = next(at for at, open_ in enumerate(depths) if open_ == 1 and name[at] == ">" and at not in signs)
        depths[: ends + 1] = [open_ - 1 for open_ in depths[: ends + 1]]
    return depths


def _without(name: str, depths: list[int], most: int) -> str:
    """Without what stands in brackets that are ``most`` deep, or deeper."""
    kept = []
    for at, character in enumerate(name):
        if depths[at] < most:
            kept.append(character)
        elif depths[at - 1 if at else 0] < most or at == 0:
            kept.append("<…>")
    return "".join(kept)
