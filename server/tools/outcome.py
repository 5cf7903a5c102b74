"""One call of a tool, from what was asked to what is said: the same over MCP and at the shell.

This is the one place where a problem becomes an answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from perfdoctor.schemas.problem import Problem, ProblemError
from perfdoctor.server.formatters.fit import fit
from perfdoctor.server.formatters.words import explained
from perfdoctor.server.policy import Denied
from perfdoctor.server.service import Call
from perfdoctor.server.tools.referred import recordings_in
from perfdoctor.server.tools.tool import Tool


@dataclass(frozen=True, slots=True)
class Outcome:
    """``text`` for who reads, ``structured`` (JSON values) for who computes: the same answer, or the same problem.
    ``denied``: refused because of who asks."""

    text: str
    structured: dict[str, Any]
    refused: bool = False
    denied: bool = False


async def run(tool: Tool[Any, Any], call: Call, given: Mapping[str, Any]) -> Outcome:
    """What the tool answers, or why it cannot. Who may call it, and what of recordings it may name, is decided here;
    which processes it may touch, where they are found (``Call.instruments``)."""
    outcome = None
    call = replace(call, tool=tool.name)
    try:
        call.caller.must(tool.role, f"call {tool.name}")
        call.access.must_call()
        arguments = tool.parse(given)
        await call.must_read(recordings_in(arguments))
        answer = await tool.ask(call, arguments)
        text = fit(explained(tool.say(answer, arguments.detail)), arguments.detail)
        outcome = Outcome(text, _short_numbers(answer.model_dump(mode="json")))
    except* ProblemError as problems:
        # except*: a collector that runs several tasks raises its problem inside an exception group.
        first = _first(problems)
        outcome = problem_outcome(first.problem, denied=isinstance(first, Denied))
    assert outcome is not None
    return outcome


def _first(problems: BaseExceptionGroup[ProblemError]) -> ProblemError:
    first = problems.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def problem_outcome(problem: Problem, *, denied: bool = False) -> Outcome:
    text = f"{problem.what}\nWhy: {problem.why}\nNext: {problem.next_step}"
    return Outcome(text, {"problem": problem.model_dump()}, refused=True, denied=denied)


def _short_numbers(value: Any) -> Any:
    """Floats to six digits, microseconds for large ones: 0.12345678901234567 costs a model as much as a sentence."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if abs(value) < 1 else round(value, 6)
    if isinstance(value, dict):
        return {key: _short_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_short_numbers(item) for item in value]
    return value
