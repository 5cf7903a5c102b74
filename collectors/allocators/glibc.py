"""Inside glibc's malloc (2.26 on, 64 bit): which blocks are used, which are free, and how large the holes are.

A heap is a row of chunks: eight bytes that belong to the chunk before, then size | flags (A 4: not the main arena,
M 2: a mapping of its own, P 1: the chunk before is used), then the block. So the flag P of the next chunk tells whether
a chunk is used; the last one, the top, is what is left. What was freed into a thread's cache or a fast bin looks used.
The target runs on meanwhile: a row that makes no sense is walked again (malloc/malloc.c, malloc/arena.c).
"""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field

from perfdoctor.collectors.allocators.window import PAGE, Absent, Budget, ReadAhead, Spent
from perfdoctor.collectors.backends.proc.smaps import Mapping
from perfdoctor.collectors.host.base import Memory

_USED_BEFORE, _MAPPED, _OTHER_ARENA = 1, 2, 4
_FLAGS = 7
_SMALLEST = 32
_HEAP_MAX = 64 << 20
"""threads' heaps begin at multiples of it (HEAP_MAX_SIZE)"""
_STATE = 0x898
"""sizeof(struct malloc_state) since 2.26"""
_TOP = 0x60
"""of malloc_state: the field top"""
_HEADS = (0x30, 0x20)
"""sizeof(heap_info) since 2.35, and before"""
_TRIES = 3
_FIRST_WITHIN = 32 << 10
"""a static program keeps its thread-local storage at the beginning of [heap], malloc's first chunk comes after it"""
_LONG_ROW = 1024
"""of chunks that broke was one: the target changed it under our eyes"""
BUCKETS = 48


class Nonsense(Exception):  # noqa: N818 - a fact
    """These are not chunks, or they were changed meanwhile."""


@dataclass(slots=True)
class Heap:
    """One heap, or the blocks that have a mapping of their own. See schemas ``ArenaUse``."""

    kind: str
    start: int
    size: int
    used: int = 0
    used_blocks: int = 0
    free: int = 0
    free_blocks: int = 0
    largest_free: int = 0
    top: int = 0
    unread: int = 0
    holes: list[int] = field(default_factory=lambda: [0] * BUCKETS)


@dataclass(slots=True)
class Malloc:
    """``arena_mappings``: the low ends of mappings that hold a thread's heap."""

    heaps: list[Heap] = field(default_factory=list)
    arena_mappings: set[int] = field(default_factory=set)
    not_understood: int = 0


def read_malloc(
    memory: Memory, mappings: Sequence[Mapping], stacks: Container[int], end_of: Callable[[int], int], budget: Budget
) -> Malloc:
    """Every heap of a process that uses glibc's malloc, as far as ``budget`` reaches: what it does not is ``unread``.

    ``stacks`` are the low ends of mappings that hold stacks; ``end_of`` tells where the mapping with that low end ends
    by now."""
    found = Malloc()
    plain = [m for m in mappings if m.rights.startswith("rw") and m.rights[3] == "p" and not m.inode]
    for mapping in plain:
        if mapping.name == "[heap]":
            _main(memory, mapping, end_of, budget, found)
    rest = [m for m in plain if not m.name and m.low not in stacks]
    _threads(memory, rest, budget, found)
    _mapped(memory, [m for m in rest if m.low not in found.arena_mappings], budget, found)
    return found


def walk(ahead: ReadAhead, heap: Heap, start: int, end: int, *, never: int, top: int = -1) -> None:
    """Add the chunks from ``start`` to ``end`` to ``heap``. The last one is at ``top``, or the one that reaches
    ``end``; none has a flag of ``never`` (a free one in a thread's heap may have lost its A). Nonsense, Absent, Spent
    or OSError; ``unread`` is then what was not walked.

    Some two million chunks a second: the loop does nothing for a used chunk but count it."""
    at, last, seen = start, 0, 0
    free: defaultdict[int, int] = defaultdict(int)
    bad = never | 8  # a size is a multiple of 16
    base, words, count = 0, ahead.words[:0], 0
    try:
        ahead.budget.take(16)
        while True:
            index = (at - base) >> 3
            if index + 1 >= count:
                if not ahead.fill(at):
                    raise Nonsense
                base, words = ahead.base, ahead.words
                index, count = 0, len(words)
            head = words[index + 1]
            if head & _USED_BEFORE:
                seen += 1
            else:
                free[last] += 1
            size = head & ~_FLAGS
            if size < _SMALLEST or head & bad or at + size >= end or at == top:
                break
            last = size
            at += size
        fence = size in (0, 16) and last > 0 and end - at <= PAGE  # of a heap that is full
        if at != top and not (top < 0 and at + size == end and not head & bad) and not fence:
            raise Nonsense
        heap.top += end - at
        at, last = end, 0
    finally:
        _add_up(heap, at - last - start - heap.top, seen, free)
        heap.unread += end - at + last


