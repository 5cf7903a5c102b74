"""What can be measured on this machine, and what would unlock the rest?"""

from perfdoctor.schemas.system import ToolsAnswer
from perfdoctor.server.formatters import system
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.tools.tool import Arguments, Detail, Tool


async def ask(call: Call, _arguments: Arguments) -> ToolsAnswer:
    return await call.service.instruments.check_tools()


def say(answer: ToolsAnswer, detail: Detail) -> str:
    return system.say(answer, features=detail is not Detail.BRIEF)


TOOL = Tool(
    name="tools-check",
    title="Check what can be measured",
    description=(
        "Touches no process. Lists which backends work on this machine, and for each missing one the exact step that "
        "enables it. Call it when a trace was refused, or before the first one on a new machine."
    ),
    role=Role.OBSERVE,
    arguments=Arguments,
    answer=ToolsAnswer,
    ask=ask,
    say=say,
)
