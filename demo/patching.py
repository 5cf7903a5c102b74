"""Apply a unified diff, strictly: every hunk must fit exactly where it says."""

import re
from pathlib import Path

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")


def apply(patch: Path, folder: Path) -> Path:
    """Change the one file below ``folder`` that ``patch`` is about, and return it. ValueError where it does not fit."""
    lines = patch.read_text().splitlines(keepends=True)
    target = folder / lines[1].removeprefix("+++ b/").strip()
    old = target.read_text().splitlines(keepends=True)
    new: list[str] = []
    at = 0
    for line in lines[2:]:
        if hunk := _HUNK.match(line):
            begin = int(hunk[1]) - 1
            new += old[at:begin]
            at = begin
            continue
        kind, text = line[0], line[1:]
        if kind in " -":
            if old[at : at + 1] != [text]:
                raise ValueError(f"{patch.name} does not fit {target}, line {at + 1}")
            at += 1
        if kind in " +":
            new.append(text)
    target.write_text("".join(new + old[at:]))
    return target
