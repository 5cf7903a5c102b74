"""Does a text or buffer grow by being copied, each time a piece is added?"""

import re
from collections import defaultdict
from collections.abc import Iterable

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import cpu, kernel, native, python, window
from perfdoctor.diagnosis.garbage import collected_for
from perfdoctor.diagnosis.language import Language, language_of
from perfdoctor.diagnosis.operations import Operation, operation_of, telling_frame
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.user_code import user_frame
from perfdoctor.diagnosis.weight import again, percent, weigh
from perfdoctor.diagnosis.words import named
from perfdoctor.schemas.cpu import CpuRow, LineShape, ShapedLine
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Finding
from perfdoctor.schemas.frame import Frame, FrameKind, Stack

COPYING = Threshold(
    0.5,
    "of the concatenation's CPU time",
    "short texts cost their making: where moving bytes prevails, what is there already is copied to add a little",
)
FORMATTING = Threshold(
    0.3,
    "of the line's CPU time, moving bytes",
    "where a text is formatted anew with a piece more, the rest formats the piece",
)
COLLECTED = Threshold(3.0, "of the copying itself", "a long text costs more to copy than to collect; short ones do not")
SHARE = Threshold(0.05, "of busy time", "below, another way to build the text would gain nothing that could be felt")

_MOVES = ("memmove", "memcpy", "mempcpy", "memset", "strcat", "strncat", "strlen", "stpcpy", "strcpy", "arraycopy",
          "allocateUninitializedArray", "StringConcatHelper.newArray", "StringConcatHelper.prepend", "getBytes",
          "Arrays.copyOf", "_copy_characters", "WriteToFlat", "memclr", "rep_movs")  # fmt: skip
_MEMORY = ("page_fault", "clear_page", "sys_brk", "sys_mmap", "sys_munmap", "sys_mremap", "handle_mm", "do_anonymous")
_ALLOCATES = ("_int_malloc", "_int_free", "sysmalloc", "systrim", "realloc", "mremap", "brk", "sbrk", "munmap", "mmap")


_CURES = {
    Language.PYTHON: "collect the parts in a list and join them once (''.join or b''.join), or write them to "
    "io.StringIO, "
    "io.BytesIO, a bytearray or the file itself (a local `text += part` may be extended in place, an attribute or a "
    "global never is)",
    Language.JAVASCRIPT: "collect the chunks in an array and call Buffer.concat(chunks) or join('') once at the "
    "end, or "
    "hand the stream on chunk by chunk (to read a character of a text that has just grown makes V8 copy all of it)",
    Language.JAVA: "append to one StringBuilder (or StringJoiner, StringWriter) that is made before the loop",
    Language.GO: "write to one strings.Builder or bytes.Buffer (Grow it first if the size is known)",
    Language.RUST: "push_str or write! to one String that is made with_capacity before the loop",
    Language.CPP: "append in place (text += part or text.append(part), after reserve), or write to a stream: `text "
    "= text "
    "+ part` makes a copy of all for each +",
    Language.C: "keep a pointer to the end of the text and write there (stpcpy, the result of snprintf, or a length "
    "kept "
    "beside it): strcat looks for the end from the start each time",
}


_INSERTS = re.compile(r"\.(?:insert|deleteCharAt)$")
_AT_HEAD = (
    "append it at the end, which moves nothing: go through the pieces from the last to the first, or collect them in a "
    "list (ArrayDeque.addFirst) and append them once in their order"
)


def check(account: Account) -> list[Finding]:
    written = defaultdict[Place, list[CpuRow]](list)
    joins = list[CpuRow]()
    for row in account.samples:
        if place := account.texts.rewriter(row.stack):
            written[place].append(row)
        elif _concatenates(account.below(row), row) is not None:
            joins.append(row)
    found = []
    for place, rows in account.by_function(joins):
        # (one call that puts all pieces together is what the cure would be)
        if _copying(rows) >= COPYING.value and account.shape_at(place) is not LineShape.JOIN:
            found += _finding(account, place, rows)
    for place, rows in written.items():
        if _copying(rows) >= FORMATTING.value:
            found += _finding(account, place, [row for row in rows if _is_copying(row)])
    return found


def _copying(rows: list[CpuRow]) -> float:
    seconds = _seconds(rows)
    return _seconds(row for row in rows if _is_copying(row)) / seconds if seconds else 0.0