def _add_up(heap: Heap, walked: int, seen: int, free: dict[int, int]) -> None:
    """``walked`` bytes held ``seen`` used chunks and those of ``free`` (how many of each size)."""
    nothing = free.pop(0, 0)  # the first chunk has none before it, but says something about it
    for size, many in free.items():
        heap.free += size * many
        heap.free_blocks += many
        heap.largest_free = max(heap.largest_free, size)
        heap.holes[min(size.bit_length() - 1, BUCKETS - 1)] += many
    heap.used += walked - heap.free
    heap.used_blocks += max(0, seen - (not nothing))


def _main(memory: Memory, mapping: Mapping, end_of: Callable[[int], int], budget: Budget, found: Malloc) -> None:
    for _ in range(_TRIES):
        high = end_of(mapping.low)
        whole = mapping.rss >= high - mapping.low
        heap = _main_once(ReadAhead(memory, mapping.low, high, budget, whole=whole), mapping.low, high)
        if heap is not None:
            found.heaps.append(heap)
            return
    found.not_understood += 1
    found.heaps.append(Heap("main", mapping.low, mapping.size, unread=mapping.size))


def _main_once(ahead: ReadAhead, low: int, high: int) -> Heap | None:
    """None when it made no sense."""
    for start in range(low, min(high - 16, low + _FIRST_WITHIN), 16):
        heap = Heap("main", low, high - low)
        try:
            walk(ahead, heap, start, high, never=_MAPPED | _OTHER_ARENA)
        except Nonsense:
            if heap.used_blocks + heap.free_blocks > _LONG_ROW:
                return None
            continue
        except (Absent, Spent, OSError):
            pass
        heap.used += start - low
        return heap
    return None


@dataclass(slots=True)
class _HeapInfo:
    """The head of a thread's heap (struct heap_info)."""

    low: int
    state: int
    size: int
    mapping: Mapping


def _threads(memory: Memory, mappings: Sequence[Mapping], budget: Budget, found: Malloc) -> None:
    heads = {head.low: head for mapping in mappings for head in _heads(memory, mapping, budget)}
    for head in heads.values():
        first = heads.get(head.state & ~(_HEAP_MAX - 1))
        offset = head.state - first.low if first else 0
        if first is None or first.state != head.state or offset not in _HEADS:
            continue
        found.arena_mappings.add(head.mapping.low)
        begin = head.low + offset
        if head is first:
            begin = ((head.state + _STATE + 16 + 15) & ~15) - 16
        heap: Heap | None = None
        for _ in range(_TRIES):
            heap = _thread_once(memory, head, begin, budget)
            if heap is not None:
                break
        else:
            found.not_understood += 1
        found.heaps.append(heap or Heap("thread", head.low, head.size, unread=head.size))


def _thread_once(memory: Memory, head: _HeapInfo, begin: int, budget: Budget) -> Heap | None:
    heap = Heap("thread", head.low, head.size)
    try:
        size = _number(memory, head.low + 16)
        top = _number(memory, head.state + _TOP)
        if not 4096 <= size <= _HEAP_MAX:
            return None
        heap.size, end = size, head.low + size
        whole = head.mapping.rss >= head.mapping.size and size <= head.size
        ahead = ReadAhead(memory, head.low, end, budget, whole=whole)
        walk(ahead, heap, begin, end, never=_MAPPED, top=top if head.low < top < end else -1)
    except Nonsense:
        return None
    except (Absent, Spent, OSError):
        pass
    heap.used += begin - head.low
    return heap


def _number(memory: Memory, address: int) -> int:
    return int.from_bytes(memory.read(address, 8), "little")


def _heads(memory: Memory, mapping: Mapping, budget: Budget) -> Iterable[_HeapInfo]:
    for low in range(-(-mapping.low // _HEAP_MAX) * _HEAP_MAX, mapping.high - 4095, _HEAP_MAX):
        try:
            budget.take(32)
            words = memoryview(memory.read(low, 32)).cast("Q")
        except (Spent, OSError):
            return
        state, _, size, opened = words
        if state % 16 == 0 and 4096 <= size <= opened <= _HEAP_MAX and size % 4096 == 0 and low + size <= mapping.high:
            yield _HeapInfo(low, state, size, mapping)


def _mapped(memory: Memory, mappings: Sequence[Mapping], budget: Budget, found: Malloc) -> None:
    """Blocks above the threshold (128 KiB at first) have a mapping of their own; the kernel joins neighbours."""
    heap = Heap("mapped", 0, 0)
    for mapping in mappings:
        if not mapping.rss:
            continue
        at = mapping.low
        ahead = ReadAhead(memory, mapping.low, mapping.high, budget, whole=mapping.rss >= mapping.size)
        try:
            while ahead.fill(at, 16):
                before, head = ahead.words[0], ahead.words[1]
                size = head & ~_FLAGS
                if before or head & _FLAGS != _MAPPED or size % 4096 or not 4096 <= size <= mapping.high - at:
                    break
                heap.start = heap.start or at
                heap.size += size
                heap.used += size
                heap.used_blocks += 1
                at += size
        except (Absent, OSError):
            continue
        except Spent:
            break
    if heap.used_blocks:
        found.heaps.append(heap)
