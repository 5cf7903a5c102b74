"""Every tool as a shell command: the same arguments, the same answer."""

import json
import signal
import sys
from argparse import SUPPRESS, ArgumentParser, BooleanOptionalAction
from collections.abc import Sequence
from typing import Any

import anyio

from perfdoctor.server import settings
from perfdoctor.server.audit.log import settle
from perfdoctor.server.cli import REFUSED, version
from perfdoctor.server.consent import at_shell
from perfdoctor.server.instruments import Instruments
from perfdoctor.server.policy import LOCAL
from perfdoctor.server.progress_bar import ProgressBar
from perfdoctor.server.reporter import Reporter
from perfdoctor.server.service import Call, Service
from perfdoctor.server.tools.catalogue import TOOLS, find
from perfdoctor.server.tools.outcome import Outcome, run
from perfdoctor.server.tools.schema import input_schema
from perfdoctor.server.tools.tool import Tool

WORKLOAD = "workload-run"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_tool(argv: Sequence[str], instruments: Instruments | None = None) -> int:
    """Parse a tool's command line, ask, and print the answer. Returns the exit code."""
    given = vars(_parser().parse_args(argv))
    tool = find(given.pop("tool"))
    assert tool is not None
    as_json = given.pop("json")
    service = Service(settings.load(), instruments)
    outcome, ended_by = anyio.run(_ask, service, tool, given)
    if outcome is None:
        sys.stderr.write("stopped; nothing was left behind\n")
        return 128 + ended_by
    text = json.dumps(outcome.structured, indent=2) if as_json else outcome.text
    stream = sys.stderr if outcome.refused and not as_json else sys.stdout
    stream.write(text + "\n")
    stream.flush()
    return REFUSED if outcome.refused else 0


async def _ask(service: Service, tool: Tool[Any, Any], given: dict[str, Any]) -> tuple[Outcome | None, int]:
    """The outcome, or None and the signal that ended it: what was running has then been stopped."""
    bar = ProgressBar(sys.stderr, _planned(tool, given))
    reporter = Reporter(bar.show)
    outcome: Outcome | None = None
    ended_by = 0

    async def stop_on_signal(scope: anyio.CancelScope) -> None:
        nonlocal ended_by
        with anyio.open_signal_receiver(*_SIGNALS) as signals:
            async for number in signals:
                ended_by = number
                scope.cancel()

    try:
        async with anyio.create_task_group() as tasks:
            with anyio.CancelScope() as scope:
                tasks.start_soon(stop_on_signal, scope)
                tasks.start_soon(reporter.run)
                async with service.audit.call(LOCAL, "shell", f"tools/call {tool.name}", given, acts=True) as entry:
                    call = Call(service, LOCAL, reporter.see, ask_user=at_shell, trail=entry.trail)
                    outcome = await run(tool, call, given)
                    settle(entry, outcome)
            tasks.cancel_scope.cancel()
    finally:
        bar.clear()
    return outcome, ended_by


def _planned(tool: Tool[Any, Any], given: dict[str, Any]) -> float | None:
    """How long the window will be, as far as it can be known before the arguments are checked."""
    field = tool.arguments.model_fields.get("seconds")
    if field is None or given.get("recording") is not None:
        return None
    # (repeats of a workload take as long as they take, up to the longest call)
    given_seconds = given.get("seconds", field.default) if tool.name != WORKLOAD else settings.LONGEST_WINDOW
    try:
        return float(given_seconds)
    except ValueError:
        return None


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        "perfdoctor",
        description="Find, explain and prove fixed a performance problem in a live process.",
        epilog="Also: `perfdoctor serve` for MCP clients, `perfdoctor token` for access over HTTP, "
        "`perfdoctor audit` for what was called, `perfdoctor helper` for a server without privilege.",
    )
    parser.add_argument("--version", action="version", version=version())
    commands = parser.add_subparsers(dest="tool", required=True, metavar="command")
    for tool in TOOLS:
        command = commands.add_parser(tool.name, help=tool.title.lower(), description=tool.description)
        for name, about in input_schema(tool.arguments)["properties"].items():
            _add_argument(command, tool, name, about)
        command.add_argument("--json", action="store_true", help="print the structured answer")
    return parser


def _add_argument(command: ArgumentParser, tool: Tool[Any, Any], name: str, about: dict[str, Any]) -> None:
    """One argument, as text: what it must be is checked where all callers are checked. Left out means not given."""
    description = about.get("description", name).replace("%", "%%")
    default = about.get("default")
    told = f"{description} (default {default})" if default is not None else description
    required = tool.arguments.model_fields[name].is_required()
    if name in tool.positional:
        left_out: dict[str, Any] = {} if required else {"nargs": "?", "default": SUPPRESS}
        command.add_argument(name, help=told, **left_out)
    elif about.get("type") == "boolean":
        command.add_argument(f"--{name}", action=BooleanOptionalAction, help=description, default=SUPPRESS)
    else:
        choices = "|".join(about.get("enum", [])) or name.upper()
        command.add_argument(f"--{name}", help=told, metavar=choices, default=SUPPRESS)
