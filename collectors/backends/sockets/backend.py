"""Polls the kernel's tables of sockets: who is connected, bytes and round-trip times; no single request."""

import time
from collections import defaultdict

import anyio
from anyio import to_thread

from perfdoctor.collectors.backends.sockets.snapshot import Connection, Snapshot, look
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.peers import PeerName, network_use
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.progress import Progress
from perfdoctor.schemas.network import NetworkUse, Peer
from perfdoctor.schemas.problem import Problem
from perfdoctor.schemas.recording import Collection, Window
from perfdoctor.schemas.target import Target

NAME = "sockets"
_POLL_SECONDS = 0.1
_MOST_CONNECTIONS = 100_000


def unavailable(host: Host, target: Target | None = None) -> Problem | None:
    """Why the tables cannot be read; None when they can."""
    pid = target.pid if target else "self"
    try:
        host.list_folder(f"/proc/{pid}/fd")
    except PermissionError:
        return Problem(
            what="The sockets of this process cannot be told.",
            why=f"/proc/{pid}/fd may not be read: it belongs to another user.",
            next_step="Run perfdoctor as root, or ask about a process of your own.",
        )
    except OSError:
        return None if target is None else _gone(target.pid)
    return None


def _gone(pid: int) -> Problem:
    return Problem(
        what=f"There is no process {pid}.",
        why="It has ended.",
        next_step="Call proc-find to see which processes there are.",
    )


class _History:
    """Every connection that was met: as it was first and last seen."""

    def __init__(self, first: Snapshot) -> None:
        self.start = first
        self.first = dict(first.connections)
        self.last = dict(first.connections)
        self.end = first
        self.polls = 1

    def add(self, now: Snapshot) -> None:
        self.polls += 1
        self.end = now
        for inode, connection in now.connections.items():
            if len(self.first) < _MOST_CONNECTIONS:
                self.first.setdefault(inode, connection)
            self.last[inode] = connection


async def watch(host: Host, target: Target, *, seconds: float, progress: Progress) -> Measured[NetworkUse]:
    """Ten looks a second. ProblemError or OSError when the namespace may not be asked; ends early with the target."""

    def now() -> Snapshot:
        return look(host, target.pid, tree(host, target))

    started, began = time.time(), time.monotonic()
    history = _History(await to_thread.run_sync(now))
    progress(0.0, "attached")
    partial = None
    while (elapsed := time.monotonic() - began) < seconds:
        await anyio.sleep(min(_POLL_SECONDS, seconds - elapsed))
        try:
            history.add(await to_thread.run_sync(now))
        except OSError:
            partial = "the target ended"
            break
        open_now = len(history.end.connections)
        progress(time.monotonic() - began, f"{open_now:,} connections open, {len(history.first):,} seen")
    window = Window(started=started, seconds=time.monotonic() - began, partial=partial)
    return Measured(_use(history), _collection(history), window)


def _use(history: _History) -> NetworkUse:
    by_name: defaultdict[PeerName, list[int]] = defaultdict(list)
    for inode, connection in history.first.items():
        by_name[connection.name].append(inode)
    return network_use(_peer(history, name, inodes) for name, inodes in by_name.items())


def _peer(history: _History, name: PeerName, inodes: list[int]) -> Peer:
    before = sum(inode in history.start.connections for inode in inodes)
    sent = received = again = 0
    rtts: list[float] = []
    for inode in inodes:
        last = history.last[inode].socket.info
        first = history.first[inode].socket.info if inode in history.start.connections else None
        if last is None:
            continue
        sent += last.bytes_sent - (first.bytes_sent if first else 0)
        received += last.bytes_received - (first.bytes_received if first else 0)
        again += last.retransmits - (first.retransmits if first else 0)
        rtts.append(last.rtt_seconds)
    return Peer(
        transport=name.transport,
        direction=name.direction,
        address=name.address,
        local=name.local,
        side=name.side,
        opened=len(inodes) - before,
        already_open=before,
        open_at_end=sum(inode in history.end.connections for inode in inodes),
        requests=None,
        sends=None,
        small_sends=None,
        receives=None,
        sent_bytes=max(0, sent),
        received_bytes=max(0, received),
        rtt_seconds=sum(rtts) / len(rtts) if rtts else None,
        max_rtt_seconds=max(rtts, default=None),
        retransmits=max(0, again) if name.transport == "tcp" else None,
    )


def _collection(history: _History) -> Collection:
    warnings = ["connections that lived less than a tenth of a second may be missing"]
    if history.start.cut:
        warnings.append("a process has more open files than were looked at")
    lacks = (
        "requests and turns",
        "sends and receives",
        "connect times",
        "errors",
        "name look-ups",
        "bytes of Unix and UDP sockets",
        "stacks",
    )
    return Collection(backend=NAME, exact=False, lacks=lacks, warnings=tuple(warnings))


def peer_connections(connections: dict[int, Connection]) -> dict[PeerName, list[Connection]]:
    """What a snapshot holds, by peer."""
    by_name: defaultdict[PeerName, list[Connection]] = defaultdict(list)
    for connection in connections.values():
        by_name[connection.name].append(connection)
    return dict(by_name)
