"""What is one piece of work, so that what it costs can be held against what it cost?

A unit must be something that a faster program does not do less of for the same work: what others ask of it, what a
workload itself counts. The program's own reads and queries are no units, for fewer of them is what many fixes are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.noise import beyond
from perfdoctor.diagnosis.objects import is_socket
from perfdoctor.diagnosis.side import Side
from perfdoctor.diagnosis.words import quoted

LEAST_UNITS = 30
"""Fewer units of work than this say nothing about what one costs."""
SAME_SIZE = 0.3
"""How far the mean size of a request may differ and still be called the same kind of work."""
SAME_PACE = 0.5
"""A program's own statements are its work while they come about as often: it may have made too many of them."""
_CHANGES = (
    *("INSERT ", "UPDATE ", "DELETE ", "MERGE ", "REPLACE "),
    *("POST ", "PUT ", "PATCH "),
    *("SET ", "HSET ", "LPUSH ", "RPUSH ", "XADD "),
)
"""Statements with an effect are what a worker is there for; those that only ask may be what it does too many of."""


@dataclass(frozen=True, slots=True)
class Unit:
    """``pace``: the field of PaceReading that counts the same, where one does."""

    name: str
    count: Callable[[Account], float]
    pace: str | None = None


def unit_of(before: Side, after: Side) -> Unit | None:
    """The best unit that both sides have enough of, and of the same kind; None where there is none."""
    return next((unit for unit in _candidates(before, after) if unit), None)


def too_few(before: Side, after: Side) -> str:
    """``7 and 12 requests``: units that both sides did, but too few to say what one costs. Empty where there
    are none."""
    for unit in (_REQUEST, _CONNECTION, _MESSAGE):
        one, other = (side.total(unit.count) for side in (before, after))
        if min(one, other) > 0 and min(one, other) < LEAST_UNITS:
            return f"{one:.0f} and {other:.0f} {unit.name}s"
    return ""


def _candidates(before: Side, after: Side) -> list[Unit | None]:
    sides = before, after
    return [
        _declared(sides),
        _enough(_REQUEST, sides, _request_bytes),
        _enough(_CONNECTION, sides),
        _enough(_MESSAGE, sides, _message_bytes),
        _called(sides),
        _statement(sides),
    ]


def _enough(unit: Unit, sides: tuple[Side, Side], size: Callable[[Account], float] | None = None) -> Unit | None:
    counts = [side.total(unit.count) for side in sides]
    if min(counts) < LEAST_UNITS:
        return None
    if size:
        means = [side.total(size) / count for side, count in zip(sides, counts, strict=True)]
        if beyond(means[0], means[1], SAME_SIZE):
            return None
    return unit


def _declared(sides: tuple[Side, Side]) -> Unit | None:
    """What the workload counted itself, in every window by the same name."""
    works = [account.evidence.work for side in sides for account in side.accounts]
    names = {work.unit if work else None for work in works}
    (name, *others) = names
    if name is None or others or any(side.total(_work_count) <= 0 for side in sides):
        return None
    return Unit(quoted(name, 40), _work_count)


def _work_count(account: Account) -> float:
    return account.evidence.work.count if account.evidence.work else 0.0


def _requests(account: Account) -> float:
    return sum(row.requests for peer in account.peers if peer.direction == "incoming" for row in peer.rows)


def _request_bytes(account: Account) -> float:
    return sum(peer.received_bytes for peer in account.peers if peer.direction == "incoming")


def _connections(account: Account) -> float:
    return sum(row.calls - row.errors for row in account.calls if row.syscall in calls.ACCEPTS)


def _messages(account: Account) -> float:
    rows = (row for row in account.calls if row.syscall in calls.READS and is_socket(row.object))
    return sum(max(0, row.calls - row.errors - row.empty) for row in rows)


def _message_bytes(account: Account) -> float:
    return sum(row.bytes for row in account.calls if row.syscall in calls.READS and is_socket(row.object))


_REQUEST = Unit("request", _requests, "requests")
_CONNECTION = Unit("connection", _connections, "accepted")
_MESSAGE = Unit("message", _messages, "received")


def _called(sides: tuple[Side, Side]) -> Unit | None:
    """Calls of the one function that every window was asked about: an iteration, where somebody chose it so."""
    asked = {
        account.evidence.functions.asked if account.evidence.functions else None
        for side in sides
        for account in side.accounts
    }
    (name, *others) = asked
    if name is None or others:
        return None
    return _enough(Unit(f"call of {quoted(name, 40)}", _function_calls), sides)


def _function_calls(account: Account) -> float:
    functions = account.evidence.functions
    return sum(row.calls or 0 for row in functions.rows) if functions else 0


def _statement(sides: tuple[Side, Side]) -> Unit | None:
    """A statement with an effect that the program makes of others: the one that both sides make most."""
    shapes = [set(chain.from_iterable(_effects(account) for account in side.accounts)) for side in sides]
    found = [_made(shape) for shape in sorted(shapes[0] & shapes[1])]
    most = max(found, key=lambda unit: min(side.total(unit.count) for side in sides), default=None)
    if most is None or beyond(sides[0].rate(most.count), sides[1].rate(most.count), SAME_PACE):
        return None
    return _enough(most, sides)


def _made(shape: str) -> Unit:
    return Unit(quoted(shape, 60), lambda account: _effects(account).get(shape, 0))


def _effects(account: Account) -> dict[str, int]:
    """Statements to peers that were called and never failed (what is tried again and again is no work), by shape; none
    of those that were only sampled."""
    found: dict[str, int] = {}
    for peer in account.peers:
        for said in peer.statements if peer.direction == "outgoing" and not peer.errors else ():
            if not said.sampled and said.shape.upper().startswith(_CHANGES):
                found[said.shape] = found.get(said.shape, 0) + said.seen
    return found
