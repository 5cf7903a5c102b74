"""At which line is what a program asks of its peers named, where the line that sends is not the one to change?"""

from perfdoctor.diagnosis.asking import peer
from perfdoctor.diagnosis.engine import diagnose
from perfdoctor.diagnosis.example import PID, call, cpu, in_loops, library, python, window
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.network import AskingLine, RepeatedLine, TalkRow, WrittenLine

SENDS = library("http/client.py", "HTTPConnection.endheaders")
OFFER, COLLECT = python(32, "offer"), python(61, "collect")
STARTED: Stack = (
    library("asyncio/selector_events.py", "_SelectorSocketTransport.write"),
    library("asyncio/events.py", "Handle._run"),
    library("asyncio/base_events.py", "BaseEventLoop._run_once"),
    library("asyncio/runners.py", "run"),
    python(110, "<module>"),
)
COUNTS: Stack = (
    library("site-packages/redis/asyncio/client.py", "Redis.execute_command"),
    python(75, "Charts.count"),
    *STARTED[1:],
)


def place(evidence: Evidence, pattern: str) -> Location | None:
    return next(found.location for found in diagnose(evidence).findings if found.pattern == pattern)


def with_loops(evidence: Evidence, *lines: int) -> Evidence:
    return in_loops(evidence, *(RepeatedLine(file=OFFER.file or "", line=line) for line in lines))


def test_serial_requests_are_at_the_loop_that_makes_them() -> None:
    line: Stack = (SENDS, OFFER, COLLECT)
    waits = call("recvfrom", line, 300, on="fd:4 (socket:[7])", blocked=7.5)
    asked = window(calls=(waits,), samples=(), peers=(peer(line, 300, wait=7.5, shape="GET /stock/?"),))
    for loops, expected in (((), 32), ((61,), 61), ((32, 61), 32)):
        found = place(with_loops(asked, *loops), "serial-requests")
        assert found is not None and found.line == expected, loops


def test_connections_that_a_loop_opens_are_at_the_line_whose_text_opens_them() -> None:
    in_loop: Stack = (library("node:net", "internalConnect"),)
    opened = TalkRow(pid=PID, stack=in_loop, opened=4000)
    asked = window(
        calls=(call("connect", in_loop, 4000, on="fd:4 (socket:[7])", blocked=1.5),),
        peers=(peer((SENDS, OFFER), 4000, wait=2.0, shape="GET /price/?", opened=1, connect=1.5, rows=(opened,)),),
        samples=(cpu((OFFER,), 2.0),),
    )
    assert asked.network is not None
    opens = AskingLine(pid=PID, file="/srv/desk.js", line=57, function="Line")
    for lines, expected in (((opens,), 57), ((opens, opens.model_copy(update={"line": 80})), None)):
        told = asked.model_copy(update={"network": asked.network.model_copy(update={"connecting": lines})})
        found = place(told, "connection-per-request")
        assert (found.line if found else None) == expected


def test_what_a_loop_of_asyncio_sends_for_a_library_is_at_the_line_that_uses_the_library() -> None:
    asked = peer(STARTED, 30_000, wait=3.0, shape="GET item:?", request_bytes=30, answer_bytes=20, protocol="Redis")
    waits = call("epoll_wait", STARTED[2:], 30_000, on="fd:4 (anon_inode:[eventpoll])", blocked=3.0)
    known = window(calls=(waits,), samples=(cpu(COUNTS, 2.5),), peers=(asked,))
    found = place(known, "chatty-protocol")
    assert found is not None and (found.line, found.function) == (75, "Charts.count")
    unknown = window(calls=(waits,), samples=(cpu((python(90, "render"),), 2.5),), peers=(asked,))
    found = place(unknown, "chatty-protocol")
    assert found is not None and found.line == 110


def test_a_statement_prepared_before_the_window_is_at_the_line_that_calls_the_helper() -> None:
    """Its text is not known, and all that goes through the helper looks the same."""
    sends = library("site-packages/psycopg/connection.py", "Connection.wait")
    helper, pieces, panels = python(56, "Dao.list"), python(94, "PieceDao.of_panel"), python(84, "PanelDao.of_window")
    many, few = (sends, helper, pieces), (sends, helper, panels)
    asked = peer(many, 20_000, wait=5.0, protocol="PostgreSQL", shape="EXECUTE S_?")

    def told(*others: Stack) -> int | None:
        calls = [call("sendto", many, 20_000, on="fd:4 (socket:[7])", seconds=0.5)]
        calls += [call("sendto", other, 400, on="fd:4 (socket:[7])", seconds=0.1) for other in others]
        found = place(window(calls=tuple(calls), samples=(cpu(many, 1.0),), peers=(asked,)), "repeated-query")
        return found.line if found else None

    assert told(few) == 94
    assert told() == 56


def test_a_slow_answer_is_at_the_line_that_waits_for_it() -> None:
    """``link.request(…)`` sends, and ``link.getresponse()`` waits."""
    sends, waits = (SENDS, python(47, "bridge")), (library("http/client.py", "begin"), python(48, "bridge"))
    at_once = (library("http/client.py", "begin"), python(47, "bridge"))
    asked = peer(sends, 30, wait=9.0, shape="GET /bridges/?")
    served = peer((python(12, "page"),), 30, wait=9.3, direction="incoming", address="10.0.0.9")
    sent = call("sendto", sends, 30, on="fd:4 (socket:[7])", seconds=0.01)

    def told(stack: Stack) -> int | None:
        waited = call("recvfrom", stack, 30, on="fd:4 (socket:[7])", blocked=9.0)
        found = place(window(calls=(sent, waited), samples=(), peers=(served, asked)), "slow-dependency")
        return found.line if found else None

    assert told(waits) == 48
    assert told(at_once) == 47


def test_requests_of_node_are_at_the_loop_that_awaits_the_function_which_makes_them() -> None:
    """When an answer has come, nobody who awaits it is on a stack."""
    in_loop: Stack = (library("node:net", "Socket._write"),)
    asked = peer(in_loop, 300, wait=7.5, shape="GET /tours/?")
    waits = call("epoll_wait", in_loop, 300, on="fd:4 (anon_inode:[eventpoll])", blocked=7.5)
    known = in_loops(window(calls=(waits,), samples=(), peers=(asked,)), RepeatedLine(file="/srv/site.js", line=78))
    assert known.network is not None
    for awaited, expected in ((WrittenLine(file="/srv/site.js", line=78, function="wishes"), 78), (None, 44)):
        line = AskingLine(pid=PID, file="/srv/site.js", line=44, function="of", awaited=awaited)
        told = known.model_copy(update={"network": known.network.model_copy(update={"asking": (line,)})})
        found = place(told, "serial-requests")
        assert found is not None and found.line == expected
