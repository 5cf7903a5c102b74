"""Opens the inspector of a Node.js process that runs, asks it by the DevTools protocol, and closes it again."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
from anyio import to_thread

from perfdoctor.collectors.backends.node import reach
from perfdoctor.collectors.backends.node.reach import Place
from perfdoctor.collectors.backends.node.waking import wake
from perfdoctor.collectors.backends.node.websocket import BrokenTalkError, WebSocket
from perfdoctor.collectors.host.base import Host
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.target import Target

_OPENS_WITHIN = 5.0
_ANSWERS_WITHIN = 20.0
_CLOSES_WITHIN = 2.0
_LOOK_SECONDS = 0.01
_CLOSE = "process._debugEnd()"
"""the one expression that is ever evaluated in a target"""


class Inspector:
    """A conversation. ``new_threads`` are those that the inspector and its profilers run in the target."""

    def __init__(self, talk: WebSocket, place: Place, *, ours: bool) -> None:
        self._talk, self.place, self.ours = talk, place, ours
        self._asked = 0
        self.heard: list[dict[str, Any]] = []
        """scripts that it told of (Debugger.scriptParsed)"""

    async def ask(self, method: str, within: float = _ANSWERS_WITHIN, **parameters: object) -> dict[str, Any]:
        """The result of one request. OSError when it is refused, or the target is gone or does not answer."""
        self._asked += 1
        await self._talk.send(json.dumps({"id": self._asked, "method": method, "params": parameters}))
        with anyio.move_on_after(within):
            while True:
                answer = await to_thread.run_sync(_parsed, await self._talk.receive())
                if answer.get("id") == self._asked:
                    result = answer.get("result")
                    if not isinstance(result, dict):
                        raise BrokenTalkError(f"the inspector refused {method}")
                    return result
        raise BrokenTalkError(f"the inspector did not answer {method} within {within:g} seconds")

    def close(self) -> None:
        self._talk.close()


def _parsed(message: bytes) -> dict[str, Any]:
    try:
        found = json.loads(message)
    except (ValueError, RecursionError) as error:
        raise BrokenTalkError("the inspector sent what is no JSON") from error
    return found if isinstance(found, dict) else {}


@asynccontextmanager
async def attached(host: Host, target: Target) -> AsyncIterator[Inspector]:
    """An inspector of the target, open while the context is. One that was open before stays open; one that a debugger
    uses is left alone (ProblemError); one that we opened is closed on success, error and cancellation alike."""
    refused = await to_thread.run_sync(reach.refusal, host, target)
    if refused:
        raise ProblemError(refused.what, refused.why, refused.next_step)
    place: Place | None = await to_thread.run_sync(reach.already_open, host, target)
    ours = place is None
    port = place.port if place else 0
    if port and await to_thread.run_sync(reach.in_use, host, target.pid, port):
        raise ProblemError(
            f"The inspector of process {target.pid} is in use.",
            f"A debugger is connected to its port {port}, and we do not come between.",
            "Close the debugger, or use backend bpf.",
        )
    inspector: Inspector | None = None
    try:
        if place is None:
            place = await _open(host, target)
        inspector = await _talk_to(host, target, place, ours=ours)
        yield inspector
    finally:
        with anyio.CancelScope(shield=True):
            await _leave(host, target, place, inspector, ours=ours)


async def _open(host: Host, target: Target) -> Place:
    before = await to_thread.run_sync(reach.listening, host, target.pid)
    await to_thread.run_sync(wake, host, target)
    # Cancelled or not, the signal is on its way: only who sees the port can close it.
    with anyio.CancelScope(shield=True), anyio.move_on_after(_OPENS_WITHIN):
        while True:
            new = await to_thread.run_sync(reach.listening, host, target.pid) - before
            if new:
                return min(new, key=lambda place: (place.port != reach.DEFAULT_PORT, place))
            await anyio.sleep(_LOOK_SECONDS)
    raise ProblemError(
        f"The inspector of process {target.pid} did not open.",
        f"No port opened within {_OPENS_WITHIN:g} seconds of SIGUSR1: the program handles that signal itself, or "
        f"port {reach.DEFAULT_PORT} is taken by another process.",
        "Use backend bpf, or start the program with --perf-basic-prof: its functions are then named without that.",
    )


async def _talk_to(host: Host, target: Target, place: Place, *, ours: bool) -> Inspector:
    name = f"{place.address}:{place.port}"
    with anyio.fail_after(_ANSWERS_WITHIN):
        path = await to_thread.run_sync(_path, host, target.pid, place)
        connected = await to_thread.run_sync(reach.connect, host, target.pid, place)
        talk = WebSocket(connected)
        try:
            await talk.greet(path, name)
        except BaseException:
            talk.close()
            raise
    return Inspector(talk, place, ours=ours)


def _path(host: Host, pid: int, place: Place) -> str:
    """The path of the main thread's conversation: /<uuid>, from the list of what can be inspected."""
    with reach.connect(host, pid, place) as connected:
        connected.sendall(f"GET /json/list HTTP/1.1\r\nHost: {place.address}:{place.port}\r\n\r\n".encode())
        connected.settimeout(5)
        answer = bytearray()
        while b"]" not in answer.partition(b"\r\n\r\n")[2] and len(answer) < 1 << 20:
            data = connected.recv(1 << 16)
            if not data:
                break
            answer += data
    try:
        listed = json.loads(bytes(answer).partition(b"\r\n\r\n")[2])
        url = listed[0]["webSocketDebuggerUrl"]
        path = "/" + str(url).split("/", 3)[3]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BrokenTalkError("what listens there is no inspector") from error
    if not path.isascii() or not path.isprintable() or " " in path:
        raise BrokenTalkError("what listens there is no inspector")
    return path


async def _leave(host: Host, target: Target, place: Place | None, inspector: Inspector | None, *, ours: bool) -> None:
    if place is None or not ours:
        if inspector:
            inspector.close()
        return
    with suppress(OSError, TimeoutError):
        if inspector is None:  # it was opened, and the conversation did not begin
            inspector = await _talk_to(host, target, place, ours=True)
        # The answer never comes: the conversation ends with the inspector.
        await inspector.ask("Runtime.evaluate", _CLOSES_WITHIN, expression=_CLOSE)
    if inspector:
        inspector.close()
    with suppress(OSError), anyio.move_on_after(_CLOSES_WITHIN):
        while True:
            if place not in await to_thread.run_sync(reach.listening, host, target.pid):
                return
            await anyio.sleep(_LOOK_SECONDS)


def threads_of(host: Host, pid: int) -> frozenset[int]:
    """The threads of a process; none when it has ended."""
    with suppress(OSError):
        return frozenset(int(name) for name in host.list_folder(f"/proc/{pid}/task") if name.isdecimal())
    return frozenset()


def made_for_us(host: Host, pid: int, before: frozenset[int], after: frozenset[int]) -> frozenset[int]:
    """Of the threads that came meanwhile, those of the inspector or of V8's profiler. The program may have started some
    of its own at the same time: those of libuv's pool come with the first operation upon a file."""
    new = after - before
    return new if len(new) == 1 else frozenset(tid for tid in new if _is_the_inspectors(host, pid, tid))


def _is_the_inspectors(host: Host, pid: int, tid: int) -> bool:
    with suppress(OSError):
        if b"ProfEvnt" in host.read_file(f"/proc/{pid}/task/{tid}/comm", 64):
            return True
        return b"epoll" in host.read_file(f"/proc/{pid}/task/{tid}/wchan", 64)  # (threads of the pool wait for work)
    return False