def _seconds(rows: Iterable[CpuRow]) -> float:
    return sum(row.seconds for row in rows)


def _concatenates(below: Stack, row: CpuRow) -> Frame | None:
    """The frame that joins two texts into a new one, if that is what the line asked for."""
    if operation_of(below) is Operation.CONCATENATE:
        return telling_frame(below)
    # Buffer.concat of Node.js is JavaScript of its own
    for frame in row.stack[:4]:
        if (
            frame.kind is FrameKind.JAVASCRIPT
            and frame.file == "node:buffer"
            and frame.function.endswith("concat")
            and any(frame is own for own in below)
        ):
            return frame
    return None


def _finding(account: Account, place: Place, rows: list[CpuRow]) -> list[Finding]:
    copied = account.cpu_cost(rows)
    collected = min(collected_for(account, place, rows), COLLECTED.value * copied)
    if account.share(copied + collected) < SHARE.value:
        return []
    heaviest = max(rows, key=lambda row: (account.place(row.stack) == place, row.seconds))
    frame = _concatenates(account.below(heaviest), heaviest)
    language = language_of(user_frame(heaviest.stack, account.evidence.user_roots))
    cores = _seconds(rows) / account.seconds
    name = named(frame.function, 60) if frame else "its format"
    cure = _AT_HEAD if frame and _INSERTS.search(frame.function) else _CURES[language]
    also = f", {percent(account.share(collected))} in the collector for what it throws away" if collected else ""
    return weigh(
        account,
        "string-building",
        title=f"{place} makes a text or buffer grow by copying all of it for each piece "
        f"({percent(account.share(copied))} of busy time in {name}{also})",
        seconds=copied + collected,
        place=place,
        stack=heaviest.stack,
        facts=(
            account.fact("cpu", f"CPU time in {name} at {place}", cores, "cores"),
            account.fact("cpu", "of it moving bytes and getting memory for them", _copying(rows), "share"),
        ),
        fix=f"Where {place} adds a piece, {cure}.",
        verify=again(
            account,
            f"the CPU used at {place}",
            f"{cores:.2f} cores for the same work",
            "a small part of it",
            "trace-cpu",
        ),
        confidence=0.9,
        works=True,
    )


def _is_copying(row: CpuRow) -> bool:
    if any(part in frame.function for frame in row.kernel for part in _MEMORY):
        return True
    leaf = next(iter(row.native or row.stack), None)
    if leaf is None:
        return False
    if leaf.function == "[unknown]":  # libraries of release builds: what they do below a concatenation is move
        return (leaf.module or "").rpartition("/")[2].startswith("libc")
    return any(part in leaf.function for part in _MOVES) or leaf.function.lstrip("_").startswith(_ALLOCATES)


