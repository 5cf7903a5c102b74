"""Pairing the questions that are asked of name servers with their answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from perfdoctor.collectors.peers import DelaySum
from perfdoctor.collectors.protocols import dns
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.network import NameLookup

_MOST_PENDING = 4096
_MOST_NAMES = 500
_REST = "(other names)"
K = TypeVar("K")


@dataclass(slots=True)
class _Name(Generic[K]):
    queries: int = 0
    failed: int = 0
    answer: DelaySum = field(default_factory=DelaySum)


class Lookups(Generic[K]):
    """``K`` is what tells a stack. Messages are heard in the order of their sending; ``server`` is the peer's name."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str, str, int, K | None], _Name[K]] = {}
        self._pending: dict[tuple[int, int, str], tuple[_Name[K], int]] = {}

    def hear(self, data: bytes, size: int, *, socket: int, server: str, pid: int, stack: K, at_ns: int) -> bool:
        """False where it is no DNS message."""
        message = dns.read(data, size)
        if message is None:
            return False
        pending = (socket, message.identity, message.kind)
        if not message.answered:
            name = self._name(message.name, message.kind, server, pid, stack)
            name.queries += 1
            if len(self._pending) >= _MOST_PENDING:
                self._pending.pop(next(iter(self._pending)))
            self._pending[pending] = (name, at_ns)
        elif asked := self._pending.pop(pending, None):
            name, began = asked
            name.answer.add(max(0, at_ns - began))
            name.failed += bool(message.code)
        return True

    def _name(self, shape: str, kind: str, server: str, pid: int, stack: K) -> _Name[K]:
        key: tuple[str, str, str, int, K | None] = (shape, kind, server, pid, stack)
        if key not in self._names and len(self._names) >= _MOST_NAMES:
            key = (_REST, kind, server, 0, None)
        return self._names.setdefault(key, _Name())

    def names(self, stack_of: Callable[[K], Stack]) -> tuple[NameLookup, ...]:
        """Those that were waited for longest come first."""
        rows = [
            NameLookup(
                name=shape,
                kind=kind,
                server=server,
                queries=name.queries,
                failed=name.failed,
                answer=name.answer.delay(),
                pid=pid,
                stack=stack_of(stack) if stack is not None else (),
            )
            for (shape, kind, server, pid, stack), name in self._names.items()
        ]
        return tuple(sorted(rows, key=lambda r: (-r.answer.seconds, -r.queries, r.name, r.kind)))
