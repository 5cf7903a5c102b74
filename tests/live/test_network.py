"""trace-network on clients and servers whose every connection, request and turn is known."""

import gzip
import os
import shutil
import socket
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from perfdoctor.collectors import network
from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.strace import backend as strace
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.network import Peer
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.target import Target
from perfdoctor.server.answers.network import network_answer
from perfdoctor.server.formatters.network import say
from perfdoctor.server.store.recording import Kind
from tests.live.need import need
from tests.live.servers import ANSWER, DNS_ADDRESS, Servers, servers
from tests.live.workload import Workload, workload
from tests.server import stores
from tests.workloads import known_server as served
from tests.workloads import known_traffic as known

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Servers]:
    with servers(tmp_path) as made:
        yield made


def target_of(pid: int) -> Target:
    return Target(pid=pid, start_time=0.0, name="workload")


async def trace_its_work(program: Workload, backend: str, *, children: bool = True) -> Evidence:
    """Attach, let it talk, and end it, which closes the window."""
    found: list[Evidence] = []
    heard = anyio.Event()

    def hear(_elapsed: float, _message: str) -> None:
        nonlocal heard
        heard.set()
        heard = anyio.Event()

    async with anyio.create_task_group() as tasks:

        async def trace() -> None:
            target = target_of(program.pid).model_copy(update={"children": children})
            found.append(await network.measure(HOST, target, seconds=60, backend=backend, progress=hear))

        tasks.start_soon(trace)
        await heard.wait()
        await program.tell("go")
        assert (await program.line()).strip() == "done"
        await heard.wait()
        await program.stop()
    return found[0]


def peers_of(evidence: Evidence) -> dict[str, Peer]:
    """By transport and address."""
    assert evidence.network is not None
    return {f"{p.transport} {p.local if p.direction == 'incoming' else p.address}": p for p in evidence.network.peers}


def figures(peer: Peer) -> tuple[int | None, ...]:
    """(opened, open before, requests, answered, sends, sent bytes, small sends, receives, received bytes)"""
    return (
        peer.opened, peer.already_open, peer.requests, peer.turn.times, peer.sends, peer.sent_bytes, peer.small_sends,
        peer.receives, peer.received_bytes,
    )  # fmt: skip


def turned(opened: int, before: int, turns: int, size: int) -> tuple[int | None, ...]:
    """What ``turns`` of one small send of ``size`` bytes in all and one answer each come to."""
    return opened, before, turns, turns, turns, size, turns, turns, turns * len(ANSWER)


def shapes(peer: Peer) -> dict[str, int]:
    """Of all stacks together: a call that was under way when the window began has none."""
    seen: Counter[str] = Counter()
    for said in peer.statements:
        seen[said.shape] += said.seen
    return dict(seen)


def line_of(marker: str) -> int:
    text = Path(known.__file__).read_text().splitlines()
    return next(number for number, line in enumerate(text, 1) if line.endswith(f"# @{marker}"))


