"""Adding up what is known of the other sides, whoever saw it; and the forms of the requests, without their bytes."""

import ipaddress
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from perfdoctor.collectors.compressed import Sample
from perfdoctor.collectors.protocols import postgres, tls
from perfdoctor.collectors.protocols.guess import guess
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.network import (
    NAME_SERVICE,
    Awaited,
    Delay,
    NetworkError,
    NetworkUse,
    Peer,
    StatementShape,
    TalkRow,
)
from perfdoctor.schemas.syscalls import BUCKETS

UNNAMED = "(unnamed)"
"""the address of a Unix socket that has none: one of a pair, or a client's"""
MOST_PEERS = 1000
_MOST_SHAPES = 200
"""per peer; requests of any further shape are only counted"""
_GIVEN_UP = "closed"
RESOLVERS = ("/nscd/socket", "/systemd/resolve/io.systemd.Resolve", "/systemd/resolve/io.systemd.Resolve.Monitor")


class PeerName(NamedTuple):
    """What tells one peer from another; see ``schemas.network.Peer``."""

    transport: str
    direction: str
    address: str
    local: str = ""
    port: int = 0

    @property
    def side(self) -> str:
        if self.transport.startswith("unix"):
            return "local"
        host = self.address if self.direction == "incoming" else self.address.rpartition(":")[0]
        try:
            return "local" if ipaddress.ip_address(host.strip("[]")).is_loopback else "remote"
        except ValueError:
            return "remote" if self.transport in ("tcp", "udp") else "local"


def host_text(address: bytes) -> str:
    """``10.0.0.7`` of 4 bytes, ``[::1]`` of 16; an IPv4 address that is written as IPv6 is one."""
    if len(address) == 4:
        return str(ipaddress.IPv4Address(address))
    six = ipaddress.IPv6Address(address[:16].ljust(16, b"\0"))
    return str(six.ipv4_mapped) if six.ipv4_mapped else f"[{six}]"


def host_of(text: str) -> str:
    """An address that a program printed, as ``host_text`` writes it; ``?`` where it is none."""
    try:
        return host_text(ipaddress.ip_address(text.strip("[]").partition("%")[0]).packed)
    except ValueError:
        return "?"


def path_text(path: bytes) -> str:
    """A Unix socket's name: a path, ``@name`` of an abstract one (all its bytes count), ``(unnamed)``."""
    if not path.strip(b"\0"):
        return UNNAMED
    if path[0]:
        return clean(path.split(b"\0", 1)[0].decode("utf-8", "replace"), 108)
    return clean("@" + path[1:].decode("utf-8", "replace").rstrip("\0"), 108)


@dataclass(slots=True)
class DelaySum:
    times: int = 0
    ns: int = 0
    most_ns: int = 0
    histogram: list[int] = field(default_factory=lambda: [0] * BUCKETS)

    def add(self, ns: int) -> None:
        self.times += 1
        self.ns += ns
        self.most_ns = max(self.most_ns, ns)
        self.histogram[min(max(ns.bit_length() - 1, 0), BUCKETS - 1)] += 1

    def add_all(self, times: int, ns: int, most_ns: int, histogram: Iterable[int]) -> None:
        self.times += times
        self.ns += ns
        self.most_ns = max(self.most_ns, most_ns)
        self.histogram = [a + b for a, b in zip(self.histogram, histogram, strict=True)]

    def delay(self) -> Delay:
        histogram = tuple(self.histogram) if self.times else ()
        return Delay(times=self.times, seconds=self.ns * 1e-9, max_seconds=self.most_ns * 1e-9, histogram=histogram)


@dataclass(slots=True)
class RowSum:
    opened: int = 0
    requests: int = 0
    answered: int = 0
    wait_ns: int = 0
    sends: int = 0
    sent_bytes: int = 0
    small_sends: int = 0
    small_bytes: int = 0
    receives: int = 0
    received_bytes: int = 0
    failed: int = 0


