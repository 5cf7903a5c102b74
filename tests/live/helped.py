"""What tests of the privileged helper need: a server and programs of the second user, and an attacker."""

import ctypes
import json
import os
import shutil
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream
from mcp import Client, StdioServerParameters

from perfdoctor.collectors.backends.bpf import command
from tests.live.second_user import RunningHelper, SecondUser
from tests.live.workload import WORKLOADS, Workload, compiled, workload

Say = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


@asynccontextmanager
async def server(user: SecondUser, helper: RunningHelper, **more: str) -> AsyncIterator[Client]:
    """A client of a server that runs as the user; ``more``: of its environment."""
    argv = user.argv(user.python, "-m", "perfdoctor.server.cli", "serve", "--stdio")
    environment = user.environment(PERFDOCTOR_HELPER=str(helper.path), PERFDOCTOR_MAX_TRACES="40", **more)
    async with Client(StdioServerParameters(command=argv[0], args=argv[1:], env=environment)) as client:
        yield client


async def ask(client: Client, tool: str, arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments, **more)
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return result.structured_content


@asynccontextmanager
async def program(user: SecondUser, source: str, *arguments: str) -> AsyncIterator[Workload]:
    """A workload of that user's."""
    if source.endswith(".c"):
        binary = user.folder / Path(source).stem
        if not binary.exists():
            shutil.copy(compiled(WORKLOADS / source), binary)
        command = [str(binary), *arguments]
    else:
        command = [user.python, str(user.checkout / "tests" / "workloads" / source), *arguments]
    first, *others = command
    async with workload(source, *others, program=first, prefix=user.argv(), environment=user.environment()) as one:
        yield one


@asynccontextmanager
async def attacker(user: SecondUser) -> AsyncIterator[Say]:
    """helper_client.py, as the user. It is killed in the end."""
    script = str(user.checkout / "tests" / "live" / "helper_client.py")
    process = await anyio.open_process(user.argv(user.python, script), env=user.environment(), stderr=None)
    assert process.stdin is not None and process.stdout is not None
    lines = BufferedByteReceiveStream(process.stdout)

    async def say(asked: dict[str, Any]) -> dict[str, Any]:
        assert process.stdin is not None
        await process.stdin.send(json.dumps(asked).encode() + b"\n")
        with anyio.fail_after(40):
            said: dict[str, Any] = json.loads(await lines.receive_until(b"\n", 8 << 20))
        return said

    try:
        yield say
    finally:
        with anyio.CancelScope(shield=True):
            process.kill()
            await process.aclose()


@asynccontextmanager
async def plain(user: SecondUser, code: str) -> AsyncIterator[tuple[int, Callable[[], Awaitable[None]]]]:
    """A program of the user's; the second makes it go on, and waits until it is what it becomes."""
    process = await anyio.open_process(user.argv(user.python, "-c", code), env=user.environment(), stderr=None)
    assert process.stdin is not None and process.stdout is not None

    async def go_on() -> None:
        assert process.stdin is not None
        await process.stdin.send(b"\n")
        with anyio.fail_after(10):
            while Path(f"/proc/{process.pid}/comm").read_text() != "raised\n":
                await anyio.sleep(0.01)
        await anyio.sleep(0.1)

    try:
        assert (await process.stdout.receive()).startswith(b"ready")
        yield process.pid, go_on
    finally:
        with anyio.CancelScope(shield=True):
            with suppress(ProcessLookupError):
                process.kill()
            await process.aclose()


def start_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19])


def opening(*processes: list[int], name: str = "functions") -> dict[str, Any]:
    return {
        "ask": "open",
        "object": name,
        "programs": sorted(command.OBJECTS[name].loadable),
        "settings": [1, 1, 24, 0, 0],
        "constants": {},
        "pids": list(processes),
    }


def probe(process: list[int], path: str, offset: int) -> dict[str, Any]:
    place = struct.pack("<QQ", offset, 0).hex()
    named = {"program": "function_begins", "path": path, "pid": process[0], "started": process[1]}
    return {"ask": "probe", **named, "data": place}


def programs_of(uid: int) -> list[str]:
    """The names of all BPF programs in the kernel that this user loaded (BPF_PROG_GET_NEXT_ID)."""
    call = ctypes.CDLL(None, use_errno=True).syscall
    number = {"x86_64": 321, "aarch64": 280}[os.uname().machine]
    found, identity = [], 0
    while True:
        attr = ctypes.create_string_buffer(struct.pack("<II", identity, 0), 128)
        if call(number, 11, attr, 128) < 0:
            return found
        (identity,) = struct.unpack_from("<I", attr, 4)
        fd = call(number, 13, ctypes.create_string_buffer(struct.pack("<I", identity), 128), 128)
        if fd < 0:
            continue
        info = ctypes.create_string_buffer(256)
        attr = ctypes.create_string_buffer(struct.pack("<IIQ", fd, 256, ctypes.addressof(info)), 128)
        known = call(number, 15, attr, 128) == 0
        # struct bpf_prog_info: created_by_uid is at 48, name at 64
        if known and struct.unpack_from("<I", info, 48)[0] == uid:
            found.append(info.raw[64:80].rstrip(b"\0").decode())
        os.close(fd)
