"""strace's socket calls: a recorded conversation, forms that it did not hold, and any text at all."""

from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from perfdoctor.collectors.backends.strace.sockets import SocketReader
from perfdoctor.collectors.peers import PeerName
from perfdoctor.schemas.network import NetworkUse, Peer

RECORDED = Path(__file__).parents[3] / "transcripts" / "strace" / "sockets.txt"


def read(text: str | bytes, **more: object) -> tuple[NetworkUse, SocketReader]:
    reader = SocketReader(lambda tid: tid, **more)  # type: ignore[arg-type]
    reader.feed(text.encode() if isinstance(text, str) else text)
    reader.close()
    return reader.use(), reader


def only(use: NetworkUse) -> Peer:
    (peer,) = use.peers
    return peer


def hexed(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def test_a_recorded_conversation() -> None:
    use, reader = read(RECORDED.read_bytes())
    assert reader.not_understood == 0
    by_kind = {(peer.transport, bool(peer.errors)): peer for peer in use.peers}
    http, refused, pair = by_kind["tcp", False], by_kind["tcp", True], by_kind["unix", False]
    assert (http.opened, http.requests, http.turn.times, http.sends, http.receives) == (1, 4, 4, 4, 4)
    assert {said.shape: said.seen for said in http.statements} == {"GET /a/?": 3, "GET /b": 1}
    assert [(e.call, e.errno, e.times) for e in refused.errors] == [("connect", "ECONNREFUSED", 2)]
    assert (pair.opened, pair.sends, pair.received_bytes) == (1, 1, 5)
    (name,) = use.names
    assert (name.name, name.server, name.queries, name.answer.times) == ("db-?.shop", "127.0.0.1:53", 1, 0)
    assert "hunter2" not in use.model_dump_json()


def test_the_same_in_small_chunks() -> None:
    whole, _ = read(RECORDED.read_bytes())
    reader = SocketReader(lambda tid: tid)
    data = RECORDED.read_bytes()
    for at in range(0, len(data), 7):
        reader.feed(data[at : at + 7])
    reader.close()
    assert reader.use() == whole


def test_connections_that_were_open_before() -> None:
    text = (
        '7 1.000000 sendto(3<TCP:[10.0.0.1:8080->10.0.0.9:41234]>, "\\x6f\\x6b", 2, 0, NULL, 0) = 2 <0.000010>\n'
        '7 1.100000 read(4<UNIX-STREAM:[71->72]>, "\\x6f", 9) = 1 <0.000010>\n'
    )
    known = PeerName("unix", "outgoing", "/run/x.sock")
    use, _ = read(text, listening=[8080], known={71: known})
    peers = {peer.transport: peer for peer in use.peers}
    tcp = peers["tcp"]
    assert (tcp.direction, tcp.address, tcp.local, tcp.already_open) == ("incoming", "10.0.0.9", ":8080", 1)
    assert peers["unix"].address == "/run/x.sock"


def test_a_server_is_asked_and_answers() -> None:
    link = "TCP:[127.0.0.1:80->127.0.0.1:5]"
    text = (
        "7 1.000000 accept4(3<TCP:[127.0.0.1:80]>, {sa_family=AF_INET, sin_port=htons(5), "
        f'sin_addr=inet_addr("{hexed("127.0.0.1")}")}}, [16], SOCK_CLOEXEC) = 5<{link}> <0.100000>\n'
        f'7 1.200000 recvfrom(5<{link}>, "{hexed("GET /x/1 HTTP/1.1")}\\x0d\\x0a", 99, 0, NULL, NULL) = 19 <0.000010>\n'
        f'7 1.500000 sendto(5<{link}>, "\\x6f"..., 500, 0, NULL, 0) = 500 <0.000010>\n'
    )
    peer = only(read(text)[0])
    assert (peer.direction, peer.address, peer.local, peer.opened) == ("incoming", "127.0.0.1", ":80", 1)
    assert (peer.requests, peer.turn.times, peer.small_sends, peer.sent_bytes) == (1, 1, 0, 500)
    assert abs(peer.turn.seconds - 0.3) < 1e-6
    assert [said.shape for said in peer.statements] == ["GET /x/?"]


def test_a_connect_that_did_not_wait_is_settled_by_what_follows() -> None:
    address = f'{{sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("{hexed("10.0.0.1")}")}}, 16'

    def after(*lines: str) -> Peer:
        begun = f"7 1.0 connect(5<TCP:[1]>, {address}) = -1 EINPROGRESS (Operation now in progress) <0.000010>"
        return only(read("\n".join([begun.replace("1.0", "1.000000"), *lines, ""]))[0])

    refused = after("7 1.100000 getsockopt(5<TCP:[1]>, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0 <0.000001>")
    assert (refused.opened, [(e.call, e.errno) for e in refused.errors]) == (0, [("connect", "ECONNREFUSED")])
    reached = after("7 1.100000 getsockopt(5<TCP:[1->2]>, SOL_SOCKET, SO_ERROR, [0], [4]) = 0 <0.000001>")
    assert (reached.opened, reached.errors) == (1, ())
    given_up = after("7 1.100000 close(5<TCP:[1]>) = 0 <0.000001>")
    assert [(e.call, e.errno) for e in given_up.errors] == [("connect", "closed")]


def test_calls_in_two_halves_and_calls_that_do_not_end() -> None:
    link = "TCP:[127.0.0.1:5->127.0.0.1:80]"
    text = (
        f"7 1.000000 recvfrom(5<{link}>,  <unfinished ...>\n"
        f'8 1.000000 sendto(5<{link}>, "\\x61", 1, 0, NULL, 0) = 1 <0.000001>\n'
        '7 1.300000 <... recvfrom resumed>"\\x62", 99, 0, NULL, NULL) = 1 <0.300000>\n'
        "9 1.300000 <... read resumed>) = 1 <0.300000>\n"
        f"7 1.400000 recvfrom(5<{link}>,  <detached ...>\n"
        "7 1.400000 +++ exited with 0 +++\n"
        "8 1.400000 --- SIGCHLD {si_signo=SIGCHLD} ---\n"
    )
    use, reader = read(text)
    peer = only(use)
    assert reader.not_understood == 0
    assert (peer.already_open, peer.sends, peer.receives, peer.turn.times) == (1, 1, 1, 1)
    assert reader.ended == {7}


@given(st.one_of(st.binary(max_size=400), st.text(max_size=200).map(lambda text: f"7 1.000001 {text}\n".encode())))
@example(b"7 1.000000 accept(5<TCP:[1]>, 0) = ? ERESTARTSYS (To be restarted if SA_RESTART is set) <0.000001>\n")
@example(b"7 1.000000 connect(5<TCP:[1]>, ) = 0 <0.000001>\n")
@example(b'7 1.000000 sendto(5<TCP:[a:1->b:2]>, "\\x6", 1) = 99999999999999999999 <0.000001>\n')
@example(b'7 1.000000 recvfrom(5<UDP:[x]>, "", 1) = -1 <0.000001>\n')
@example(b"7 1.000000 recvmmsg(5<UDP:[1]>, [{msg_len=5}], 9) = 0 <0.000001>\n")
@example(b"7 1.000000 accept(5<UNIX-STREAM:[1]>, ) = 7<weird:[]> <0.000001>\n")
def test_any_text_is_read_or_counted(data: bytes) -> None:
    use, reader = read(data)
    assert reader.calls + reader.not_understood <= reader.lines + 1
    use.model_dump_json()
