"""The tools, by hand and in the order of the work: what a model is offered is never discovered."""

from typing import Any

from perfdoctor.server.tools import (
    code_edit,
    code_inspect,
    code_search,
    compare,
    diagnose,
    proc_find,
    proc_memory,
    proc_threads,
    proc_watch,
    recordings,
    tools_check,
    trace_cpu,
    trace_custom,
    trace_files,
    trace_function,
    trace_io,
    trace_locks,
    trace_memory,
    trace_network,
    trace_syscalls,
    workload_run,
)
from perfdoctor.server.tools.tool import Tool

TOOLS: tuple[Tool[Any, Any], ...] = (
    tools_check.TOOL,
    proc_find.TOOL,
    proc_watch.TOOL,
    proc_memory.TOOL,
    proc_threads.TOOL,
    diagnose.TOOL,
    trace_cpu.TOOL,
    trace_syscalls.TOOL,
    trace_files.TOOL,
    trace_io.TOOL,
    trace_network.TOOL,
    trace_memory.TOOL,
    trace_function.TOOL,
    trace_custom.TOOL,
    code_inspect.TOOL,
    code_search.TOOL,
    code_edit.TOOL,
    trace_locks.TOOL,
    workload_run.TOOL,
    compare.TOOL,
    recordings.TOOL,
)


def find(name: str) -> Tool[Any, Any] | None:
    """By its name, or by the name with underscores that some clients make of it."""
    wanted = name.replace("_", "-")
    return next((tool for tool in TOOLS if tool.name == wanted), None)
