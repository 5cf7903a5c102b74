"""Where the threads of a Java machine stand just now, and for whose locks they wait: ``Thread.print -l``."""

from dataclasses import dataclass, field

from anyio import to_thread

from perfdoctor.collectors.backends.jvm import door
from perfdoctor.collectors.backends.jvm.frames import Frames
from perfdoctor.collectors.backends.jvm.threads import JavaThread, ThreadDump, parse
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.standing.look import Held
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.thread_stacks import WaitKind


@dataclass(slots=True)
class JavaStanding:
    """By the thread's id, as the target numbers it. Threads that run no Java have no stack."""

    stacks: dict[int, Stack] = field(default_factory=dict)
    held: dict[int, Held] = field(default_factory=dict)
    deadlocks: int = 0
    not_understood: int = 0


async def look(host: Host, pid: int, frames: Frames) -> JavaStanding:
    """OSError where the machine does not answer."""
    text = await door.ask(host, pid, "Thread.print -l")
    return await to_thread.run_sync(lambda: _stand(parse(text), frames))


def _stand(dump: ThreadDump, frames: Frames) -> JavaStanding:
    found = JavaStanding(deadlocks=len(dump.deadlocks), not_understood=dump.not_understood)
    owners = {address: thread.tid for thread in dump.threads for address in thread.holds}
    locked_for_good = {name for circle in dump.deadlocks for name in circle}
    for thread in dump.threads:
        if thread.places:
            found.stacks[thread.tid] = _stack(thread, frames)
        if thread.waits_for is not None:
            address = thread.waits_for[0]
            owner = owners.get(address)
            if owner is not None and owner != thread.tid:
                certain = thread.name in locked_for_good
                found.held[thread.tid] = Held(WaitKind.MUTEX, address, owner, certain=certain)
    return found


def _stack(thread: JavaThread, frames: Frames) -> Stack:
    return tuple(frames.make(at.class_name, at.method, at.line, at.module, at.file) for at in thread.places)
