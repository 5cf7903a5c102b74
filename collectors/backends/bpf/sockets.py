"""The engine's part for sockets: reads the tables and records of sockets.bpf.c."""

import errno
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from itertools import islice
from struct import Struct
from typing import NamedTuple

from perfdoctor.collectors.backends.bpf.decode import RECORD_PART
from perfdoctor.collectors.backends.bpf.engine import Engine, Row, Seen
from perfdoctor.collectors.backends.bpf.part import Part
from perfdoctor.collectors.backends.bpf.programs import Programs, Table
from perfdoctor.collectors.compressed import Sample
from perfdoctor.collectors.lookups import Lookups
from perfdoctor.collectors.network_calls import ADDRESSED, FORMS, KINDS
from perfdoctor.collectors.peers import PeerName, PeerSum, host_text, network_use, path_text, spans
from perfdoctor.collectors.protocols import dns, postgres
from perfdoctor.collectors.protocols.guess import guess
from perfdoctor.collectors.syscall_names import name_of

RECORD_PEER, RECORD_PAYLOAD = RECORD_PART, RECORD_PART + 1
UNIX, INET, INET6 = 1, 2, 10
CONNECT, ACCEPT, SEND, RECEIVE, TURN, KNOWN, RETRANSMIT, FAILED, SPAN = range(1, 10)
_CALLS = {CONNECT: "connect", ACCEPT: "accept", SEND: "send", RECEIVE: "receive", TURN: "answer"}
_ROLES = {1: "outgoing", 2: "incoming"}
_TRANSPORTS = {(UNIX, 1): "unix", (UNIX, 2): "unix-datagram", (UNIX, 5): "unix-packet"}
_INET_TYPES = {1: "tcp", 2: "udp", 3: "raw"}
_FAMILIES = {16: "netlink", 17: "packet", 38: "alg", 40: "vsock"}
_NUMBERS = 512
_HAS_ADDRESS = 64

PEER = Struct("<I4BQHHI16s112s")
PAYLOAD = Struct("<IIQQQQII2B6x")
TALK_KEY = Struct("<QQII")
TALK_VALUE = Struct("<10Q32I")
FAILURE_KEY = Struct("<QII")
COUNTERS = ("limited", "lost", "unknown", "uring")
_PAYLOAD_BYTES = 256
_MOST_SHAPES = 4096


class _Shape(NamedTuple):
    peer: int
    protocol: str
    shape: str
    pid: int
    stack: int


class SocketPart(Part):
    """``listening`` tells the TCP ports that the target listens on: who is connected to one of them came to us. It is
    asked when all is ready to begin, since a program that has just started may only listen by then."""

    source = "sockets"
    programs = ("connects", "retransmits")

    def __init__(self, listening: Callable[[], Iterable[int]] = tuple) -> None:
        self._listening = listening
        self._peers: dict[int, PeerName] = {}
        self._protocols: dict[int, str] = {}
        self._shapes: Counter[_Shape] = Counter()
        self._samples: dict[tuple[int, bool], Sample] = defaultdict(Sample)
        self._lookups: Lookups[int] = Lookups()
        self._prepared = postgres.Prepared()
        self._maps: dict[str, Table] = {}
        self._talk: list[Row] = []
        self._failures: list[tuple[tuple[int, ...], int]] = []
        self.counters: dict[str, int] = dict.fromkeys(COUNTERS, 0)

    def start(self, engine: Engine, made: Programs) -> None:
        self._maps = {
            "talk": made.map("talk", TALK_KEY.size, TALK_VALUE.size),
            "failures": made.map("failures", FAILURE_KEY.size, 8),
            "counters": made.map("net_counters", 4, 8),
        }
        calls = made.map("net_calls", 4, 1)
        for number in range(_NUMBERS):
            if value := class_of(number):
                calls.put(number.to_bytes(4, "little"), bytes([value]))
        ports = made.map("listening", 4, 1)
        for port in islice(self._listening(), 1024):
            ports.put(port.to_bytes(4, "little"), b"\1")

    def hear(self, data: bytes) -> None:
        if data[0] == RECORD_PEER:
            key, name = read_peer(data)
            self._peers[key] = name
        elif data[0] == RECORD_PAYLOAD:
            self._hear_payload(data)

    def _hear_payload(self, data: bytes) -> None:
        _, pid, peer, stack, socket, at, length, size, sent, sample = PAYLOAD.unpack_from(data)
        said = data[PAYLOAD.size : PAYLOAD.size + min(length, _PAYLOAD_BYTES)]
        if sample:
            self._samples[peer, bool(sent)].add(said)
            return
        name = self._peers.get(peer)
        port = name.port if name else 0
        if name and port == dns.PORT and name.transport == "udp":
            server = name.address
            self._lookups.hear(said, size, socket=socket, server=server, pid=pid, stack=stack, at_ns=at)
            return
        protocol, shape = guess(said, size, port, self._protocols.get(peer, ""))
        if not protocol:
            return
        self._protocols[peer] = protocol
        if protocol == postgres.NAME:
            shape = self._prepared.shape(socket, said, shape)
        key = _Shape(peer, protocol, shape, pid, stack)
        if key not in self._shapes and len(self._shapes) >= _MOST_SHAPES:
            key = _Shape(peer, protocol, "", 0, 0)
        self._shapes[key] += 1

    def warnings(self) -> list[str]:
        """What could not be seen as well as the rest."""
        said = []
        if self.counters["limited"] or self.counters["lost"]:
            number = self.counters["limited"] + self.counters["lost"]
            said.append(f"{number:,} requests came too fast to look at their form: they are counted all the same")
        return said

    @property
    def missed(self) -> int:
        """Calls on sockets that another thread had closed before they returned: not counted."""
        return self.counters["unknown"]

    def requests_so_far(self) -> int:
        begun = 0
        for key, value in self._rows():
            if key[3] == RECEIVE and (peer := self._peers.get(key[0])) and peer.direction == "incoming":
                begun += value[4]
        return begun

    def so_far(self) -> str:
        calls: Counter[int] = Counter()
        for key, value in self._rows():
            calls[key[3]] += value[0]
        opened = calls[CONNECT] + calls[ACCEPT]
        return f"{len(self._peers):,} peers, {opened:,} connections opened, {calls[SEND]:,} sends" if calls else ""

    def finish(self, engine: Engine, seen: Seen) -> None:
        self._talk = self._rows()
        for key, value in self._maps["failures"].items():
            self._failures.append((FAILURE_KEY.unpack(key), int.from_bytes(value, "little")))
        for i, name in enumerate(COUNTERS):
            raw = self._maps["counters"].get(i.to_bytes(4, "little")) or b""
            self.counters[name] = int.from_bytes(raw, "little")

    def _rows(self) -> list[Row]:
        return [(TALK_KEY.unpack(k), TALK_VALUE.unpack(v)) for k, v in self._maps["talk"].items()]

    def evidence(self, engine: Engine, seen: Seen) -> dict[str, object]:
        sums: dict[PeerName, PeerSum] = {}

        def of(peer: int) -> PeerSum:
            name = self._peers.get(peer, PeerName("(unknown)", "unknown", "(too many peers)"))
            return sums.setdefault(name, PeerSum(name))

        awaited: Counter[int] = Counter()
        for key, value in self._talk:
            if key[0] == 0 and key[3] == SPAN:
                awaited[key[2]] += value[5]
            else:
                _add(of(key[0]), engine, key, value)
        for (peer, kind, number), times in self._failures:
            name = (
                f"HTTP {number}" if kind == TURN else errno.errorcode.get(number, f"errno {number}") if number else ""
            )
            of(peer).errors[_CALLS.get(kind, "other"), name] += times
        for said, times in self._shapes.items():
            of(said.peer).say(said.protocol, said.shape, said.pid, engine.stacks.of(said.stack), times)
        for (peer, sent), sample in self._samples.items():
            of(peer).samples[sent].join(sample)
        for one in sums.values():
            if one.retransmits is None and one.name.transport == "tcp":
                one.retransmits = 0
        limited = self.counters["limited"] + self.counters["lost"]
        use = network_use(
            [one.peer(sampled=limited > 0) for one in sums.values()],
            names=self._lookups.names(engine.stacks.of),
            awaited=spans(awaited),
            sampled_requests=limited,
            uring=self.counters["uring"] > 0,
        )
        return {"network": use}


