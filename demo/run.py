"""The whole workflow on a slow web service, as an assistant would do it: an MCP client that drives the server.

Find the process, watch it, diagnose it, look closer, apply the prepared fixes, diagnose again, compare. Exits with 0
when the planted problems were named at their lines and the comparison says improved, with 1 when not.
"""

import argparse
import asyncio
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters
from patching import apply
from shop import HERE, RunningShop, on_terminal, working_copy

PLANTED = {
    "hot-loop": ("catalogue.py", "not in seen"),
    "excessive-stat": ("pages.py", "os.path.exists"),
    "small-io": ("reports.py", "file.read("),
    "repeated-read": ("settings.py", "file"),
    "sync-write": ("audit.py", "os.fsync"),
    "serialization-overhead": ("pricing.py", "copy.deepcopy"),
}
"""what is wrong with the shop: the pattern, the file, and what stands in the line that costs"""
ENOUGH = 4
"""of the six planted problems must be named; what a disk's fsync costs, for one, differs too much to insist on all"""
FASTER = 1.5

BOLD, DIM, RED, YELLOW, GREEN, OFF = ("\033[1m", "\033[2m", "\033[31m", "\033[33m", "\033[32m", "\033[0m")
if not on_terminal():
    BOLD = DIM = RED = YELLOW = GREEN = OFF = ""
COLOUR = {"critical": RED, "warning": YELLOW, "info": DIM}

Answer = dict[str, Any]


def say(text: str = "") -> None:
    print(text, flush=True)


def step(number: int, title: str) -> None:
    say(f"\n{BOLD}{number}. {title}{OFF}")


class Assistant:
    """Calls tools, and shows what it calls and what it was told."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def call(self, tool: str, **arguments: Any) -> Answer:
        shown = ", ".join(f"{name}: {value}" for name, value in arguments.items())
        say(f"{DIM}→ {tool} {{{shown}}}{OFF}")
        result = await self._client.call_tool(tool, arguments, progress_callback=self._progress)
        if on_terminal():
            print("\r\033[K", end="", flush=True)
        answer = result.structured_content or {}
        if result.is_error:
            said = " ".join(str(getattr(part, "text", "")) for part in result.content)
            raise SystemExit(f"{RED}{tool} was refused:{OFF} {said}")
        say(f"  {answer['summary']}")
        return dict(answer)

    async def _progress(self, progress: float, total: float | None, message: str | None) -> None:
        if on_terminal():
            print(f"\r\033[K{DIM}  {progress:.1f}/{total or 0:.0f} s  {message or ''}"[:110] + OFF, end="", flush=True)


def source_line(file: str, line: int) -> str:
    try:
        return Path(file).read_text().splitlines()[line - 1].strip()
    except (OSError, IndexError):
        return "(source not readable)"


def show_findings(findings: list[Answer]) -> None:
    for finding in findings:
        place = finding["location"] or {}
        share = "" if finding["share"] is None else f"{finding['share']:>5.0%}"
        colour = COLOUR[finding["severity"]]
        say(f"  {colour}{finding['severity']:<8}{OFF} {share:>5}  {BOLD}{finding['pattern']}{OFF}: {finding['title']}")
        if place.get("file") and place.get("line"):
            code = source_line(place["file"], place["line"])
            say(f"                  {short(place['file'])}:{place['line']}   {BOLD}{code}{OFF}")
        say(f"                  {DIM}{finding['fix']}{OFF}")
    if not findings:
        say("  nothing found")


def short(path: str) -> str:
    """The path below the working copy."""
    return path.rsplit("/shop/", 1)[-1]


def named(findings: list[Answer]) -> dict[str, str]:
    """The planted problems that were named at the right line: pattern → file:line."""
    found = {}
    for finding in findings:
        place = finding["location"] or {}
        file, fragment = PLANTED.get(finding["pattern"], ("", ""))
        right_file = file and str(place.get("file") or "").endswith(f"/bookshop/{file}")
        if right_file and place.get("line") and fragment in source_line(place["file"], place["line"]):
            found[finding["pattern"]] = f"{short(place['file'])}:{place['line']}"
    return found


async def find_shop(assistant: Assistant, query: str) -> int:
    """The pid of the shop's first process: the one that the others are children of."""
    rows = (await assistant.call("proc-find", query=query))["processes"]
    pids = {row["pid"] for row in rows}
    masters = [row for row in rows if row["ppid"] not in pids]
    chosen = max(masters, key=lambda row: row["children"])
    say(f"  pid {chosen['pid']} ({chosen['runtime']}, {chosen['children']} children): {chosen['command'][:90]}")
    return int(chosen["pid"])


