"""The programs that bench/loop.py repairs, with their fixes, good and bad."""

from dataclasses import dataclass
from pathlib import Path

from planted import WORKLOADS, planted

LANGUAGES = {".py": "Python", ".js": "JavaScript", ".c": "C", ".cpp": "C++", ".go": "Go", ".java": "Java"}
_PYTHON = ("\nimport os\n", "\nimport os\n\nfrom turnstile import turn\n")
_JAVASCRIPT = ("\n", "\nconst { nextTurn } = require('./turnstile.js');\n")
_C = ("\n#include", '\n#include "turnstile.h"\n#include')


@dataclass(frozen=True, slots=True)
class Program:
    """A program with a planted problem, and its repaired twin. ``turnstile`` are replacements, made in both alike, by
    which it takes a job at each unit of work. One whose work is seen without has none, and ``counted_file``, which
    grows by ``unit_bytes`` with each unit. ``computes``: on one thread, so that a unit takes as long as its CPU time.
    """

    source: str
    turnstile: tuple[tuple[str, str], ...] = ()
    counted_file: str = ""
    unit_bytes: int = 1
    computes: bool = True

    @property
    def language(self) -> str:
        return LANGUAGES[Path(self.source).suffix]

    @property
    def pattern(self) -> str:
        (found,) = [one for one in planted(["problems"]) if one.name == f"problems/{self.source}"]
        assert found.pattern
        return found.pattern

    @property
    def problem(self) -> str:
        return self._text("problems")

    @property
    def repaired(self) -> str:
        return self._text("repaired")

    def cost_lines(self) -> set[int]:
        lines = enumerate(self.problem.splitlines(), 1)
        return {number for number, line in lines if line.rstrip().endswith("<- cost")}

    def _text(self, folder: str) -> str:
        text = (WORKLOADS / folder / self.source).read_text()
        for old, new in self.turnstile:
            assert old in text, f"{folder}/{self.source} has no {old!r}"
            text = text.replace(old, new, 1)
        return text


def _python(source: str, loop: str = "\nwhile True:\n", every: int = 1) -> Program:
    return Program(source, (_PYTHON, (loop, f"{loop}    turn({every})\n")))


def _javascript(source: str, every: int = 1) -> Program:
    first = "\nfunction turn() {\n"
    return Program(
        source,
        (("\n", "\nconst { nextTurn } = require('./turnstile.js');\n"), (first, f"{first}  nextTurn({every});\n")),
    )


def _c(source: str, loop: str, every: int = 1) -> Program:
    more = f"{loop}, next_turn({every}))" if not loop.endswith(";") else f"{loop} next_turn({every}))"
    return Program(source, (_C, (f"{loop})", more)))


PROGRAMS = (
    _python("gc_each_request.py"),
    _python("report_concat.py"),
    _python("append_reopen.py", "\nfor kind, number in events():\n", 1000),
    Program("async_lookup.py", counted_file="requests", unit_bytes=len("key 1\n"), computes=False),
    _javascript("hide_words.js", 10),
    _javascript("json_state.js", 50),
    _c("config_strlen.c", "for (;;"),
    _c("image_tiles.cpp", "for (int seed = 1;; seed++", 20),
    Program("feed_entries.go", (("\n\tfor {\n", "\n\tfor {\n\t\tnextTurn(1)\n"),)),
    Program("MaskPhones.java", (("total >= 0; i++)", "total >= 0; i++, Turnstile.turn(1000))"),)),
)
DECLARED = (PROGRAMS[1], PROGRAMS[4], PROGRAMS[7])
"""those that are declared workloads as well"""


@dataclass(frozen=True, slots=True)
class BadFix:
    """``allowed``: the verdicts that are right; ``named``: a word that must be among the side effects."""

    what: str
    program: Program
    edits: tuple[tuple[str, str], ...]
    allowed: tuple[str, ...]
    named: str = ""


_REPORT, _WORDS = PROGRAMS[1], PROGRAMS[4]
_MONTHLY = "    assert len(monthly(entries)) > 6000\n"
_CLEAN = "count(clean(comments[turns++ % comments.length])); // <- cost"
NOTHING, WORSE, MOVED = "does nothing: a comment", "makes it worse: the work twice", "moves the cost: a cache unbounded"
BAD_FIXES = (
    BadFix(NOTHING, _REPORT, ((_MONTHLY, f"    # (fast enough)\n{_MONTHLY}"),), ("unchanged", "inconclusive")),
    BadFix(WORSE, _REPORT, ((_MONTHLY, f"    monthly(entries)\n{_MONTHLY}"),), ("regressed",)),
    BadFix(
        MOVED,
        _REPORT,
        (
            ("\nwhile True:\n", "\nasked = 0\nstatements = {}\nwhile True:\n"),
            (
                _MONTHLY,
                "    asked += 1\n    if asked // 4 not in statements:\n"
                "        statements[asked // 4] = monthly(entries)\n    assert len(statements[asked // 4]) > 6000\n",
            ),
        ),
        ("inconclusive", "regressed", "unchanged"),
        "memory",
    ),
    BadFix(
        NOTHING, _WORDS, (("\nlet turns = 0;\n", "\nlet turns = 0; // (fast enough)\n"),), ("unchanged", "inconclusive")
    ),
    BadFix(WORSE, _WORDS, ((_CLEAN, "count(clean(clean(comments[turns++ % comments.length])));"),), ("regressed",)),
    BadFix(
        MOVED,
        _WORDS,
        (
            ("\nfunction clean(comment) {\n", "\nconst known = new Map();\nfunction clean(comment) {\n"),
            (
                "  let text = comment;\n",
                "  const asked = `${comment}, ${Math.floor(turns / 80)}`;\n"
                "  if (known.has(asked)) return known.get(asked)[0];\n"
                "  let text = comment;\n",
            ),
            (
                "  return text;\n",
                "  known.set(asked, [text, Array.from({ length: 400 }, (_, i) => i)]);\n  return text;\n",
            ),
        ),
        ("inconclusive", "regressed", "unchanged"),
        "memory",
    ),
)
"""The verdict on a cost that moved is anything but plainly improved, and names where it went."""
