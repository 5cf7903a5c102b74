"""Does diagnose point at the function that a release repaired? On real packages, before and after their repair.

    python bench/real_packages.py [--only NAME] [--seconds 5] [--folder bench/.packages] [--show] [--write]

bench/packages/packages.toml names the releases, what changed between them, and a program that uses the package as its
users do. Each release is installed by pip or npm into a folder of its own, where it stays for the next time. The
program is diagnosed over MCP, as in bench/diagnosis.py. ``--write`` keeps the table in bench/results/packages.md.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from asking import ROOT, Answer, Doctor, doctor, free_port
from machine import machine

HERE = Path(__file__).resolve().parent / "packages"
RESULTS = ROOT / "bench" / "results" / "packages.md"
STARTS_WITHIN = 60


@dataclass(frozen=True, slots=True)
class Repair:
    """One package around its repair. ``functions`` were changed by it, in ``file``."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    functions: tuple[str, ...]
    file: str
    driver: Path
    said: str
    npm: bool


@dataclass(frozen=True, slots=True)
class Pointed:
    """The first finding that points at a repaired function: its place among all, and by what it points (``title``,
    ``evidence``, ``fix``, ``location``, ``stack``)."""

    rank: int
    finding: dict[str, Any]
    by: tuple[str, ...]

    @property
    def is_named(self) -> bool:
        """Not only on the stack, which an answer shows when it is asked for in full."""
        return self.by != ("stack",)


def repairs() -> list[Repair]:
    table = tomllib.loads((HERE / "packages.toml").read_text())
    return [
        Repair(
            name=name,
            before=tuple(of["before"]),
            after=tuple(of["after"]),
            functions=tuple(of["functions"]),
            file=of["file"],
            driver=HERE / of["driver"],
            said=of["said"],
            npm=of.get("npm", False),
        )
        for name, of in table.items()
    ]


def installed(repair: Repair, wanted: Sequence[str], folder: Path) -> Path:
    """The folder that holds these releases, and nothing else. It looks like an installation: library code is known by
    where it lies."""
    top = folder / "-".join(re.sub(r"\W+", "-", one) for one in wanted)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    at = top / "node_modules" if repair.npm else top / "lib" / version / "site-packages"
    if not at.is_dir():
        new = Path(tempfile.mkdtemp(dir=folder))
        if repair.npm:
            command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(new), *wanted]
        else:
            target = new / at.relative_to(top)
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            command += ["--target", str(target), *wanted]
        subprocess.run(command, check=True)
        new.rename(top)
    return at


async def diagnosed(repair: Repair, at: Path, patient: Doctor, seconds: float) -> Answer:
    """The answer about the driver, run against what is installed in ``at``."""
    # (a port of its own for each inspector: two Node.js programs on one machine take the same one)
    program = ["node", f"--inspect-port={free_port()}"] if repair.npm else [sys.executable]
    path = {"NODE_PATH" if repair.npm else "PYTHONPATH": str(at)}
    with tempfile.TemporaryDirectory(prefix="perfdoctor-bench-") as folder:
        process = await anyio.open_process(
            [*program, str(repair.driver)], env={**os.environ, **path}, cwd=folder, stderr=subprocess.DEVNULL
        )
        assert process.stdout is not None
        try:
            with anyio.fail_after(STARTS_WITHIN):
                said = (await process.stdout.receive()).split()
            if said[:1] != [b"ready"]:
                raise SystemExit(f"{repair.driver.name} did not get ready")
            await anyio.sleep(0.5)
            return await patient.diagnose(pid=process.pid, seconds=seconds)
        finally:
            process.kill()
            await process.aclose()


