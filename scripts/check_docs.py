"""Does what the documentation names exist? Links, anchors, files, recipes and commands.

Looks at every Markdown file of the checkout. A relative link must lead to a file (and its ``#anchor`` to a heading);
a path in backticks that begins with a folder of this checkout must exist; in shell blocks every ``scripts/…``,
``just …`` and ``perfdoctor …`` must be something that can be run. Prints each miss as file:line and exits with 1.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOT_DOCS = {".venv", ".git", "node_modules", "transcripts", ".demo", ".packages", "build", "dist"}
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
SPAN = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[\w.-]+(?:/[\w.*-]+)+/?")
SHELL = {"sh", "bash", "shell", "console"}


def documents() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*.md")):
        parts = path.relative_to(ROOT).parts
        if not NOT_DOCS.intersection(parts) and not any(part.startswith(".venv") for part in parts):
            yield path


def anchors(path: Path) -> set[str]:
    """The anchors of a Markdown file's headings, as GitHub makes them."""
    found = set()
    for line in path.read_text().splitlines():
        if heading := re.match(r"#+\s+(.*)", line):
            kept = re.sub(r"[^\w\- ]", "", heading[1].lower())
            found.add(kept.replace(" ", "-"))
    return found


def link_misses(path: Path, target: str) -> str | None:
    if re.match(r"[a-z]+:", target):
        return None
    name, _, anchor = target.partition("#")
    leads_to = (path.parent / name) if name else path
    if not leads_to.exists():
        return f"link to {target}: there is no such file"
    if anchor and leads_to.suffix == ".md" and anchor not in anchors(leads_to):
        return f"link to {target}: there is no such heading"
    return None


def path_misses(span: str) -> str | None:
    """A path in backticks, where it begins with a folder of ours (``*`` stands for anything)."""
    if not PATH.fullmatch(span) or not (ROOT / span.split("/", maxsplit=1)[0]).is_dir():
        return None
    there = any(ROOT.glob(span.rstrip("/"))) if "*" in span else (ROOT / span).exists()
    return None if there else f"`{span}`: there is no such file"


def recipes() -> set[str]:
    return set(re.findall(r"^(\w[\w-]*)[^:=\n]*:(?!=)", (ROOT / "justfile").read_text(), re.MULTILINE))


def shell_commands() -> set[str]:
    """The commands of perfdoctor, as its help lists them."""
    program = Path(sys.executable).with_name("perfdoctor")
    said = subprocess.run([program, "--help"], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    return set(re.findall(r"[a-z][\w-]+", said.stdout))


def command_misses(line: str, known: set[str]) -> str | None:
    words = line.removeprefix("$ ").split()
    words = words[1:] if words[:1] == ["sudo"] else words
    match words:
        case [program, *_] if program.startswith(("scripts/", "./scripts/", ".ci/", "bench/")):
            return None if (ROOT / program).exists() else f"{program}: there is no such script"
        case ["python", script, *_] if "/" in script:
            return None if (ROOT / script).exists() else f"{script}: there is no such script"
        case ["just", recipe, *_]:
            return None if recipe in recipes() else f"just {recipe}: there is no such recipe"
        case ["perfdoctor", command, *_] if not command.startswith("-"):
            return None if command in known else f"perfdoctor {command}: there is no such command"
    return None


def misses(path: Path, known: set[str]) -> Iterator[tuple[int, str]]:
    fence = ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.lstrip().startswith("```"):
            fence = "" if fence else line.strip().strip("`") or "text"
        elif fence:
            if fence in SHELL and (miss := command_misses(line.strip(), known)):
                yield number, miss
        else:
            for found in [*(link_misses(path, t) for t in LINK.findall(line)), *map(path_misses, SPAN.findall(line))]:
                if found:
                    yield number, found


def main() -> int:
    known = shell_commands()
    found = [(path, number, miss) for path in documents() for number, miss in misses(path, known)]
    for path, number, miss in found:
        print(f"{path.relative_to(ROOT)}:{number}: {miss}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
