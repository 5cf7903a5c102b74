"""Write docs/tools.md, docs/settings.md, docs/backends.md, docs/runtimes.md and docs/queries.md from the code.

``--check`` only says whether they are fresh (exit 1)."""

import sys
from pathlib import Path
from typing import Any

from perfdoctor.collectors.capabilities import ABILITIES, Ability
from perfdoctor.collectors.capabilities import TOOLS as BENCH
from perfdoctor.collectors.exactness import QUESTIONS, ROWS, Cell
from perfdoctor.collectors.runtimes import own_lines
from perfdoctor.server.settings import CONFIG, ONLY_IN_FILE, PREFIX, Settings
from perfdoctor.server.store import query, query_child, views
from perfdoctor.server.tools.catalogue import TOOLS
from perfdoctor.server.tools.schema import input_schema, output_schema
from perfdoctor.server.tools.tool import Tool

DOCS = Path(__file__).resolve().parent.parent / "docs"
NOTE = "<!-- Written by scripts/make_docs.py: change the code, not this file. -->\n"


def tools() -> str:
    lines = [
        NOTE,
        "# Tools",
        "",
        "Every tool is an MCP tool and a shell command with the same arguments and the same answer. Over MCP an answer",
        "has a text and the same as structured content; at the shell `--json` prints the structured form. Unknown",
        "arguments are refused. A refusal says what, why and what to do next.",
        "",
        "| tool | role | |",
        "|---|---|---|",
        *(f"| [{tool.name}](#{tool.name}) | {tool.role} | {tool.title} |" for tool in TOOLS),
    ]
    for tool in TOOLS:
        lines += ["", f"## {tool.name}", "", tool.description, "", "```", _command(tool), "```", ""]
        lines += ["| argument | type | default | |", "|---|---|---|---|"]
        schema = input_schema(tool.arguments)
        required = schema.get("required", [])
        for name, about in schema["properties"].items():
            default = "required" if name in required else _default(about)
            lines.append(f"| `{name}` | {_type(about)} | {default} | {about['description']} |")
        fields = ", ".join(f"`{name}`" for name in output_schema(tool.answer)["properties"])
        lines += ["", f"Answer: {fields}."]
    return "\n".join(lines) + "\n"