def pointed(answer: Answer, repair: Repair) -> Pointed | None:
    for rank, finding in enumerate(answer.findings, 1):
        texts = {
            "title": finding["title"],
            "evidence": " ".join(fact["what"] for fact in finding["evidence"]),
            "fix": finding["fix"],
            "location": (finding["location"] or {}).get("function") or "",
            "stack": " ".join(frame["function"] for frame in finding["stack"] if _is_in(frame, repair.file)),
        }
        by = tuple(name for name, text in texts.items() if _names(text, repair.functions))
        if by:
            return Pointed(rank, finding, by)
    return None


def _is_in(frame: dict[str, Any], file: str) -> bool:
    return (frame.get("file") or frame.get("module") or "").endswith(file) or not frame.get("file")


def _names(text: str, functions: Sequence[str]) -> bool:
    return any(re.search(rf"(?<![A-Za-z0-9]){re.escape(function)}(?!\w)", text) for function in functions)


async def measure(chosen: Sequence[Repair], seconds: float, folder: Path, show: bool) -> list[str]:
    rows = []
    named = on_stack = quiet = 0
    with tempfile.TemporaryDirectory(prefix="perfdoctor-bench-") as state:
        async with doctor(Path(state)) as patient:
            for repair in chosen:
                places = [installed(repair, wanted, folder) for wanted in (repair.before, repair.after)]
                before, after = [await diagnosed(repair, at, patient, seconds) for at in places]
                if show:
                    print(before.text, "\n----- after the repair\n", after.text, "\n", flush=True)
                found, left = pointed(before, repair), pointed(after, repair)
                named += found is not None and found.is_named
                on_stack += found is not None
                quiet += left is None or left.finding["severity"] == "info"
                releases = f"{repair.before[0]}, {repair.after[0].rpartition('@' if repair.npm else '=')[2]}"
                functions = ", ".join(f"`{function}`" for function in repair.functions[:2])
                row = f"| {releases} | {functions} | {_told(found, repair)} | {_told(left, repair)} |"
                print(row, flush=True)
                rows.append(row)
    return [
        "# Does diagnose point at what a release repaired?",
        "",
        f"{machine()}; made by `python bench/real_packages.py --seconds {seconds:g}`.",
        "Real packages, a release before and one after a performance repair, each used by a small program as users do",
        "(bench/packages). A repaired function is *named* when a finding's title, evidence, fix or location says it,",
        "and *on the stack* when only the stack beside the finding holds it.",
        "",
        f"Of {len(rows)} repairs: named before the repair {named}, named or on the stack {on_stack}; after the repair "
        f"not accused any more (from warning on) {quiet}.",
        "",
        "| release before, after | repaired | before: finding, its place | after |",
        "|---|---|---|---|",
        *rows,
    ]


def _told(found: Pointed | None, repair: Repair) -> str:
    if found is None:
        return "not accused"
    finding = found.finding
    at = finding["location"] or {}
    file = at.get("file") or ""
    own = "the program's own line" if Path(file).name == repair.driver.name else Path(file).name or "no line"
    share = f"{finding['share']:.0%}" if finding["share"] is not None else "-"
    return (
        f"{finding['severity']} {finding['pattern']} ({share}), number {found.rank}, at {own}; by {', '.join(found.by)}"
    )


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--only", default="", help="only packages with this in their name")
    options.add_argument("--seconds", type=float, default=5.0, help="of each window")
    options.add_argument("--folder", type=Path, default=HERE.parent / ".packages", help="where releases are installed")
    options.add_argument("--show", action="store_true", help="print the answers too")
    options.add_argument("--write", action="store_true", help=f"also write {RESULTS.relative_to(ROOT)}")
    chosen = options.parse_args()
    chosen.folder.mkdir(exist_ok=True)
    wanted = [repair for repair in repairs() if chosen.only in repair.name]
    if shutil.which("npm") is None and any(repair.npm for repair in wanted):
        print("npm is missing: packages of Node.js are left out", file=sys.stderr)
        wanted = [repair for repair in wanted if not repair.npm]
    text = "\n".join(anyio.run(measure, wanted, chosen.seconds, chosen.folder, chosen.show)) + "\n"
    print(text)
    if chosen.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