def assert_known_traffic(peers: dict[str, Peer], at: dict[str, int | str]) -> None:
    """All that every backend that sees calls must see, to the last one."""

    def tcp(name: str) -> Peer:
        return peers[f"tcp 127.0.0.1:{at[name]}"]

    assert figures(tcp("before")) == turned(0, 1, known.BEFORE_TURNS, 5 * known.BEFORE_TURNS)
    assert (tcp("http").opened, tcp("http").requests, tcp("http").turn.times) == (1, known.KEEP_ALIVE, known.KEEP_ALIVE)
    new = tcp("http_new")
    # http.client sends a request's head and its body apart
    assert (new.opened, new.requests, new.turn.times, new.sends) == (*[known.PER_REQUEST] * 3, 2 * known.PER_REQUEST)
    assert [(e.call, e.errno, e.times) for e in tcp("refused").errors] == [("connect", "ECONNREFUSED", known.REFUSED)]
    small = known.SMALL_TURNS * known.SMALL_BYTES
    assert figures(tcp("small"))[:7] == (1, 0, known.SMALL_TURNS, known.SMALL_TURNS, small, small, small)
    unix = known.UNIX_TURNS
    assert figures(peers[f"unix {at['unix']}"]) == turned(1, 0, unix, 5 * unix)
    sink = peers[f"unix-datagram {at['datagram']}"]
    assert (sink.opened, sink.sends, sink.sent_bytes) == (0, known.DATAGRAMS, 8 * known.DATAGRAMS)
    assert tcp("waiting").opened == known.WAITING_CONNECTS
    assert figures(tcp("threads")) == turned(2, 0, 2 * known.THREAD_TURNS, 10 * known.THREAD_TURNS)
    assert figures(tcp("fork")) == turned(1, 0, known.FORK_TURNS, 5 * known.FORK_TURNS)
    assert figures(peers[f"tcp [::1]:{at['six']}"]) == turned(*[known.SIX_CONNECTS, 0], known.SIX_CONNECTS, 15)
    pair = peers["unix (unnamed)"]
    assert (pair.opened, pair.sends, pair.sent_bytes, pair.receives) == (
        1,
        known.PAIR_TURNS,
        5 * known.PAIR_TURNS,
        known.PAIR_TURNS,
    )
    assert (tcp("vector").requests, tcp("vector").sent_bytes) == (known.VECTOR_TURNS, 27 * known.VECTOR_TURNS)
    assert shapes(tcp("http")) == {"GET /users/?/orders?token=?&page=?": known.KEEP_ALIVE}
    assert shapes(tcp("http_new")) == {"POST /orders/new": known.PER_REQUEST}
    assert shapes(tcp("postgres")) == {
        "SELECT name FROM users WHERE email = ? AND id IN (?)": known.QUERIES,
        "UPDATE users SET secret = ? WHERE id = ?": known.PREPARED + known.RUN_AGAIN,
        "(start of a session)": 1,
        "(authentication)": 1,
    }
    assert shapes(tcp("mysql")) == {"INSERT INTO log(who, what) VALUES (?)": known.MY_QUERIES}
    assert shapes(tcp("redis")) == {"SET session:?:?": known.COMMANDS, "AUTH": 1}
    mails = known.MAIL_SESSIONS * known.MAILS
    of_sessions = dict.fromkeys(("EHLO ?", "AUTH ?", "QUIT"), known.MAIL_SESSIONS)
    assert shapes(tcp("mail")) == of_sessions | dict.fromkeys(("MAIL FROM:?", "RCPT TO:?", "DATA", "(mail)"), mails)
    protocols = {name: tcp(name).protocol for name in ("http", "postgres", "mysql", "redis", "mail", "tls", "before")}
    assert protocols == {
        "http": "HTTP/1", "postgres": "PostgreSQL", "mysql": "MySQL", "redis": "Redis", "mail": "SMTP",
        "tls": "TLS", "before": "",
    }  # fmt: skip
    assert tcp("tls").opaque
    assert not tcp("tls").statements


def assert_answers_are_looked_at(peer: Peer) -> None:
    """Only the engine does: at what they say of themselves, and whether their bytes are compressed."""
    assert [(e.call, e.errno, e.times) for e in peer.errors] == [("answer", "HTTP 503", known.UNABLE)]
    assert sum(row.failed for row in peer.rows) == known.UNABLE
    assert peer.received_shrinks_to is not None and peer.received_shrinks_to < 0.3
    assert peer.sent_shrinks_to is None
    (awaited,) = peer.awaited
    assert 0 < awaited.seconds <= peer.turn.seconds + 1e-6


def assert_names(evidence: Evidence) -> None:
    assert evidence.network is not None
    seen = {(n.name, n.kind, n.server): (n.queries, n.failed, n.answer.times) for n in evidence.network.names}
    server = f"{DNS_ADDRESS}:53"
    assert seen == {
        ("db-?.shop.example", "A", server): (known.NAMES, 0, known.NAMES),
        ("missing.shop.example", "A", server): (known.MISSING_NAMES, known.MISSING_NAMES, known.MISSING_NAMES),
        ("loose.shop.example", "A", server): (known.LOOSE_NAMES, 0, known.LOOSE_NAMES),
    }


