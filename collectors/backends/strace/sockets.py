"""Reads what strace prints of socket calls and follows each connection, line by line; no line and no byte is kept.

The flags are those of command.trace_sockets: ``-f -ttt -T -yy -xx -s256 -o``. With -xx every string is hexadecimal, so
that nothing in it can be taken for the syntax around it.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from perfdoctor.collectors.lines import Lines
from perfdoctor.collectors.lookups import Lookups
from perfdoctor.collectors.network_calls import ACCEPT, CONNECT, FORMS, KINDS, MESSAGES, PAIR, RECEIVE, SEND
from perfdoctor.collectors.peers import PeerName, PeerSum, host_of, network_use, path_text
from perfdoctor.collectors.protocols import dns
from perfdoctor.schemas.network import SMALL_BYTES, NetworkUse

_LONGEST_LINE = 256 << 10
_MOST_KEPT = 65_536
"""connections, and calls under way"""
_QUIET = {"EAGAIN", "EINTR", "EALREADY", "EISCONN", "EINPROGRESS", "ERESTARTSYS", "ERESTARTNOINTR", "ERESTARTNOHAND"}

# 7785  1795453384.167064 connect(5<TCP:[651987]>, {sa_family=AF_INET, …}, 16) = 0 <0.000058>
_LINE = re.compile(r"(\d{1,10}) +(\d{1,12})\.(\d{6}) (.*)", re.DOTALL)
_CALL = re.compile(
    r"(\w{1,40})\((.*)\)\s+= (-?\d{1,19}|\?)(?:<(\S*?)>)?(?: (E[A-Z0-9]+) \([^()]*\))?(?: \(.*\))?"
    r" <(\d{1,9})\.(\d{6})>\Z",
    re.DOTALL,
)
_RESUMED = re.compile(r"<\.\.\. (\w+) resumed>")
_UNFINISHED, _DETACHED = " <unfinished ...>", " <detached ...>"
_FD = re.compile(r"(\d{1,10})<(.*?)>(?=, |\Z)")
# TCP:[127.0.0.1:42174->127.0.0.1:52491]   TCPv6:[[::1]:1->[::1]:2]   UNIX-STREAM:[652242->652689,"\x2f"]   UDP:[651987]
_KIND = re.compile(r"([A-Za-z0-9_-]{1,32}):\[(.*)\]\Z")
_ENDS = re.compile(r"(.+):(\d{1,5})->(.+):(\d{1,5})\Z")
_INODES = re.compile(r"(\d{1,20})(?:->(\d{1,20}))?")
_TEXT = r'"((?:\\x[0-9a-f]{2})*)"'
_INET = re.compile(rf"sin_port=htons\((\d+)\), sin_addr=inet_addr\({_TEXT}\)")
_INET6 = re.compile(rf"sin6_port=htons\((\d+)\).{{0,80}}?inet_pton\(AF_INET6, {_TEXT}")
_UNIX = re.compile(rf"sun_path=(@?){_TEXT}")
_BUFFER = re.compile(rf"<.*?>, {_TEXT}")
_PIECE = re.compile(rf"iov_base={_TEXT}")
_MESSAGE = re.compile(r"msg_len=(\d+)")
_PAIR = re.compile(r"\[(\d+)<([^\"]*?)>, (\d+)<([^\"]*?)>\]")
# getsockopt(5<…>, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4])
_OUTCOME = re.compile(r"SOL_SOCKET, SO_ERROR, \[(0|E[A-Z0-9]+)\]")
_TRANSPORTS = {"TCP": "tcp", "TCPv6": "tcp", "UDP": "udp", "UDPv6": "udp", "UNIX-STREAM": "unix",
               "UNIX": "unix-datagram", "UNIX-DGRAM": "unix-datagram", "UNIX-SEQPACKET": "unix-packet"}  # fmt: skip
_ENDED = re.compile(r"\+\+\+ (?:exited with|killed by|superseded by) ")


class _Call(NamedTuple):
    """One call that has ended; times in nanoseconds. ``opened`` describes a descriptor that it returned."""

    pid: int
    name: str
    arguments: str
    result: int
    opened: str
    errno: str
    began: int
    took: int


@dataclass(slots=True)
class _Connection:
    number: int
    transport: str
    peer: PeerSum | None = None
    incoming: bool = False
    connecting: bool = False
    direction: str = ""
    turn_ns: int = 0

    @property
    def is_datagram(self) -> bool:
        return self.transport in ("udp", "unix-datagram")


class SocketReader:
    """Feed it chunks, then ``close``. ``process_of`` tells the process of a thread; ``listening`` are the target's TCP
    ports, ``known`` the names of connections that are open already, by inode; ``only`` this process is followed."""

    def __init__(
        self,
        process_of: Callable[[int], int | None],
        listening: Iterable[int] = (),
        known: Mapping[int, PeerName] | None = None,
        only: int | None = None,
    ) -> None:
        self.calls = self.lines = self.not_understood = 0
        self.ended: set[int] = set()
        self.by_name: Counter[str] = Counter()
        self._process_of = process_of
        self._processes: dict[int, int] = {}
        self._only = only
        self._listening = frozenset(listening)
        self._known = dict(known or {})
        self._lines = Lines(_LONGEST_LINE)
        self._begun: dict[int, tuple[int, str]] = {}
        self._open: dict[tuple[int, int], _Connection] = {}
        self._by_text: dict[str, _Connection] = {}
        self._peers: dict[PeerName, PeerSum] = {}
        self._lookups: Lookups[int] = Lookups()
        self._uring = False

    def feed(self, chunk: bytes) -> None:
        for line in self._lines.of(chunk):
            self._read(line)

    def close(self) -> None:
        self.not_understood += self._lines.too_long + bool(self._lines.last())
        self._begun.clear()

    def use(self) -> NetworkUse:
        peers = [peer.peer(sampled=False) for peer in self._peers.values()]
        return network_use(peers, names=self._lookups.names(lambda _: ()), uring=self._uring)

    # -- lines ---------------------------------------------------------------------------------------------------------

    def _read(self, line: bytes) -> None:
        self.lines += 1
        found = _LINE.match(line.decode("utf-8", "replace"))
        if not found:
            self.not_understood += 1
            return
        tid, at, text = int(found[1]), int(found[2]) * 10**9 + int(found[3]) * 1000, found[4]
        if text.startswith("+++ "):
            if _ENDED.match(text) and len(self.ended) < _MOST_KEPT:
                self.ended.add(tid)
            self._begun.pop(tid, None)
        elif not text.startswith("--- "):
            self._read_call(tid, at, text)

    def _read_call(self, tid: int, at: int, text: str) -> None:
        resumed = _RESUMED.match(text)
        if resumed:
            began, begun = self._begun.pop(tid, (at, ""))
            if not begun:
                return  # it was under way when strace came: on what is not known
            at, text = began, begun + text[resumed.end() :]
        if text.endswith(_UNFINISHED):
            if len(self._begun) < _MOST_KEPT:
                self._begun[tid] = (at, text.removesuffix(_UNFINISHED))
            return
        if text.endswith((_DETACHED, " = ?")):
            return  # it did not end
        found = _CALL.match(text)
        if not found:
            self.not_understood += 1
            return
        name, arguments, result, opened, errno, seconds, micros = found.groups()
        if result == "?":
            return  # interrupted, and begun again: that is printed, too
        pid = self._process(tid)
        if self._only not in (None, pid):
            return
        self.calls += 1
        self.by_name[name] += 1
        ns = int(seconds) * 10**9 + int(micros) * 1000
        self._called(_Call(pid, name, arguments, int(result), opened or "", errno or "", at, ns))

    def _process(self, tid: int) -> int:
        if tid not in self._processes:
            if len(self._processes) > _MOST_KEPT:
                self._processes.clear()
            self._processes[tid] = self._process_of(tid) or tid
        return self._processes[tid]

    # -- calls ---------------------------------------------------------------------------------------------------------

    def _called(self, call: _Call) -> None:
        pid, name, kind = call.pid, call.name, KINDS.get(call.name)
        found = _FD.match(call.arguments)
        if name == "io_uring_enter":
            self._uring = True
        elif name == "socket":
            self._made(call)
        elif kind == PAIR:
            self._paired(pid, call.arguments)
        elif found:
            fd, text = int(found[1]), found[2]
            if name == "close":
                self._closed(pid, fd, text)
            elif name.startswith("dup"):
                connection = self._at(pid, fd, text)
                if connection and call.result >= 0:
                    self._keep(pid, call.result, connection)
            elif name == "getsockopt":
                self._settled(pid, fd, call.arguments)
            elif kind == CONNECT:
                self._connect(call, fd, text)
            elif kind == ACCEPT:
                self._accept(call, text)
            elif kind in (SEND, RECEIVE):
                connection = self._at(pid, fd, text)
                looks = kind == RECEIVE and ("MSG_PEEK" in call.arguments or "MSG_ERRQUEUE" in call.arguments)
                if connection and not looks:
                    self._talked(call, connection)

    def _made(self, call: _Call) -> None:
        described = _KIND.match(call.opened)
        if call.result >= 0 and described:
            is_datagram = "SOCK_DGRAM" in call.arguments and described[1].startswith("UNIX")
            transport = "unix-datagram" if is_datagram else _transport(described[1])
            self._keep(call.pid, call.result, _Connection(self.calls, transport))

    def _keep(self, pid: int, fd: int, connection: _Connection) -> None:
        if len(self._open) >= _MOST_KEPT:
            self._open.pop(next(iter(self._open)))
        self._open[pid, fd] = connection

    def _peer(self, name: PeerName) -> PeerSum:
        return self._peers.setdefault(name, PeerSum(name))

    def _at(self, pid: int, fd: int, text: str) -> _Connection | None:
        """The connection behind a descriptor; None where it is no socket."""
        described = _KIND.match(text)
        if not described:
            return None
        connection = self._open.get((pid, fd)) or self._by_text.get(text)
        if connection is None:
            connection = self._met(fd, described[1], described[2])
        self._keep(pid, fd, connection)
        if "->" in text:
            if connection.connecting:
                self._established(connection, pid)
            if len(self._by_text) >= _MOST_KEPT:
                self._by_text.clear()
            self._by_text[text] = connection
        return connection

    def _met(self, fd: int, kind: str, ends: str) -> _Connection:
        """One that was inherited from another process of the target, or was open before the window."""
        connection = _Connection(self.calls, _transport(kind))
        name: PeerName | None = None
        if inet := _ENDS.match(ends):
            name = self._inet_name(connection.transport, inet)
        elif inode := _INODES.match(ends):
            name = self._known.get(int(inode[1]))
        if name is None and not connection.is_datagram:
            name = PeerName(connection.transport, "outgoing", "(unnamed)")
        for (_, number), other in self._open.items():
            if number == fd and name and other.peer and other.peer.name == name:
                return other
        if name:
            connection.peer = self._peer(name)
            connection.incoming = name.direction == "incoming"
            connection.peer.known += 1
        return connection

    def _inet_name(self, transport: str, ends: re.Match[str], incoming: bool = False) -> PeerName:
        port, other = int(ends[2]), int(ends[4])
        if incoming or (transport == "tcp" and port in self._listening):
            return PeerName(transport, "incoming", host_of(ends[3]), f":{port}", port)
        return PeerName(transport, "outgoing", f"{host_of(ends[3])}:{other}", "", other)

    # -- connections ---------------------------------------------------------------------------------------------------

    def _connect(self, call: _Call, fd: int, text: str) -> None:
        pid, errno = call.pid, call.errno
        described, connection = _KIND.match(text), self._open.get((pid, fd))
        if not described or errno in ("EALREADY", "EISCONN"):
            return
        if connection and connection.connecting and not errno:
            self._established(connection, pid)
            return
        if connection is None:
            connection = _Connection(self.calls, _transport(described[1]))
        name = _address(connection.transport, call.arguments)
        if name is None:
            return
        connection.peer = self._peer(name)
        connection.direction = ""
        self._keep(pid, fd, connection)
        if connection.is_datagram and not errno:
            return
        if not errno:
            connection.peer.connect.add(call.took)
            connection.peer.row(pid, ()).opened += 1
        elif errno in ("EINPROGRESS", "EINTR") or errno.startswith("ERESTART"):
            connection.connecting = True
        else:
            connection.peer.errors["connect", errno] += 1

    def _established(self, connection: _Connection, pid: int) -> None:
        connection.connecting = False
        if connection.peer:
            connection.peer.row(pid, ()).opened += 1

    def _settled(self, pid: int, fd: int, arguments: str) -> None:
        connection, outcome = self._open.get((pid, fd)), _OUTCOME.search(arguments)
        if connection and connection.connecting and connection.peer and outcome:
            if outcome[1] == "0":
                self._established(connection, pid)
            else:
                connection.connecting = False
                connection.peer.errors["connect", outcome[1]] += 1

    def _closed(self, pid: int, fd: int, text: str) -> None:
        connection = self._open.get((pid, fd))
        if connection and connection.connecting and connection.peer:
            if "->" in text:
                self._established(connection, pid)
            else:
                connection.connecting = False
                connection.peer.errors["connect", ""] += 1
        self._open.pop((pid, fd), None)

    def _accept(self, call: _Call, listener: str) -> None:
        pid, errno, opened = call.pid, call.errno, call.opened
        described, new = _KIND.match(listener), _KIND.match(opened)
        if not described or errno in _QUIET:
            return
        transport = _transport(described[1])
        inet = _ENDS.match(new[2]) if new else None
        if inet:
            name = self._inet_name(transport, inet, incoming=True)
        elif transport.startswith("unix"):
            path = re.search(_TEXT, listener)
            name = PeerName(transport, "incoming", "(unnamed)", path_text(_bytes(path[1])) if path else "(unnamed)")
        else:
            port = described[2].rpartition(":")[2]
            name = PeerName(transport, "incoming", "(unknown)", f":{port}" if port.isdecimal() else "")
        peer = self._peer(name)
        if errno:
            peer.errors["accept", errno] += 1
            return
        peer.row(pid, ()).opened += 1
        connection = _Connection(self.calls, transport, peer, incoming=True)
        self._keep(pid, call.result, connection)
        if "->" in opened:
            self._by_text[opened] = connection

    def _paired(self, pid: int, arguments: str) -> None:
        pair = _PAIR.search(arguments)
        described = _KIND.match(pair[2]) if pair else None
        if not pair or not described:
            return
        peer = self._peer(PeerName(_transport(described[1]), "outgoing", "(unnamed)"))
        peer.row(pid, ()).opened += 1
        for fd in (pair[1], pair[3]):
            self._keep(pid, int(fd), _Connection(self.calls, peer.name.transport, peer))

    # -- what is said --------------------------------------------------------------------------------------------------

    def _talked(self, call: _Call, connection: _Connection) -> None:
        pid, name, arguments, result, errno = call.pid, call.name, call.arguments, call.result, call.errno
        sends, now = KINDS[name] == SEND, call.began + call.took
        peer = connection.peer
        if connection.is_datagram and (named := _address(connection.transport, arguments)):
            peer = self._peer(named)
        if peer is None:
            peer = self._peer(PeerName(connection.transport, "outgoing", "(unnamed)"))
        if errno:
            if errno not in _QUIET:
                peer.errors["send" if sends else "receive", errno] += 1
            return
        lengths = [int(n) for n in _MESSAGE.findall(arguments)][:result] if FORMS.get(name) == MESSAGES else []
        size, messages = (sum(lengths), result) if lengths else (result, 1)
        row = peer.row(pid, ())
        if sends:
            row.sends += messages
            row.sent_bytes += size
            if size < SMALL_BYTES * messages:
                row.small_sends += messages
                row.small_bytes += size
        else:
            row.receives += messages
            row.received_bytes += size
        if not size and not connection.is_datagram:
            connection.direction = connection.direction if sends else ""
            return
        asked, said = "received" if connection.incoming else "sent", "sent" if sends else "received"
        before, connection.direction = connection.direction, said
        is_lookup = connection.transport == "udp" and peer.name.port == dns.PORT
        if said == asked:
            connection.turn_ns = now
            if before != asked:
                row.requests += 1
                if not is_lookup:
                    data = _payload(name, arguments)
                    peer.hear(data, lengths[0] if lengths else size, pid, (), connection.number)
        elif before == asked:
            waited = max(0, now - connection.turn_ns)
            row.answered += 1
            row.wait_ns += waited
            peer.turn.add(waited)
        if is_lookup:
            for i, data in enumerate(_payloads(name, arguments)[:messages]):
                length = lengths[i] if i < len(lengths) else size
                self._lookups.hear(
                    data, length, socket=connection.number, server=peer.name.address, pid=pid, stack=0, at_ns=now
                )


def _transport(kind: str) -> str:
    return _TRANSPORTS.get(kind, kind.lower())


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _payloads(name: str, arguments: str) -> list[bytes]:
    """The first bytes of each message."""
    if FORMS.get(name):
        return [_bytes(piece) for piece in _PIECE.findall(arguments[: _LONGEST_LINE // 4]) if piece]
    buffer = _BUFFER.search(arguments)
    return [_bytes(buffer[1])] if buffer else []


def _payload(name: str, arguments: str) -> bytes:
    return next(iter(_payloads(name, arguments)), b"")


def _address(transport: str, arguments: str) -> PeerName | None:
    """Whom an address in the arguments names; None where there is none."""
    inet = _INET.search(arguments) or _INET6.search(arguments)
    if inet:
        host = host_of(_bytes(inet[2]).decode("latin-1"))
        return PeerName(transport, "outgoing", f"{host}:{inet[1]}", "", int(inet[1]))
    unix = _UNIX.search(arguments)
    if unix:
        path = _bytes(unix[2])
        return PeerName(transport, "outgoing", path_text(b"\0" + path if unix[1] else path))
    return None