def settings() -> str:
    lines = [
        NOTE,
        "# Settings",
        "",
        f"Each is read from the environment, or from the TOML file that `{CONFIG}` names (without it",
        "`$XDG_CONFIG_HOME/perfdoctor/config.toml`, that is `~/.config/perfdoctor/config.toml`). The environment wins.",
        "",
        "| in the file | in the environment | default | |",
        "|---|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = (
            "`~/.local/state/perfdoctor` (XDG)"
            if field.is_required()
            else f"`{_plain(field.get_default(call_default_factory=True))}`"
        )
        variable = "" if name in ONLY_IN_FILE else f"`{PREFIX}{name.upper()}`"
        lines.append(f"| `{name}` | {variable} | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def backends() -> str:
    lines = [
        NOTE,
        "# Backends",
        "",
        "Every question has a ladder: the first backend that can run here answers, and the answer says which it was",
        "and why not those before it (`collection`). What each can tell, in the order in which they are tried:",
        "",
        "- **counts**: what it sees of what happens. **lines**: of which code it names the source line.",
        "- **cost**: *reads* only looks; *perturbs* adds work to the target's own events; *stops* stops it at each.",
        "- **slow-down**: how many times slower a busy but ordinary program runs, and the program in `bench` that",
        "  measured it. 1.00 is lost in the noise.",
        "",
        "On a Mac nothing of this runs: dtrace is not offered by this version.",
    ]
    for tool in dict.fromkeys(one.tool for one in ABILITIES):
        rungs = [one for one in ABILITIES if one.tool == tool]
        for mode in dict.fromkeys(one.mode for one in rungs):
            lines += ["", f"## {tool}{f', mode {mode}' if mode else ''}", ""]
            lines += [
                "| backend | counts | lines | cost | slow-down | per event | lacks |",
                "|---|---|---|---|---|---|---|",
            ]
            lines += [_rung(one) for one in rungs if one.mode == mode]
    return "\n".join(lines) + "\n"


def runtimes() -> str:
    tests = list(dict.fromkeys(cell.test for row in ROWS for cell in row.cells.values() if cell.test))
    number = {test: i for i, test in enumerate(tests, 1)}
    lines = [
        NOTE,
        "# Runtimes",
        "",
        "What each question names of the code, by the runtime and the build of the program (with the engine, as root):",
        "",
        "- **exact line**: each event or sample carries the line that was running, read while it happened.",
        "- **sampled line**: events are counted exactly, and their line is that of a sample which the runtime's own",
        "  profiler took at that time; or the events themselves are samples.",
        "- **function only**: the function, without the line that was running.",
        "- **native only**: the functions of the runtime itself.",
        "- **none**: the binary, or nothing.",
        "",
        "The number is that of the test below that proves it; *not tested here*: it should be so, and no test of this",
        "project shows it. Empty: nothing is claimed.",
        "",
        f"| runtime | build | {' | '.join(QUESTIONS)} |",
        f"|{'---|' * (2 + len(QUESTIONS))}",
    ]
    for row in ROWS:
        cells = " | ".join(_cell(row.cells.get(question), number) for question in QUESTIONS)
        lines.append(f"| {row.runtime} | {row.build} | {cells} |")
    lines += ["", "## What would be needed for more", "", "| runtime | read | needed |", "|---|---|---|"]
    lines += [f"| {one.name} | {one.told} | {one.needed} |" for one in own_lines.RUNTIMES if one.needed]
    lines += ["", "## Tests", "", *(f"{i}. `{test}`" for test, i in number.items())]
    return "\n".join(lines) + "\n"


def queries() -> str:
    lines = [
        NOTE,
        "# Queries",
        "",
        "`recordings` with action `query` runs one SELECT of SQLite's language over what was recorded:",
        "",
        "```sh",
        'perfdoctor recordings query --sql "SELECT code_file, code_line, sum(seconds) FROM cpu',
        "  WHERE recording = 'r-7f3k2amq' GROUP BY 1, 2 ORDER BY 3 DESC\"",
        "```",
        "",
        "The view `recordings` has a row for every recording. All others have the rows of those recordings whose ids",
        f"stand in the statement, at most {query.MOST_RECORDINGS}: `WHERE recording = 'r-…'`, or `IN ('r-…', 'r-…')`.",
        "",
        "The statement runs on a copy, in a process of its own that can open nothing else, for at most",
        f"{query_child.CPU_SECONDS} seconds of computing and in {query_child.MEMORY >> 20} MiB of memory. It can read",
        "these views and call SQLite's functions of numbers, text, dates and windows; nothing can be written. `limit`",
        f"says how many rows are shown; values longer than {query_child.LONGEST_CELL} characters are cut.",
        "",
        "A stack is there as `code_file`, `code_line` and `code_function`, the place that its cost is charged to (the",
        "innermost of the user's own code), and as `stack`, its frames as text, innermost first. Seconds and bytes are",
        "plain numbers, times Unix time.",
        "",
        "| view | one row is | columns |",
        "|---|---|---|",
    ]
    about = {"recordings": "a recording", **{view.name: view.about for view in views.VIEWS}}
    for name, columns in views.tables().items():
        lines.append(f"| `{name}` | {about[name]} | {', '.join(f'`{column}`' for column, _ in columns)} |")
    return "\n".join(lines) + "\n"


def _cell(cell: Cell | None, number: dict[str, int]) -> str:
    if cell is None:
        return ""
    return f"{cell.named} ({number[cell.test] if cell.test else '*not tested here*'})"


def _rung(one: Ability) -> str:
    slow = f"{one.slow_down:.2f}x (`{one.bench}`)" if one.slow_down is not None else ""
    each = one.each + (f" (`{one.bench}`)" if one.each and not slow and one.bench != BENCH else "")
    return f"| {one.backend} | {one.exact} | {one.lines} | {one.cost} | {slow} | {each} | {', '.join(one.lacks)} |"


def _command(tool: Tool[Any, Any]) -> str:
    words = [f"perfdoctor {tool.name}"]
    for name in tool.positional:
        required = tool.arguments.model_fields[name].is_required()
        words.append(name.upper() if required else f"[{name.upper()}]")
    return " ".join([*words, "[--ARGUMENT VALUE ...] [--json]"])


def _type(about: dict[str, Any]) -> str:
    if "enum" in about:
        return " / ".join(f"`{value}`" for value in about["enum"])
    if "const" in about:
        return f"`{about['const']}`"
    bounds = [f"{about[key]:,}" for key in ("minimum", "maximum") if key in about]
    kinds = [about["type"]] if isinstance(about["type"], str) else about["type"]
    return f"{' or '.join(kinds)} {' to '.join(bounds)}".strip()


def _default(about: dict[str, Any]) -> str:
    default = about.get("default")
    return "" if default is None else f"`{_plain(default)}`"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value in ((), {}, None):
        return "(none)"
    return f"{value:g}" if isinstance(value, float) else str(value)


def main() -> int:
    stale = []
    for name, text in (
        ("tools.md", tools()),
        ("settings.md", settings()),
        ("backends.md", backends()),
        ("runtimes.md", runtimes()),
        ("queries.md", queries()),
    ):
        path = DOCS / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
    if stale:
        print(f"{'stale' if '--check' in sys.argv[1:] else 'written'}: {', '.join(stale)}")
    return 1 if stale and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