async def assert_no_secret(evidence: Evidence, folder: Path) -> None:
    """Neither in the evidence, nor in the answer in either form, nor in what is kept on disk."""
    answer = network_answer("r-x", evidence, rows=1000, others=1000)
    texts = [evidence.model_dump_json(), answer.model_dump_json(), say(answer)]
    folder.mkdir(mode=0o700, exist_ok=True)
    store = stores.recordings(folder)
    await store.add("r-x", Kind.NETWORK, answer.summary, evidence)
    with closing(sqlite3.connect(folder / "recordings.db")) as database:
        packed = b"".join(part for (part,) in database.execute("SELECT data FROM evidence ORDER BY part"))
    texts.append(gzip.decompress(packed).decode())
    texts += [path.read_bytes().decode("latin-1") for path in folder.iterdir()]
    for text in texts:
        assert known.SECRET not in text
        assert known.SECRET[:7] not in text


async def test_every_peer_of_a_python_client_is_exact(running: Servers, tmp_path: Path) -> None:
    need(bpf.unavailable(HOST) is None, "the engine cannot run")
    async with workload("known_traffic.py", running.argument) as program:
        evidence = await trace_its_work(program, "bpf")
    peers = peers_of(evidence)
    assert_known_traffic(peers, running.at)
    assert_names(evidence)
    assert_answers_are_looked_at(peers[f"tcp 127.0.0.1:{running.at['unable']}"])
    assert sum(row.failed for row in peers[f"tcp 127.0.0.1:{running.at['refused']}"].rows) == known.REFUSED
    idle = peers[f"tcp 127.0.0.1:{running.at['idle']}"]
    assert (idle.opened, idle.already_open, idle.requests) == (0, 1, 0)
    http = peers[f"tcp 127.0.0.1:{running.at['http']}"]
    assert peers[f"tcp 127.0.0.1:{running.at['waiting']}"].connect.times == known.WAITING_CONNECTS
    assert http.side == "local"
    assert http.program.endswith(f"(pid {os.getpid()})")
    assert http.rtt_seconds and http.retransmits == 0
    assert all(sum(p.connect.histogram) == p.connect.times for p in peers.values())
    how = evidence.collections["network"]
    assert (how.backend, how.exact, how.lost) == ("bpf", True, 0)
    assert evidence.window.partial == "the target ended"
    await assert_no_secret(evidence, tmp_path / "state")


async def test_strace_sees_the_same_traffic(running: Servers, tmp_path: Path) -> None:
    problem = strace.unavailable(HOST)
    need(problem is None, f"strace cannot run: {problem}")
    async with workload("known_traffic.py", running.argument) as program:
        evidence = await trace_its_work(program, "strace")
    how = evidence.collections["network"]
    assert (how.backend, how.cost.kind, how.not_understood) == ("strace", "stops", 0)
    assert_known_traffic(peers_of(evidence), running.at)
    assert_names(evidence)
    assert not any(row.stack for peer in peers_of(evidence).values() for row in peer.rows)
    await assert_no_secret(evidence, tmp_path / "state")


