"""Whom does a process talk to, how often, and how well?"""

import contextlib
from collections.abc import Awaitable, Callable

from anyio import to_thread

from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.bpf.sockets import SocketPart
from perfdoctor.collectors.backends.bpf.wanted import Wanted
from perfdoctor.collectors.backends.sockets import backend as sockets
from perfdoctor.collectors.backends.sockets.snapshot import Snapshot, look
from perfdoctor.collectors.backends.strace import backend as strace
from perfdoctor.collectors.backends.strace.network import trace_network
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.ladder import Rung, climb, must_be_asked_well
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.owners import owners
from perfdoctor.collectors.peers import PeerName, network_use
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.progress import Progress, silent
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.network import NetworkUse, Peer
from perfdoctor.schemas.recording import TargetCost
from perfdoctor.schemas.target import Target

_SECONDS_PER_SOCKET_CALL = 1.1e-6
"""what the engine adds to a call on a socket, beside what it adds to every call (bench/overhead.py)"""
_FOLLOWED = 24_000
"""connections, somewhat below what the engine's table holds"""
BACKENDS = (bpf.NAME, strace.NAME, sockets.NAME)


async def measure(
    host: Host, target: Target, *, seconds: float, backend: str = "auto", progress: Progress = silent
) -> Evidence:
    """Every peer that ``target`` talked to in ``seconds``: connections, requests, turns, bytes, round-trip times,
    errors, and the requests' shapes, by source line.

    The evidence has ``network``; from the BPF engine also ``syscalls``, ``threads``, ``waits`` and ``children``. strace
    knows no lines and stops the target at each call; ``sockets`` only polls the kernel's tables and sees no request.
    What splice(2) moves is not counted, nor what goes through io_uring.
    ProblemError when no backend can answer; ends early, marked partial, when the target exits."""
    must_be_asked_well(BACKENDS, backend, seconds)

    async def by_engine() -> Evidence:
        async def window(part: SocketPart) -> Evidence:
            return await bpf.observe(host, target, seconds=seconds, wanted=Wanted(part=part), progress=progress)

        return await beside(host, target, window)

    async def by_strace() -> Evidence:
        before = await to_thread.run_sync(_look, host, target)
        listening = before.listening if before else ()
        known = {inode: connection.name for inode, connection in before.connections.items()} if before else {}
        measured = await trace_network(
            host, target, seconds=seconds, listening=listening, known=known, progress=progress
        )
        after = await to_thread.run_sync(_look, host, target)
        use = await to_thread.run_sync(_completed, host, measured.profile, before, after)
        collections = {"network": measured.collection}
        return Evidence(target=target, window=measured.window, collections=collections, network=use)

    async def by_sockets() -> Evidence:
        measured = await sockets.watch(host, target, seconds=seconds, progress=progress)
        return await to_thread.run_sync(_evidence, host, target, measured)

    rungs = (
        Rung(bpf.NAME, bpf.unavailable, by_engine),
        Rung(strace.NAME, strace.unavailable, by_strace),
        Rung(sockets.NAME, sockets.unavailable, by_sockets),
    )
    return await climb(host, target, backend, rungs)


async def beside(host: Host, target: Target, window: Callable[[SocketPart], Awaitable[Evidence]]) -> Evidence:
    """What ``window`` measures by the engine with that part, and ``network``: whom the target talked to meanwhile."""
    before = await to_thread.run_sync(_look, host, target)
    part = SocketPart(lambda: now.listening if (now := _look(host, target)) else ())
    evidence = await window(part)
    after = await to_thread.run_sync(_look, host, target)
    how = evidence.collections["syscalls"]
    lacks, warnings = list(how.lacks), [*how.warnings, *part.warnings()]
    if before is None:
        lacks.append("connections that were open and idle")
    use = evidence.network or NetworkUse()
    if use.uring:
        warnings.append("it uses io_uring: what goes through it is not counted here")
    if sum(peer.opened or 0 for peer in use.peers) > _FOLLOWED:
        warnings.append("more connections were opened than can be followed: of some, a turn may be counted as two")
    how = how.model_copy(
        update={
            "exact": how.exact and not part.missed,
            "lost": how.lost + part.missed,
            "lacks": tuple(lacks),
            "warnings": tuple(warnings),
            "cost": _cost(how.cost, use),
        }
    )
    use = await to_thread.run_sync(_completed, host, use, before, after)
    return evidence.model_copy(update={"collections": {**evidence.collections, "network": how}, "network": use})


