"""proc-memory in few words."""

from perfdoctor.schemas.memory_map import AllocatorUse, RuntimeHeap
from perfdoctor.schemas.memory_map_answer import KindLine, MappingLine, MemoryAnswer
from perfdoctor.server.answers.memory_map import holes, where
from perfdoctor.server.formatters import limits
from perfdoctor.server.formatters.words import code, count, follow, opening, percent, quantity, table

_COUNTERS = 8


def say(answer: MemoryAnswer, *, full: bool = False) -> str:
    lines = opening(answer)
    used = "used" if answer.inside.working_set else "ever used"
    head = ("kind", "mappings", "pss", "rss", "dirty", "swap", used, "address space", "grown")
    lines += table(head, [_kind(row) for row in answer.kinds])
    total = answer.total
    also = ((total.huge, "in huge pages"), (total.locked, "locked"), (total.swap, "swapped out"))
    if any(size for size, _ in also):
        lines += ["", f"Of all: {', '.join(f'{_size(size)} {what}' for size, what in also if size)}."]
    columns = ("mapping", "kind", "pss", "rss", "swap", "grown")
    lines += table(columns, [_mapping(row) for row in answer.mappings], answer.omitted_mappings)
    inside = answer.inside
    if inside.total_processes > 1:
        rows = [
            (str(p.pid), code(p.name, 32), *map(_size, (p.pss, p.rss, p.private_dirty, p.swap)), _change(p.grown))
            for p in inside.processes
        ]
        lines += table(("pid", "name", "pss", "rss", "dirty", "swap", "grown"), rows, inside.omitted_processes)
    lines += [""]
    for allocator in inside.allocators if full else inside.allocators[:3]:
        lines += _allocator(allocator, full=full)
    for runtime in inside.runtimes if full else inside.runtimes[:3]:
        lines += _runtime(runtime)
    if inside.limits and (full or limits.limited(inside.limits)):
        lines += [limits.say(inside.limits, parts=True)]
    return "\n".join([*lines, *follow(answer.next)])


def _kind(row: KindLine) -> tuple[str, ...]:
    grown = _change(row.grown)
    if row.grown and row.slope:
        grown += f" ({quantity(row.slope[0], 'B/s')}, {percent(row.slope[1])} sure)"
    return (
        row.kind,
        count(row.mappings),
        *map(_size, (row.pss, row.rss, row.private_dirty, row.swap, row.referenced, row.size)),
        grown,
    )


def _mapping(row: MappingLine) -> tuple[str, ...]:
    many = f" x{row.mappings}" if row.mappings > 1 else ""
    new = " (new)" if row.fresh else ""
    return where(row) + many + new, row.kind, *map(_size, (row.pss, row.rss, row.swap)), _change(row.grown)


def _allocator(allocator: AllocatorUse, *, full: bool) -> list[str]:
    who = f"Allocator of {allocator.pid}: {allocator.allocator}"
    if allocator.why:
        return [f"{who}; {allocator.why}."]
    parts = [
        f"{_size(allocator.used)} in {count(allocator.used_blocks)} used blocks",
        f"{_size(allocator.free)} in {count(allocator.free_blocks)} holes ({percent(holes(allocator))}, "
        f"largest {_size(allocator.largest_free) or '0'})",
        f"{_size(allocator.top) or '0'} at the end",
    ]
    if allocator.unread:
        parts.append(f"{_size(allocator.unread)} not walked")
    if allocator.not_understood:
        parts.append(f"{allocator.not_understood} heaps changed while they were read")
    lines = [f"{who}: {', '.join(parts)}; what waits in thread caches counts as used."]
    if full:
        rows = [
            (a.kind, f"{a.start:x}", *map(_size, (a.size, a.used, a.free, a.largest_free, a.top, a.unread)))
            for a in allocator.arenas
        ]
        omitted = allocator.total_arenas - len(allocator.arenas)
        lines += table(("heap", "at", "size", "used", "holes", "largest", "end", "not walked"), rows, omitted)
        sizes = [f"{_size(1 << i)}: {count(number)}" for i, number in enumerate(allocator.holes) if number]
        lines += ["", f"Holes by size (from this to twice it): {', '.join(sizes)}.", ""] if sizes else [""]
    return lines


def _runtime(heap: RuntimeHeap) -> list[str]:
    spaces = [
        f"{space.name} {_size(space.used) or '0'}" + (f" of {_size(space.capacity)}" if space.capacity else "")
        for space in heap.spaces
    ]
    counters = [f"{name} {quantity(value)}" for name, value in list(heap.counters.items())[:_COUNTERS] if value]
    grown = [f"{name} +{quantity(value)}" for name, value in list(heap.grown.items())[:_COUNTERS]]
    said = f"{heap.runtime} of {heap.pid} ({heap.source}): {', '.join(spaces)}; {', '.join(counters)}"
    return [said + (f"; in the window {', '.join(grown)}" if grown else "") + "."]


def _size(value: int | None) -> str:
    return quantity(value, "B") if value else ""


def _change(value: int) -> str:
    return f"{'+' if value > 0 else '-'}{quantity(abs(value), 'B')}" if value else ""