async def test_every_send_is_charged_to_its_line(running: Servers) -> None:
    need(bpf.unavailable(HOST) is None, "the engine cannot run")
    async with workload("known_traffic.py", running.argument) as program:
        evidence = await trace_its_work(program, "bpf")
    answer = network_answer("r-x", evidence, rows=1000, others=1000)
    lines = {(at.location.line, at.location.function): at for at in answer.lines if at.location}
    expected = {
        ("keep-alive", "keep_alive"): (known.KEEP_ALIVE, known.KEEP_ALIVE),
        ("per-request", "per_request"): (known.PER_REQUEST, 2 * known.PER_REQUEST),
        ("small", "small"): (known.SMALL_TURNS, known.SMALL_TURNS * known.SMALL_BYTES),
        ("query", "postgres"): (known.QUERIES, known.QUERIES),
        ("name", "names"): (known.NAMES + known.MISSING_NAMES,) * 2,
        ("loose", "names"): (known.LOOSE_NAMES,) * 2,
        ("datagram", "datagrams"): (1, known.DATAGRAMS),
    }
    for (marker, function), (requests, sends) in expected.items():
        line = lines[line_of(marker), function]
        assert (line.requests, line.sends) == (requests, sends), marker
    (query,) = (s for s in answer.statements if s.shape.startswith("SELECT"))
    assert query.location and query.location.line == line_of("query")


async def test_a_c_client_is_exact(running: Servers) -> None:
    need(bpf.unavailable(HOST) is None, "the engine cannot run")
    async with workload("known_traffic.c", str(running.at["vector"])) as program:
        evidence = await trace_its_work(program, "bpf")
    peer = peers_of(evidence)[f"tcp 127.0.0.1:{running.at['vector']}"]
    # 23 writev, 29 sendmsg, one sendmmsg of two, and one write on each of 5 connections made without waiting
    assert (peer.opened, peer.connect.times, peer.requests, peer.turn.times) == (6, 6, 23 + 29 + 1 + 5, 23 + 29 + 5)
    assert (peer.sends, peer.sent_bytes) == (23 + 29 + 2 + 5, 23 * 22 + 29 * 5 + 10 + 5 * 3)
    assert (peer.receives, peer.received_bytes) == (23 + 29 + 5, (23 + 29 + 5) * len(ANSWER))
    assert peer.errors == ()
    rows = {row.stack[0].function: row for row in peer.rows if row.stack and row.requests > 1}
    by_function = {
        name: sum(r.requests for r in peer.rows if name in [f.function for f in r.stack]) for name in FUNCTIONS
    }
    assert by_function == {"vectors": 23, "messages": 29 + 1, "without_waiting": 5}, rows


async def test_requests_too_many_to_look_at_are_counted_all_the_same(running: Servers) -> None:
    need(bpf.unavailable(HOST) is None, "the engine cannot run")
    turns = 60_013
    async with workload("known_traffic.c", str(running.at["vector"]), str(turns)) as program:
        evidence = await trace_its_work(program, "bpf")
    pair = peers_of(evidence)["unix (unnamed)"]
    # Both ends are its own: one asks and is answered, and what the other one says counts as asked of the first, too.
    assert (pair.opened, pair.sends, pair.receives) == (1, 2 * turns, 2 * turns)
    assert (pair.sent_bytes, pair.small_sends) == (turns * 30, 2 * turns)
    assert (pair.requests, pair.turn.times) == (2 * turns, 2 * turns - 1)
    assert evidence.network is not None
    seen = shapes(pair)["GET /storm"]
    assert 0 < seen <= turns
    # (The storm lasts a fraction of a second; where it took fifteen, all could have been looked at.)
    assert evidence.network.sampled_requests > 0
    assert all(said.sampled for said in pair.statements)
    assert evidence.collections["network"].exact


@pytest.mark.parametrize("backend", ["bpf", "strace"])
async def test_children_are_left_out_when_they_are_not_asked_for(backend: str, running: Servers) -> None:
    async with workload("known_traffic.py", running.argument) as program:
        evidence = await trace_its_work(program, backend, children=False)
    peers = peers_of(evidence)
    fork = peers[f"tcp 127.0.0.1:{running.at['fork']}"]
    assert (fork.opened, fork.sends) == (1, 0)
    assert peers[f"tcp 127.0.0.1:{running.at['threads']}"].requests == 2 * known.THREAD_TURNS


FUNCTIONS = ("vectors", "messages", "without_waiting")