def _cost(cost: TargetCost, use: NetworkUse) -> TargetCost:
    calls = sum((peer.sends or 0) + (peer.receives or 0) + (peer.opened or 0) for peer in use.peers)
    return cost.model_copy(update={"estimated_seconds": cost.estimated_seconds + calls * _SECONDS_PER_SOCKET_CALL})


def _evidence(host: Host, target: Target, measured: Measured[NetworkUse]) -> Evidence:
    after = _look(host, target)
    use = measured.profile.model_copy(update={"peers": _named(host, measured.profile.peers, after)})
    return Evidence(target=target, window=measured.window, collections={"network": measured.collection}, network=use)


def _look(host: Host, target: Target) -> Snapshot | None:
    """The connections that are open now; None where the target is gone or its namespace may not be asked."""
    with contextlib.suppress(OSError):
        return look(host, target.pid, tree(host, target))
    return None


def _completed(host: Host, use: NetworkUse, before: Snapshot | None, after: Snapshot | None) -> NetworkUse:
    """With the connections that stood open, those nobody used among them."""
    at_start = sockets.peer_connections(before.connections) if before else {}
    at_end = sockets.peer_connections(after.connections) if after else {}
    peers = {_name_of(peer): peer for peer in use.peers}
    for name in {*at_start, *at_end} - set(peers):
        peers[name] = Peer(
            transport=name.transport, direction=name.direction, address=name.address, local=name.local, side=name.side
        )
    completed = []
    for name, peer in peers.items():
        known = len(at_start.get(name, ()))
        changes: dict[str, object] = {"already_open": max(peer.already_open or 0, known)}
        if before is None and not peer.already_open:
            changes["already_open"] = None
        if after is not None:
            changes["open_at_end"] = len(at_end.get(name, ()))
        rtts = [c.socket.info.rtt_seconds for c in at_end.get(name, ()) if c.socket.info]
        if peer.rtt_seconds is None and rtts:
            changes |= {"rtt_seconds": sum(rtts) / len(rtts), "max_rtt_seconds": max(rtts)}
        completed.append(peer.model_copy(update=changes))
    rest = use.model_dump(include={"sampled_requests", "uring"})
    made = network_use(_named(host, tuple(completed), after or before))
    return made.model_copy(
        update={
            **rest,
            "names": use.names,
            "awaited": use.awaited,
            "omitted_peers": made.omitted_peers + use.omitted_peers,
        }
    )


def _name_of(peer: Peer) -> PeerName:
    port = peer.address if peer.direction == "outgoing" else peer.local
    number = port.rpartition(":")[2] if peer.transport in ("tcp", "udp", "raw") else ""
    return PeerName(peer.transport, peer.direction, peer.address, peer.local, int(number) if number.isdecimal() else 0)


def _named(host: Host, peers: tuple[Peer, ...], now: Snapshot | None) -> tuple[Peer, ...]:
    """With the program that listens where a local peer was called."""
    if now is None:
        return peers
    called: dict[int, int] = {}
    for i, peer in enumerate(peers):
        if peer.side != "local" or peer.direction != "outgoing":
            continue
        at = peer.address if peer.transport.startswith("unix") else f":{peer.address.rpartition(':')[2]}"
        inode = now.listeners.get(at)
        if inode is not None:
            called[i] = inode
    names = owners(host, set(called.values()))
    return tuple(
        peer.model_copy(update={"program": names.get(called.get(i, 0), "")}) if i in called else peer
        for i, peer in enumerate(peers)
    )