async def show_change(assistant: Assistant, before: str, after: str) -> str:
    comparison = await assistant.call("compare", before=before, after=after)
    for change in comparison["comparison"]["findings"]:
        place = change["location"] or {}
        was, now = (f"{share:.0%}" if share is not None else "-" for share in (change["before"], change["after"]))
        where = f"{short(place['file'])}:{place['line']}" if place.get("file") else ""
        say(f"  {change['change']:<5} {change['pattern']:<24} {was:>5} → {now:<5} {where}")
    return str(comparison["verdict"])


async def demonstrate(seconds: float, folder: Path) -> int:
    copy = working_copy(folder)
    data = folder / "data"
    server = StdioServerParameters(
        command=str(Path(sys.executable).with_name("perfdoctor")),
        args=["serve", "--stdio"],
        env={**os.environ, "PERFDOCTOR_STATE": str(folder / "recordings")},
    )
    query = f"bookshop --data {data}"
    enough = ENOUGH if os.geteuid() == 0 else 1
    async with Client(server) as client:
        assistant = Assistant(client)
        step(1, "What can be measured on this machine?")
        await assistant.call("tools-check")
        if enough < ENOUGH:
            say(f"  {YELLOW}Not root: fewer tools can look, so fewer problems will be named.{OFF}")

        with RunningShop(copy, data) as shop:
            slow = await asyncio.to_thread(shop.rate, 3)
            step(2, f"A web shop is slow: {slow:.0f} requests/s. Which process is it, and what does it do?")
            pid = await find_shop(assistant, query)
            await assistant.call("proc-watch", pid=pid, seconds=3)

            step(3, "What is wrong with it, and where?")
            before = await assistant.call("diagnose", pid=pid, seconds=seconds)
            show_findings(before["findings"])

            step(4, "A closer look: system calls and CPU by line")
            calls = await assistant.call("trace-syscalls", pid=pid, seconds=3)
            for row in sorted(calls["lines"], key=lambda row: -row["calls"])[:5]:
                place = row["location"] or {}
                where = f"{short(place['file'])}:{place['line']}" if place.get("file") else "?"
                say(f"  {row['calls'] / 3:>9,.0f}/s  {row['syscall']:<12} {where}")
            cpu = await assistant.call("trace-cpu", pid=pid, seconds=3)
            for row in cpu["lines"][:5]:
                place = row["location"]
                say(f"  {row['self_share']:>10.0%}  {short(place['file'] or '?')}:{place['line']}")

        step(5, "The fixes")
        found = named(before["findings"])
        for pattern, place in found.items():
            changed = apply(HERE / "fixes" / f"{pattern}.patch", copy)
            say(f"  {GREEN}✓{OFF} {pattern:<24} {place:<28} demo/fixes/{pattern}.patch → {short(str(changed))}")
        for pattern in PLANTED.keys() - found.keys():
            say(f"  {YELLOW}-{OFF} {pattern:<24} was not named at its line, and stays as it is")

        step(6, "Restarted with the fixes, under the same load: did it help?")
        with RunningShop(copy, data) as shop:
            fast = await asyncio.to_thread(shop.rate, 3)
            pid = await find_shop(assistant, query)
            after = await assistant.call("diagnose", pid=pid, seconds=seconds)
            show_findings(after["findings"])
            verdict = await show_change(assistant, before["recording"], after["recording"])

    good = len(found) >= enough and verdict == "improved" and fast >= slow * FASTER
    colour = GREEN if good else RED
    say(f"\n{BOLD}{colour}{verdict}{OFF}: {len(found)} of {len(PLANTED)} planted problems were named at their line;")
    say(f"{slow:.0f} → {fast:.0f} requests/s ({fast / slow:.1f} times), as the load generator counted.")
    if not good:
        say(f"{RED}This is not what the demo should show.{OFF} The shop's own messages: {folder / 'shop.log'}")
    return 0 if good else 1


def main() -> None:
    options = argparse.ArgumentParser(description="Find, fix and prove fixed what makes a sample web service slow.")
    options.add_argument("--seconds", type=float, default=8.0, help="length of each diagnosis")
    options.add_argument("--folder", type=Path, default=HERE.parent / ".demo", help="where it works; may be deleted")
    chosen = options.parse_args()
    chosen.folder.mkdir(exist_ok=True)
    shutil.rmtree(chosen.folder / "data", ignore_errors=True)
    began = time.monotonic()
    try:
        status = asyncio.run(demonstrate(chosen.seconds, chosen.folder.resolve()))
    except KeyboardInterrupt:
        status = 130
    say(f"{DIM}({time.monotonic() - began:.0f} s){OFF}")
    sys.exit(status)


if __name__ == "__main__":
    main()