def _add(to: PeerSum, engine: Engine, key: tuple[int, ...], value: tuple[int, ...]) -> None:
    _, stack, pid, kind = key
    calls, size, small, small_bytes, begins, ns, most, rtt, rtt_max, rtts, *histogram = value
    if kind == KNOWN:
        to.known += calls
        return
    if kind == RETRANSMIT:
        to.retransmits = (to.retransmits or 0) + calls
        return
    if kind == SPAN:
        to.awaited[pid] += ns
        return
    row = to.row(pid, engine.stacks.of(stack))
    if kind == FAILED:
        row.failed += calls
    elif kind == CONNECT:
        row.opened += calls
        to.connect.add_all(calls, ns, most, histogram)
    elif kind == ACCEPT:
        row.opened += calls
    elif kind == TURN:
        row.answered += calls
        row.wait_ns += ns
        to.turn.add_all(calls, ns, most, histogram)
        to.rtt_sum += rtt * 1e-6
        to.rtts += rtts
        to.rtt_max = max(to.rtt_max, rtt_max * 1e-6)
    else:
        row.requests += begins
        if kind == SEND:
            row.sends += calls
            row.sent_bytes += size
            row.small_sends += small
            row.small_bytes += small_bytes
        else:
            row.receives += calls
            row.received_bytes += size


def read_peer(data: bytes) -> tuple[int, PeerName]:
    """(its number, its name)."""
    _, family, kind, role, _, key, port, local_port, length, address, path = PEER.unpack_from(data)
    direction = _ROLES.get(role, "unknown")
    if family == UNIX:
        transport = _TRANSPORTS.get((family, kind), "unix")
        named = path_text(path[:length])
        if direction == "incoming":
            return key, PeerName(transport, direction, "(unnamed)", named)
        return key, PeerName(transport, direction, named)
    if family not in (INET, INET6):
        return key, PeerName(_FAMILIES.get(family, f"family {family}"), direction, "(kernel)" if family == 16 else "?")
    host = host_text(address[:4] if family == INET else address)
    transport = _INET_TYPES.get(kind, "ip")
    if direction == "incoming":
        return key, PeerName(transport, direction, host, f":{local_port}", local_port)
    return key, PeerName(transport, direction, f"{host}:{port}", "", port)


def class_of(number: int) -> int:
    """What a system call does with a socket, as sockets.bpf.c wants to be told; 0 for all others."""
    name = name_of(number)
    kind = KINDS.get(name)
    if kind is None:
        return 0
    return kind | FORMS.get(name, 0) << 3 | (_HAS_ADDRESS if name in ADDRESSED else 0)