@pytest.mark.parametrize("backend", ["bpf", "strace"])
async def test_a_server_sees_who_calls_it(backend: str) -> None:
    async with workload("known_server.py") as program:
        port, path = (await program.line()).split()
        old = socket.create_connection(("127.0.0.1", int(port)))
        with old:
            await anyio.to_thread.run_sync(ask, old, 1)  # so that it has been accepted

            def talk() -> None:
                ask(old, served.REQUESTS)
                for _ in range(served.CONNECTIONS):
                    with socket.create_connection(("127.0.0.1", int(port))) as connection:
                        ask(connection, served.REQUESTS)
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.connect(path)
                    ask(connection, served.UNIX_REQUESTS)

            evidence = await trace_while(program, backend, talk)
    peers = peers_of(evidence)
    tcp, unix = peers[f"tcp :{port}"], peers[f"unix {path}"]
    asked = served.REQUESTS * (served.CONNECTIONS + 1)
    assert (tcp.direction, tcp.address, tcp.opened, tcp.already_open) == (
        "incoming",
        "127.0.0.1",
        served.CONNECTIONS,
        1,
    )
    assert (tcp.requests, tcp.turn.times, tcp.sends, tcp.small_sends) == (asked, asked, 2 * asked, 2 * asked)
    assert shapes(tcp) == {"GET /item/?": asked}
    assert (unix.direction, unix.opened, unix.requests, unix.sends) == (
        "incoming",
        1,
        served.UNIX_REQUESTS,
        2 * served.UNIX_REQUESTS,
    )
    if backend == "bpf":
        assert tcp.turn.seconds < evidence.window.seconds
        accepts = [row for row in tcp.rows if row.opened]
        assert sum(row.opened for row in accepts) == served.CONNECTIONS
        assert any(frame.function == "accept" for row in accepts for frame in row.stack)


def ask(connection: socket.socket, times: int) -> None:
    for number in range(times):
        connection.sendall(f"GET /item/{number} HTTP/1.1\r\n\r\n".encode())
        got = b""
        while not got.endswith(b"0\r\n\r\n"):
            got += connection.recv(999)


async def trace_while(program: Workload, backend: str, talk: Callable[[], None]) -> Evidence:
    """Attach, talk to the program, end it."""
    found: list[Evidence] = []
    heard = anyio.Event()

    async with anyio.create_task_group() as tasks:

        async def trace() -> None:
            measured = network.measure(
                HOST, target_of(program.pid), seconds=60, backend=backend, progress=lambda *_: heard.set()
            )
            found.append(await measured)

        tasks.start_soon(trace)
        await heard.wait()
        await anyio.to_thread.run_sync(talk)
        heard = anyio.Event()
        await heard.wait()
        await program.stop()
    return found[0]


async def test_the_tables_of_sockets_tell_who_is_connected(running: Servers) -> None:
    async with workload("known_traffic.py", running.argument) as program:
        target = target_of(program.pid)
        evidence = await network.measure(HOST, target, seconds=0.5, backend="sockets")
    peers = peers_of(evidence)
    for name in ("before", "idle"):
        peer = peers[f"tcp 127.0.0.1:{running.at[name]}"]
        assert (peer.opened, peer.already_open, peer.open_at_end, peer.requests, peer.sends) == (0, 1, 1, None, None)
        assert peer.program.endswith(f"(pid {os.getpid()})")
        assert peer.retransmits == 0
    assert len(peers) == 2
    how = evidence.collections["network"]
    assert (how.backend, how.exact, how.cost.kind) == ("sockets", False, "reads")
    assert "stacks" in how.lacks
    said = say(network_answer("r-x", evidence, rows=10, others=5))
    assert "requests" in said
    assert "nearly every request" not in said


async def test_bytes_of_a_standing_connection_by_its_tables(running: Servers) -> None:
    async with workload("known_traffic.py", running.argument) as program:
        evidence = await trace_its_work(program, "sockets")
    peer = peers_of(evidence)[f"tcp 127.0.0.1:{running.at['before']}"]
    assert (peer.sent_bytes, peer.received_bytes) == (5 * known.BEFORE_TURNS, len(ANSWER) * known.BEFORE_TURNS)
    assert evidence.window.partial == "the target ended"


