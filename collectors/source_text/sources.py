"""The target's own files, each read once and parsed once: as lines, and as a tree of its syntax.

tree-sitter parses every language of ``grammar.py``, also what is only half written. The text is the target's, so it is
bounded: in size, in the time that parsing it may take, and in how deep a tree is followed (nobody nests a hundred
loops, and to ask a node for what it is in takes time with its depth).
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.declared import types_in
from perfdoctor.collectors.source_text.syntax import Loop
from perfdoctor.collectors.source_text.target_files import LARGEST_SOURCE, content

if TYPE_CHECKING:
    from tree_sitter import Node

LARGEST_TREE = 512 << 10
_MOST_FILES = 256
_MOST_BYTES = 32 << 20
"""of all files of a process"""
_MOST_MENTIONS = 10_000


class Sources:
    """Of one process. ``otherwise``: a suffix that names the language of files whose own name tells none;
    ``largest_tree``: bytes of a file that is parsed."""

    def __init__(self, host: Host, pid: int, *, otherwise: str = "", largest_tree: int = LARGEST_TREE) -> None:
        self._host, self._pid = host, pid
        self._otherwise, self._largest_tree = otherwise, largest_tree
        self._texts: dict[str, bytes] = {}
        self._trees: dict[str, Source | None] = {}
        self._lines: dict[str, list[str]] = {}
        self._bytes = 0

    def of(self, file: str) -> "Source | None":
        """None where it cannot be read or parsed, is too large, or is in a language that is not known here."""
        if file not in self._trees:
            name = file if grammar.is_known(file) else f"{file}{self._otherwise}"
            text = self._text(file) if grammar.is_known(name) else b""
            source = Source(name, text) if 0 < len(text) <= self._largest_tree else None
            self._trees[file] = source if source is not None and source.is_parsed else None
        return self._trees[file]

    def says(self, file: str, words: Iterable[str]) -> bool:
        """Whether any of these words is in a file, without a look at what it is there."""
        text = self._text(file)
        return any(word.encode() in text for word in words)

    def lines(self, file: str) -> list[str]:
        """Of a file in any language; none where it cannot be read."""
        if file not in self._lines:
            # (lines end at \n alone: a form feed, which str.splitlines takes for an end, is none to a compiler)
            text = self._text(file).decode("utf-8", "replace")
            self._lines[file] = [line.removesuffix("\r") for line in text.split("\n")] if text else []
        return self._lines[file]

    def _text(self, file: str) -> bytes:
        if file not in self._texts:
            if not file.startswith("/") or len(self._texts) >= _MOST_FILES or self._bytes >= _MOST_BYTES:
                return b""
            self._texts[file] = content(self._host, self._pid, file, LARGEST_SOURCE)
            self._bytes += len(self._texts[file])
        return self._texts[file]


class SourcesOfAll:
    """Of all processes of a window."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._known: dict[int, Sources] = {}

    def of(self, pid: int) -> Sources:
        return self._known.setdefault(pid, Sources(self._host, pid))