@dataclass(slots=True)
class PeerSum:
    name: PeerName
    known: int = 0
    """met in the window, and not opened in it"""
    connect: DelaySum = field(default_factory=DelaySum)
    turn: DelaySum = field(default_factory=DelaySum)
    errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    retransmits: int | None = None
    rtt_sum: float = 0.0
    rtts: int = 0
    rtt_max: float = 0.0
    rows: dict[tuple[int, Stack], RowSum] = field(default_factory=dict)
    protocols: Counter[str] = field(default_factory=Counter)
    shapes: Counter[tuple[str, int, Stack]] = field(default_factory=Counter)
    other_shapes: int = 0
    prepared: postgres.Prepared = field(default_factory=postgres.Prepared)
    awaited: Counter[int] = field(default_factory=Counter)
    samples: dict[bool, Sample] = field(default_factory=lambda: {True: Sample(), False: Sample()})
    """of what was sent (True) and received"""

    def row(self, pid: int, stack: Stack) -> RowSum:
        return self.rows.setdefault((pid, stack), RowSum())

    def peer(self, *, sampled: bool) -> Peer:
        rows = self.rows.values()
        protocol = max(self.protocols, key=lambda p: (self.protocols[p], p), default="")
        if not protocol and self.name.address.endswith(RESOLVERS):
            protocol = NAME_SERVICE
        return Peer(
            transport=self.name.transport,
            direction=self.name.direction,
            address=self.name.address,
            local=self.name.local,
            side=self.name.side,
            opened=sum(r.opened for r in rows),
            already_open=self.known,
            connect=self.connect.delay(),
            requests=sum(r.requests for r in rows),
            turn=self.turn.delay(),
            sends=sum(r.sends for r in rows),
            sent_bytes=sum(r.sent_bytes for r in rows),
            small_sends=sum(r.small_sends for r in rows),
            small_bytes=sum(r.small_bytes for r in rows),
            receives=sum(r.receives for r in rows),
            received_bytes=sum(r.received_bytes for r in rows),
            rtt_seconds=self.rtt_sum / self.rtts if self.rtts else None,
            max_rtt_seconds=self.rtt_max if self.rtts else None,
            retransmits=self.retransmits,
            errors=tuple(
                NetworkError(call=call, errno=errno or _GIVEN_UP, times=n)
                for (call, errno), n in sorted(self.errors.items(), key=lambda e: (-e[1], e[0]))
            ),
            protocol=protocol,
            opaque=protocol == tls.NAME,
            rows=self._talk_rows(),
            statements=tuple(
                StatementShape(shape=shape, seen=n, sampled=sampled, pid=pid, stack=stack)
                for (shape, pid, stack), n in sorted(self.shapes.items(), key=lambda s: (-s[1], s[0][0], s[0][1]))
            ),
            other_statements=self.other_shapes,
            awaited=spans(self.awaited),
            sent_shrinks_to=self.samples[True].shrinks_to(),
            received_shrinks_to=self.samples[False].shrinks_to(),
        )

    def _talk_rows(self) -> tuple[TalkRow, ...]:
        rows = [
            TalkRow(
                pid=pid,
                stack=stack,
                opened=r.opened,
                requests=r.requests,
                answered=r.answered,
                wait_seconds=r.wait_ns * 1e-9,
                sends=r.sends,
                sent_bytes=r.sent_bytes,
                small_sends=r.small_sends,
                small_bytes=r.small_bytes,
                receives=r.receives,
                received_bytes=r.received_bytes,
                failed=r.failed,
            )
            for (pid, stack), r in self.rows.items()
        ]
        return tuple(sorted(rows, key=lambda r: (-r.wait_seconds, -(r.sends + r.receives + r.opened), r.pid)))

    def hear(self, data: bytes, size: int, pid: int, stack: Stack, connection: int) -> None:
        """The first bytes of a request: what they ask for is kept, they are not."""
        known = max(self.protocols, key=lambda p: self.protocols[p], default="")
        protocol, shape = guess(data, size, self.name.port, known)
        if protocol == postgres.NAME:
            shape = self.prepared.shape(connection, data, shape)
        self.say(protocol, shape, pid, stack)

    def say(self, protocol: str, shape: str, pid: int, stack: Stack, times: int = 1) -> None:
        if not protocol:
            return
        self.protocols[protocol] += times
        key = (shape, pid, stack)
        if protocol == tls.NAME or not shape:
            return
        if key in self.shapes or len(self.shapes) < _MOST_SHAPES:
            self.shapes[key] += times
        else:
            self.other_shapes += times


def spans(ns: Counter[int]) -> tuple[Awaited, ...]:
    return tuple(Awaited(pid=pid, seconds=n * 1e-9) for pid, n in sorted(ns.items()))


def network_use(peers: Iterable[Peer], **more: object) -> NetworkUse:
    """The peers in order of what they cost: time waited for them, then calls."""

    def weight(peer: Peer) -> tuple[float, int, str]:
        waited = peer.turn.seconds + peer.connect.seconds
        return -waited, -((peer.sends or 0) + (peer.receives or 0) + (peer.opened or 0)), peer.address

    ordered = sorted(peers, key=weight)
    made = NetworkUse(peers=tuple(ordered[:MOST_PEERS]), omitted_peers=max(0, len(ordered) - MOST_PEERS))
    return made.model_copy(update=more)
