"""How does a process behave over time?"""

from perfdoctor.schemas.process import WatchAnswer
from perfdoctor.server.formatters import process
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.store.recording import Kind, new_id
from perfdoctor.server.tools.tool import Detail, OfProcess, Tool


class WatchArguments(OfProcess):
    pass


async def ask(call: Call, arguments: WatchArguments) -> WatchAnswer:
    async with call.window(arguments.who, arguments.seconds, children=arguments.children) as target:
        watched = await call.instruments.watch(target, seconds=arguments.seconds, progress=call.progress)
        identity = new_id()
        answer = watched.model_copy(update={"recording": identity})
        await call.recordings.add(identity, Kind.WATCH, answer.summary, answer)
        call.trail.made.append(identity)
        shown = answer.readings[-arguments.rows :]
        omitted = answer.omitted_readings + len(answer.readings) - len(shown)
        return answer.model_copy(update={"readings": shown, "omitted_readings": omitted})


def say(answer: WatchAnswer, detail: Detail) -> str:
    return process.say_watched(answer, readings=detail is Detail.FULL)


TOOL = Tool(
    name="proc-watch",
    title="Watch a process",
    description=(
        "Costs the process next to nothing: reads /proc a few times a second. Shows CPU, memory, faults, I/O, threads, "
        "files and switches over a window, each with its trend. Use it as the baseline, and to see what kind of "
        "problem it is before tracing."
    ),
    role=Role.TRACE,
    arguments=WatchArguments,
    answer=WatchAnswer,
    ask=ask,
    say=say,
    positional=("pid",),
)
