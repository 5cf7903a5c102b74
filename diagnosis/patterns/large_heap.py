"""Does the program hold much more memory than it uses?"""

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import memory, window
from perfdoctor.diagnosis.pattern import Example, Focus, Hindrance, Pattern, Threshold
from perfdoctor.diagnosis.weight import again, percent, size
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.memory_map import KindUse, MemoryKind, MemoryMap

LARGE = Threshold(256 << 20, "bytes of data in memory", "below, all of it fits beside anything else")
UNUSED = Threshold(
    0.7, "of the data not touched in the window", "programs have rarely used code and buffers: half is not rare"
)
WARNING = Threshold(512 << 20, "bytes that were not touched", "half a GiB is what the next service could have")
LONG = Threshold(3.0, "seconds", "in a shorter window a program that works in turns has not come round to its data")
_DATA = frozenset(
    {MemoryKind.HEAP, MemoryKind.ARENA, MemoryKind.ANONYMOUS, MemoryKind.SHARED_MEMORY, MemoryKind.HUGE_PAGES}
)


def cannot(account: Account) -> Hindrance | None:
    """What is used of memory is known only when the kernel was made to forget it first."""
    found = account.evidence.memory_map
    if found is None or found.working_set or _held(found) < LARGE.value:
        return None
    return Hindrance(
        f"which of its {size(_held(found))} of data are used was not measured",
        "proc-memory with working_set=true, then diagnose with its recording",
    )


def check(account: Account) -> list[Finding]:
    found = account.evidence.memory_map
    if found is None or not found.working_set or account.seconds < LONG.value:
        return []
    held = _held(found)
    used = sum(min(kind.referenced, kind.rss) for kind in found.kinds if kind.kind in _DATA)
    unused = held - used
    if held < LARGE.value or unused < UNUSED.value * held:
        return []
    most = max((kind for kind in found.kinds if kind.kind in _DATA), key=lambda kind: kind.rss - kind.referenced)
    return [
        Finding(
            pattern="large-heap",
            title=f"Of {size(held)} of data in memory {percent(unused / held)} were not touched in "
            f"{account.seconds:.0f} s",
            severity=Severity.WARNING if unused >= WARNING.value else Severity.INFO,
            share=None,
            # A window is short: what is used once an hour is not used in it.
            confidence=0.6,
            evidence=(
                account.fact("memory_map", "data in memory", held, "bytes"),
                account.fact("memory_map", "of it touched in the window", used, "bytes"),
                account.fact(
                    "memory_map", f"not touched, of {most.kind.value} memory", most.rss - most.referenced, "bytes"
                ),
            ),
            fix="Load what is asked for instead of all that there is: read in pieces or by a query, map the file "
            "(mmap, numpy.memmap, Arrow) so that the kernel keeps only what is used, keep rows in SQLite, share one "
            "copy between workers (load before fork; gc.freeze()). trace-memory while it starts names the lines that "
            "load it.",
            verify=again(account, "data in memory", size(held), f"not much above {size(used)}", "proc-memory"),
        )
    ]


def _held(found: MemoryMap) -> int:
    return sum(kind.rss for kind in found.kinds if kind.kind in _DATA)


def _examples() -> tuple[Example, ...]:
    return (
        Example(
            "a catalogue of which a few entries are asked for",
            True,
            "40 of 900 MiB were touched in the window",
            _heap(held=900, used=40),
        ),
        Example("an index that is searched", False, "most of it was touched", _heap(held=900, used=600)),
        Example("a small service", False, "it holds 80 MiB in all", _heap(held=80, used=5)),
        Example(
            "a window that forgot nothing",
            False,
            "what was touched was not measured: it is not checked, and said so",
            _heap(held=900, used=40, measured=False),
        ),
    )


def _heap(*, held: int, used: int, measured: bool = True) -> Evidence:
    """In MiB."""
    kind = KindUse(kind=MemoryKind.ANONYMOUS, mappings=3, rss=held << 20, referenced=used << 20)
    return window(memory=memory(0.0), memory_map=MemoryMap(kinds=(kind,), working_set=measured))


PATTERN = Pattern(
    id="large-heap",
    title="much more is held in memory than is used",
    sees="Pages of data that were not touched in a window at whose beginning the kernel was made to forget which are "
    "(proc-memory with working_set=true: it costs the process a little, so it is asked for).",
    costs="Memory that nobody uses is paid for, takes from the page cache and from other programs, and makes starts "
    "slow.",
    fix="Read in pieces, map files, leave rows in a database, share one copy between workers.",
    fine="Data that is used rarely and must then be there at once; a window that is shorter than the program's turn.",
    thresholds=(LARGE, UNUSED, WARNING, LONG),
    needs=("memory_map",),
    focus=frozenset({Focus.MEMORY}),
    check=check,
    examples=_examples,
    cannot=cannot,
)