def _examples() -> tuple[Example, ...]:
    line = (python(14, "Statement.add"),)
    libc = "/lib/x86_64-linux-gnu/libc.so.6"
    loop = native("_PyEval_EvalFrameDefault")
    moves = (native("__memmove_avx_unaligned_erms", libc), native("_copy_characters"), native("PyUnicode_Concat"), loop)
    unnamed = (native("[unknown]", libc), native("PyUnicode_Concat"), loop)
    rest = cpu((python(40, "totals"),), 2.0, leaf=(loop,))
    grows = (
        cpu(line, 4.0, leaf=moves),
        cpu(line, 2.0, leaf=moves, inside=kernel("clear_page_erms", "exc_page_fault")),
        cpu(line, 0.5, leaf=(native("PyUnicode_New"), native("_PyUnicodeWriter_WriteStr"), loop)),
    )
    page = (native("__strcat_avx2", libc), native("add_row", "/srv/page", "/srv/page.c", 17))
    go = (
        native("runtime.memmove", "/srv/feed", "/usr/local/go/src/runtime/memmove_amd64.s", 375),
        native("runtime.concatstrings", "/srv/feed", "/usr/local/go/src/runtime/string.go", 53),
        native("main.feed", "/srv/feed", "/srv/feed.go", 15),
    )
    marks = (native("runtime.scanobject", "/srv/feed"), native("runtime.gcBgMarkWorker", "/srv/feed"))
    short = (
        cpu(line, 3.0, leaf=(native("pymalloc_alloc"), native("PyUnicode_New"), native("PyUnicode_Concat"), loop)),
        cpu(line, 1.0, leaf=moves),
    )
    queue = (native("__memmove_avx_unaligned_erms", libc), native("list_ass_slice"), native("list_pop"), loop)
    join = (
        native("__memmove_avx_unaligned_erms", libc),
        native("_PyUnicode_JoinArray"),
        native("PyUnicode_Join"),
        loop,
    )
    rust = (
        native("__memcpy_avx_unaligned_erms", libc),
        native(
            "<alloc::string::String as core::fmt::Write>::write_str", "/srv/met", "/rustc/alloc/src/string.rs", 3350
        ),
        native("met::Region::body::{{closure}}", "/srv/met", "/srv/met.rs", 121),
    )
    digits = (native("<u32 as core::fmt::Display>::fmt", "/srv/met", "/rustc/core/src/fmt/num.rs", 164), rust[-1])

    def rewritten(*samples: CpuRow) -> Evidence:
        seen = window(samples=samples)
        told = ShapedLine(file="/srv/met.rs", line=121, shape=LineShape.REWRITE)
        return seen.model_copy(update={"cpu": seen.cpu and seen.cpu.model_copy(update={"shapes": (told,)})})

    return (
        Example(
            'text = format!("{text}{report}")',
            True,
            "by its text the line makes the whole anew, and it moves bytes for half of its time",
            rewritten(cpu(rust, 4.0), cpu(digits, 3.0), rest),
        ),
        Example(
            "a short text that is made anew",
            False,
            "the format of the piece takes nearly all of its time",
            rewritten(cpu(rust, 1.0), cpu(digits, 6.0), rest),
        ),
        Example(
            "self.text += line",
            True,
            "the line moves bytes below PyUnicode_Concat, and touches fresh pages for them",
            window(samples=(*grows, rest)),
        ),
        Example(
            "the same with a C library without names",
            True,
            "what an unnamed function of libc does below PyUnicode_Concat is to move bytes",
            window(samples=(cpu(line, 6.0, leaf=unnamed), rest)),
        ),
        Example(
            "strcat in C",
            True,
            "the line's time is in strcat, which walks to the end of what is there",
            window(samples=(cpu(page, 6.0), rest)),
        ),
        Example(
            "s += part in Go",
            True,
            "runtime.concatstrings moves what is there into a new string each time",
            window(samples=(cpu(go, 6.0), rest)),
        ),
        Example(
            "s += part in Go, which keeps the collector busy",
            True,
            "what is thrown away each time is what the collector is busy with",
            window(
                samples=(
                    cpu(go, 0.9),
                    cpu(marks, 3.0),
                    cpu((native("main.sum", "/srv/feed", "/srv/feed.go", 40),), 6.0),
                )
            ),
        ),
        Example(
            "short names put together",
            False,
            "a quarter of it moves bytes: the rest makes small objects, which another way would do too",
            window(samples=(*short, rest)),
        ),
        Example(
            "list.pop(0)",
            False,
            "bytes are moved, below an operation of lists: that is hot-loop's",
            window(samples=(cpu(line, 6.0, leaf=queue), rest)),
        ),
        Example(
            "parts that are joined once",
            False,
            "a join copies each part once, which is the cure",
            window(samples=(cpu(line, 6.0, leaf=join), rest)),
        ),
        Example(
            "a text that grows beside the real work",
            False,
            "4 % of busy time could not be felt",
            window(samples=(cpu(line, 0.3, leaf=moves), cpu((python(40, "totals"),), 7.0, leaf=(loop,)))),
        ),
    )


PATTERN = Pattern(
    id="string-building",
    title="a text or buffer is copied each time it grows",
    sees="CPU samples below an operation that makes a new text or buffer out of two (`+` and `+=` of str and bytes, "
    "strcat, std::operator+, runtime.concatstrings, StringConcatHelper, Buffer.concat, the flattening of V8's ropes) "
    "that are mostly spent in moving bytes and in fresh pages for them.",
    costs="Each piece that is added copies all that was there: twice the text takes four times as long.",
    fix="Collect parts and join them once, or append to a buffer that keeps spare room.",
    fine="A handful of large texts put together once: each byte is copied once, and there is no other way.",
    thresholds=(COPYING, FORMATTING, COLLECTED, SHARE),
    needs=("cpu",),
    focus=frozenset({Focus.CPU, Focus.MEMORY}),
    check=check,
    examples=_examples,
    beats=("hot-loop", "allocation-churn"),
    causes=("gc-pressure",),
)
