"""Every pattern that is known, found by folder: one file in patterns/ is one pattern.

``python -m perfdoctor.diagnosis.catalogue --write docs/patterns`` renders their pages.
"""

import importlib
import pkgutil
import sys
from pathlib import Path

from perfdoctor.diagnosis import patterns
from perfdoctor.diagnosis.pattern import Pattern


def _discover() -> dict[str, Pattern]:
    found: dict[str, Pattern] = {}
    for module in sorted(pkgutil.iter_modules(patterns.__path__), key=lambda m: m.name):
        pattern = importlib.import_module(f"{patterns.__name__}.{module.name}").PATTERN
        assert isinstance(pattern, Pattern), f"{module.name} has no PATTERN"
        assert pattern.id == module.name.replace("_", "-"), f"{module.name} holds {pattern.id}"
        found[pattern.id] = pattern
    return found


PATTERNS: dict[str, Pattern] = _discover()


def index() -> str:
    """The table of contents of docs/patterns."""
    rows = "\n".join(f"| [{p.id}]({p.id}.md) | {p.title} | {', '.join(sorted(p.focus))} |" for p in PATTERNS.values())
    head = "# Patterns\n\nMade from diagnosis/patterns; do not edit.\n\n| id | what it is | focus |\n|---|---|---|\n"
    return f"{head}{rows}\n"


def pages() -> dict[str, str]:
    """File name to content, of everything in docs/patterns."""
    return {"index.md": index()} | {f"{p.id}.md": p.page() for p in PATTERNS.values()}


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or arguments[0] != "--write":
        sys.stderr.write("usage: python -m perfdoctor.diagnosis.catalogue --write FOLDER\n")
        return 2
    folder = Path(arguments[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
