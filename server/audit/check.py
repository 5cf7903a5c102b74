"""Is an audit whole? Reads every line of it, and changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from perfdoctor.server.audit.book import HEAD, WRITTEN, full_files
from perfdoctor.server.audit.chain import (
    LONGEST_LINE,
    START,
    Broken,
    Head,
    Link,
    NoLine,
    head_of,
    link_of,
    must_follow,
    torn,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``broken`` is empty when the audit is whole; else what is wrong, at ``where`` (file and line). ``notes`` are what
    is not as it was written, but told by the audit itself. ``last`` is the last good line."""

    lines: int
    first: int
    last: Head
    broken: str = ""
    where: str = ""
    notes: tuple[str, ...] = ()
    signed: bool = True


def links(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every line with where it stands, oldest first, without its newline."""
    for path in (*full_files(folder), folder / WRITTEN):
        if not path.exists():
            continue
        with path.open("rb") as file:
            number = 0
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                yield f"{path.name}, line {number}", line.removesuffix(b"\n")


def verify(folder: Path, key: bytes | None, expected: Head | None = None) -> Verdict:
    """``expected`` is a head that was noted elsewhere earlier: the audit must still hold that very line."""
    walk = _Walk(key, expected)
    for where, line in links(folder):
        if not walk.take(where, line):
            break
    if not walk.broken:
        walk.end(folder)
    return Verdict(
        walk.lines, walk.first, walk.last, walk.broken, walk.where, tuple(walk.notes), signed=key is not None
    )


class _Walk:
    def __init__(self, key: bytes | None, expected: Head | None) -> None:
        self._key = key
        self._expected = expected
        self._half: tuple[str, bytes] | None = None
        self._began_after: Head | None = None
        self._removed_through = 0
        self.lines = self.first = 0
        self.last = START
        self.broken = self.where = ""
        self.notes: list[str] = []

    def take(self, where: str, line: bytes) -> bool:
        """False when this line, or the one before it, is not right."""
        try:
            self._take(where, line)
        except Broken as why:
            self.broken, self.where = str(why), where if self._half is None else self._half[0]
            return False
        return True

    def _take(self, where: str, line: bytes) -> None:
        if self._half is not None:
            half = self._half[1]
            link = self._good_line(line)
            if link is None or link.says.get("event") != "recovered" or link.says.get("torn") != torn(half):
                raise NoLine("it is not a line of an audit, and the next line does not tell of it")
            self.notes.append(f"{self._half[0]}: half a line, which a server that was killed or had no room left")
            self._half = None
        else:
            try:
                link = link_of(line, self._key)
            except NoLine:
                # Half a line that a killed server left; the next line must tell of it.
                self._half = where, line
                return
        if self.lines == 0 and link.n > 1:
            self._began_after = self.last = Head(link.n - 1, link.before)
        must_follow(link, self.last)
        if self.lines == 0:
            self.first = link.n
        self.lines += 1
        self.last = Head(link.n, link.hash)
        self._note(where, link)
        if self._expected is not None and link.n == self._expected.n and link.hash != self._expected.hash:
            raise Broken("it is another line than the one that was expected")

    def _good_line(self, line: bytes) -> Link | None:
        try:
            return link_of(line, self._key)
        except Broken:
            return None

    def _note(self, where: str, link: Link) -> None:
        event = link.says.get("event")
        if event == "recovered" and "head" in link.says:
            self.notes.append(f"{where}: when a server came back, the head told of what was not there")
        elif event == "rotated" and isinstance(link.says.get("through"), int):
            self._removed_through = max(self._removed_through, link.says["through"])
        elif event == "unwritten":
            self.notes.append(f"{where}: {link.says.get('calls')} calls were made of which no line could be kept")

    def end(self, folder: Path) -> None:
        """What only the whole shows: whether something is missing at its beginning or its end."""
        if self._half is not None:
            self.where, half = self._half
            self.broken = "it is not a whole line, and none after it tells of it"
            if not half.endswith(b"}"):
                self.broken += " (the server was killed while it wrote it, or somebody cut it off)"
            return
        if self._began_after is not None and self._began_after.n > self._removed_through:
            self.where = f"before line {self.first}"
            self.broken = "the lines before it are missing, and no line tells that they made room for newer ones"
            return
        self.where = HEAD
        try:
            head = head_of((folder / HEAD).read_bytes(), self._key)
        except FileNotFoundError:
            self.broken = "the head is missing: whether lines are missing at the end cannot be told"
            return
        except Broken as why:
            self.broken = str(why)
            return
        if head.n > self.last.n:
            self.broken = f"the end is missing: {head.n} lines were written, and the last one here is {self.last.n}"
        elif head.n == self.last.n and head.hash != self.last.hash:
            self.broken = f"line {head.n} is another one than that which was written last"
        elif self._expected is not None and self._expected.n > self.last.n:
            self.broken = f"line {self._expected.n} was expected, and the last one here is {self.last.n}"
        else:
            self.where = ""
            if head.n < self.last.n:
                self.notes.append(f"{self.last.n - head.n} lines after the head: a server was killed between the two")