async def test_a_connect_that_nobody_answers() -> None:
    """In a network namespace of its own, whose sockets are told apart from ours."""
    need(bpf.unavailable(HOST) is None, "the engine cannot run")
    need(shutil.which("ip") and shutil.which("unshare"), "no ip, or no unshare")
    async with workload("unanswered.py", prefix=("unshare", "--net")) as program:
        evidence = await trace_its_work(program, "bpf")
    peers = peers_of(evidence)
    lost = peers["tcp 192.0.2.9:80"]
    assert (lost.side, lost.opened, [(e.call, e.errno, e.times) for e in lost.errors]) == (
        "remote", 0, [("connect", "closed", 1)],
    )  # fmt: skip
    assert lost.retransmits and lost.retransmits >= 1
    (friend,) = [peer for name, peer in peers.items() if name.startswith("tcp 127.0.0.1:")]
    assert (friend.already_open, friend.side) == (1, "local")


async def test_cancelling_leaves_nothing_behind(running: Servers) -> None:
    need(bpf.unavailable(HOST) is None, "the engine cannot run")
    async with workload("known_traffic.py", running.argument) as program:
        for backend in ("bpf", "strace", "sockets"):
            before = len(os.listdir("/proc/self/fd"))
            attached = anyio.Event()

            async def trace(backend: str = backend, attached: anyio.Event = attached) -> None:
                await network.measure(
                    HOST, target_of(program.pid), seconds=60, backend=backend, progress=lambda *_: attached.set()
                )

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(trace)
                await attached.wait()
                tasks.cancel_scope.cancel()
            assert "TracerPid:\t0\n" in Path(f"/proc/{program.pid}/status").read_text()
            assert len(os.listdir("/proc/self/fd")) <= before, backend
        await program.tell("go")
        assert (await program.line()).strip() == "done"


async def test_what_cannot_be_asked_is_refused() -> None:
    target = target_of(os.getpid())
    with pytest.raises(ProblemError, match="no backend 'tcpdump'"):
        await network.measure(HOST, target, seconds=1, backend="tcpdump")
    with pytest.raises(ProblemError, match="cannot be measured"):
        await network.measure(HOST, target, seconds=0)
    gone = target_of(1 << 22)
    with pytest.raises(ProblemError, match="has ended"):
        await network.measure(HOST, gone, seconds=0.2, backend="sockets")
    with pytest.raises(ProblemError):
        await network.measure(HOST, gone, seconds=0.2, backend="strace")


async def test_reuse_is_no_finding(running: Servers) -> None:
    """The near miss: as many requests, over one connection."""
    need(bpf.unavailable(HOST) is None, "the engine cannot run")
    async with workload("known_traffic.py", running.argument) as program:
        evidence = await trace_its_work(program, "bpf")
    assert evidence.network is not None
    wasteful = f"`127.0.0.1:{running.at['http_new']}`"
    assert f"nearly every request to {wasteful}" in network_answer("r-x", evidence, rows=9, others=5).summary
    kept = tuple(p for p in evidence.network.peers if p.address != f"127.0.0.1:{running.at['http_new']}")
    without = evidence.model_copy(update={"network": evidence.network.model_copy(update={"peers": kept})})
    assert "nearly every request" not in network_answer("r-x", without, rows=9, others=5).summary


async def test_of_a_vector_what_is_sent_is_looked_at_and_not_its_head() -> None:
    """Heads shrink, the noise behind them does not."""
    async with workload("vector_sends.py") as running:
        evidence = await network.measure(HOST, target_of(running.pid), seconds=1.5)
    assert evidence.network
    (sender,) = (peer for peer in evidence.network.peers if peer.transport == "tcp" and peer.direction == "outgoing")
    assert sender.sent_shrinks_to is not None and sender.sent_shrinks_to > 0.9