class Source:
    """One file, whose name tells its language. Lines are counted from 1."""

    def __init__(self, file: str, text: bytes) -> None:
        self._file = file
        self._text = text.decode("utf-8", "replace").encode()
        """(what is no UTF-8 is replaced as everybody does that counts letters in it)"""

    @cached_property
    def _begins(self) -> list[int]:
        """Where each line begins."""
        begins, at = [0], self._text.find(b"\n")
        while at >= 0:
            begins.append(at + 1)
            at = self._text.find(b"\n", at + 1)
        return begins

    @cached_property
    def _root(self) -> "Node | None":
        return grammar.parse(self._file, self._text)

    @cached_property
    def lines(self) -> list[str]:
        return self._text.decode().split("\n")

    @cached_property
    def lowered(self) -> str:
        """Its text in small letters, of which each is where its byte is in the file."""
        return self._text.decode("latin-1").lower()

    @property
    def file(self) -> str:
        return self._file

    @property
    def is_javascript(self) -> bool:
        return grammar.is_javascript(self._file)

    @property
    def is_python(self) -> bool:
        return self._file.endswith((".py", ".pyw"))

    @property
    def is_parsed(self) -> bool:
        return self._root is not None

    @property
    def root(self) -> "Node":
        assert self._root is not None, "asked of a source that is_parsed says is not"
        return self._root

    @cached_property
    def named(self) -> dict[str, list["Node"]]:
        """The functions, by name."""
        found: dict[str, list[Node]] = {}
        for each in syntax.within(self.root, functions=True):
            if each.type in grammar.FUNCTIONS:
                found.setdefault(syntax.name_of(each), []).append(each)
        return found

    @cached_property
    def functions(self) -> dict[str, "Node"]:
        """By name; of several of the same name the first."""
        return {name: found[0] for name, found in self.named.items()}

    @cached_property
    def classes(self) -> frozenset[str]:
        """The names of classes and structures."""
        found = (each for each in syntax.within(self.root, functions=True) if each.type in grammar.TYPES)
        return frozenset(filter(None, (syntax.text_of(each.child_by_field_name("name")) for each in found)))

    @cached_property
    def components(self) -> frozenset[str]:
        """What records of Java are made of: each has a method of its name, which nobody writes."""
        records = (each for each in syntax.within(self.root, functions=True) if each.type == "record_declaration")
        return frozenset().union(*(syntax.names_in(each.child_by_field_name("parameters")) for each in records))

    @cached_property
    def calls(self) -> dict[str, list["Node"]]:
        """All of a file, by the last name of what is called."""
        found: dict[str, list[Node]] = {}
        for call in syntax.calls_in(self.root, functions=True):
            found.setdefault(syntax.called_name(call), []).append(call)
        return found

    @cached_property
    def assigned(self) -> dict[str, list["Node"]]:
        """All names that get a value anywhere in the file, with the values."""
        return syntax.assigned_in(self.root)

    @cached_property
    def members(self) -> dict[str, list["Node"]]:
        """What members of objects get as values anywhere in the file, by their names."""
        found: dict[str, list[Node]] = {}
        for each in syntax.within(self.root, functions=True):
            target = syntax.target_of(each) if each.type in grammar.ASSIGNMENTS else None
            value = each.child_by_field_name("value") or each.child_by_field_name("right")
            if target is not None and value is not None and target.type in grammar.MEMBERS:
                found.setdefault(syntax.member_name(target), []).append(value)
        return found

    @cached_property
    def declared(self) -> dict[str, set[str]]:
        """The types that names and members are declared to have anywhere in the file, as they are written."""
        return types_in(self.root)

    @cached_property
    def handed_their_maker(self) -> frozenset[str]:
        """The classes whose objects are handed the one that makes them: ``Account(self, number)``."""
        calls = (call for named in self.calls.values() for call in named)
        with_self = (
            call for call in calls if any(syntax.text_of(g) in grammar.SELF for g in syntax.arguments_of(call))
        )
        return frozenset(map(syntax.called_name, with_self))

    def at(self, line: int) -> "Node | None":
        """The smallest node in which all of a line is, but for a comment at its end; None for one that is empty, or
        behind the end."""
        if not 0 < line <= len(self._begins):
            return None
        begin = self._begins[line - 1]
        end = self._begins[line] - 1 if line < len(self._begins) else len(self._text)
        text = self._text[begin:end].rstrip()
        first, last = len(text) - len(text.lstrip()), len(text)
        if first == last:
            return None
        behind = self.root.descendant_for_byte_range(begin + last - 1, begin + last)
        if behind is not None and behind.type.endswith("comment") and begin + first < behind.start_byte:
            last = len(self._text[begin : behind.start_byte].rstrip())
        return self._near(self.root.named_descendant_for_point_range((line - 1, first), (line - 1, last)))

    def call_at(self, line: int, name: str) -> "Node | None":
        """The call of a function in a line, or the member of that name: a property is called without a call."""
        near = self.near(line) if name else []
        calls = (each for each in near if each.type in grammar.CALLS and syntax.called_name(each) == name)
        members = (each for each in near if each.type in grammar.MEMBERS and syntax.member_name(each) == name)
        return next(calls, None) or next(members, None)

    def first_call(self, lines: Iterable[int], name: str) -> "Node | None":
        """The first such call in ``lines``, of which an iterator goes on behind it."""
        return next((call for line in lines if (call := self.call_at(line, name)) is not None), None)

    def function_at(self, line: int) -> "Node | None":
        """The function that a line is in, or the only one that is in the line: ``same = (a, b) => a.at === b.at``."""
        node = self.at(line)
        if node is None:
            return None
        if (around := syntax.function_around(node)) is not None:
            return around
        inside = [each for each in syntax.within(node, functions=True, line=line) if each.type in grammar.FUNCTIONS]
        return inside[0] if len(inside) == 1 else None

    def near(self, line: int) -> list["Node"]:
        """What stands in a line, outer ones first, and then what that stands in, inner ones first."""
        node = self.at(line)
        if node is None:
            return []
        return list(dict.fromkeys((*syntax.within(node, functions=True, line=line), *syntax.around(node))))

    def is_broken_at(self, line: int) -> bool:
        """Whether the tree has no sense of a line: it is cut off, or a macro of C makes another text of it."""
        node = self.at(line)
        return node is not None and any(each.is_error for each in syntax.around(node))

    def offset(self, line: int, column: int) -> int:
        """The byte at a place as V8 tells it: the column, from 1, counted in units of UTF-16."""
        begin = self._begins[min(max(line, 1), len(self._begins)) - 1]
        units = max(column - 1, 0)
        # (a letter has at most 4 bytes, and never fewer than units of UTF-16)
        before = self._text[begin : begin + 4 * units].decode("utf-8", "ignore").encode("utf-16-le")[: 2 * units]
        return begin + len(before.decode("utf-16-le", "ignore").encode())

    def line_of(self, offset: int) -> int:
        return bisect_right(self._begins, offset)

    def inmost_at(self, offset: int) -> "Node | None":
        """The smallest node that a byte is in, of any kind; None behind the end."""
        if not 0 <= offset < len(self._text):
            return None
        return self._near(self.root.descendant_for_byte_range(offset, offset + 1))

    def mentions(self, name: str, node: "Node") -> Iterator["Node"]:
        """The names within ``node`` that are ``name``, in order."""
        wanted, at = name.encode("utf-8", "replace"), node.start_byte - 1
        for _ in range(_MOST_MENTIONS):
            at = self._text.find(wanted, at + 1, node.end_byte)
            if at < 0 or not wanted:
                return
            found = self.inmost_at(at)
            if found is not None and (found.start_byte, found.end_byte) == (at, at + len(wanted)):
                yield found

    def loops_at(self, line: int) -> Iterator[Loop]:
        """The loops that a line belongs to, as their head or within, inner ones first, up to the function that it is
        in."""
        node = self.at(line)
        if node is not None:
            inside = syntax.loops_in(node, line)
            yield from reversed(inside)
            known = {loop.node.id for loop in inside}
            yield from (loop for loop in syntax.loops_around(node) if loop.node.id not in known)

    def inmost_loop(self, line: int) -> Loop | None:
        return next(self.loops_at(line), None)

    def _near(self, node: "Node | None") -> "Node | None":
        """``node``, if it is not too deep in the tree."""
        each: Node | None = self.root
        for _ in range(syntax.DEEPEST):
            if each is None or node is None or each == node:
                return node
            each = each.child_with_descendant(node)
        return None
