"""Objects that compiled code copies whole, with all that they hold, and lets go of again: at which line, of which type.

A copy is known by the constructor of C++ that makes one, or by Rust's ``clone``, where that is what the user's line
called for. That of a text, of a counted pointer or of a flat array is no deep one: it calls no other.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.place import Place
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.frame import FrameKind, Stack

_HANDS_ON = re.compile(r"<?(?:core|alloc)::(?:option|result|ops::function|borrow|clone)::|(?:std|core)::mem::")
"""between the user's line and the copy that it calls for: ``Option::cloned``"""
_DEEP = 0.3
"""of the time of a copy, below what it copies in turn"""
_STD = r"std::(?:__cxx11::|__1::)?"
_MADE = re.compile(
    # Route::Route(Route const&)   shop::Cart::operator=(shop::Cart const&)   std::map<…>::map(std::map<…> const&)
    rf"(?P<type>(?:{_STD})?(?:\w+::)*(?P<name>\w+)(?:<.*>)?)(?:\[abi:\w+\])?::(?:(?P=name)|operator=)"
    rf"\((?:{_STD})?(?:\w+::)*(?P=name)(?:<.*>)? const&\)$"
    # <shop::Tenant as core::clone::Clone>::clone   <alloc::vec::Vec<T,A> as core::clone::Clone>::clone
    r"|<(?P<cloned>.+) as core::clone::Clone>::clone$"
)
_LET_GO = re.compile(
    rf"(?P<type>(?:{_STD})?(?:\w+::)*(?P<name>\w+)(?:<.*>)?)::~(?P=name)\(\)$"
    r"|(?:core|std)::ptr::drop_in_place(?:::)?<(?P<dropped>.+)>$"
)
_NO_OBJECT = re.compile(r"std::(?:__cxx11::|__1::)?basic_string<|alloc::string::String$|alloc::(?:sync::Arc|rc::Rc)<")
_PARAMETERS = re.compile(r"<.*>")


class Copied(NamedTuple):
    """``rows``: the samples that copied a type below one function, most at ``place``; ``gone``: those that let go of
    what was copied, wherever that is done."""

    place: Place
    type: str
    rows: list[CpuRow]
    gone: list[CpuRow]

    @property
    def all_rows(self) -> list[CpuRow]:
        return [*self.rows, *self.gone]


def copied(account: Account) -> list[Copied]:
    made: dict[str, list[CpuRow]] = defaultdict(list)
    gone: dict[str, list[CpuRow]] = defaultdict(list)
    for row in account.samples:
        below = account.below(row)
        if below and below[-1].kind is FrameKind.NATIVE:
            if name := _first(_made, below):
                made[name].append(row)
            elif name := _first(_let_go, below):
                gone[name].append(row)
    found = []
    for name, every in made.items():
        groups = account.by_function(every)
        deep = [(place, rows) for place, rows in groups if _is_deep(account, rows)]
        # (which of several makes what is let go of is not known: the one that makes most)
        deep.sort(key=lambda group: -sum(row.seconds for row in group[1]))
        for at, (place, rows) in enumerate(deep):
            found.append(Copied(place, name, rows, gone[name] if at == 0 else []))
    return found


def _first(told: Callable[[str], str], below: Stack) -> str:
    """What the user's line has copied, or lets go of."""
    for frame in reversed(below):
        if name := told(frame.function):
            return name
        if not _HANDS_ON.match(frame.function):
            break
    return ""


def _is_deep(account: Account, rows: list[CpuRow]) -> bool:
    spent = sum(row.seconds for row in rows)
    inner = sum(row.seconds for row in rows if sum(bool(_copies(f.function)) for f in account.below(row)) > 1)
    return inner >= _DEEP * spent > 0


@lru_cache(maxsize=16384)
def _copies(function: str) -> str:
    found = _MADE.search(function)
    return (found["type"] or found["cloned"]) if found else ""


@lru_cache(maxsize=16384)
def _made(function: str) -> str:
    name = _copies(function)
    return "" if _NO_OBJECT.match(name) else _short(name)


@lru_cache(maxsize=16384)
def _let_go(function: str) -> str:
    found = _LET_GO.search(function)
    name = (found["type"] or found["dropped"]) if found else ""
    return "" if _NO_OBJECT.match(name) else _short(name)


def _short(name: str) -> str:
    """Without what a template is of."""
    return _PARAMETERS.sub("", name)
