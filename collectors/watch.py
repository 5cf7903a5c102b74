"""How does a process behave over time?"""

import time

import anyio

from perfdoctor.collectors.backends.proc import pressure
from perfdoctor.collectors.cgroups.limits import LimitsMeter
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.ladder import must_be_asked_well
from perfdoctor.collectors.processes.amount import amount
from perfdoctor.collectors.processes.look import Look
from perfdoctor.collectors.processes.meter import Meter
from perfdoctor.collectors.processes.readings import lacking, readings_of, trends_of
from perfdoctor.collectors.processes.thinned import Thinned
from perfdoctor.collectors.progress import Progress, silent
from perfdoctor.collectors.readers import reading
from perfdoctor.schemas.limits import Limits
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.process import Trend, WatchAnswer
from perfdoctor.schemas.recording import Collection, NextCall, Window
from perfdoctor.schemas.target import Target

BACKENDS = ("proc",)
_KEPT = 128
"""readings of a window; a trend takes time with the square of their number"""
_SURE = 0.7
"""confidence from which a summary says that a figure moves"""
_BUSY = 0.05
_THROTTLED = 0.05
"""share of its periods that a process ended throttled from which a summary says so: below, a burst was cut"""
_TIGHT = 0.9
"""share of a memory limit, without idle page cache, from which the kernel has little left to take back"""


async def watch(
    host: Host, target: Target, *, seconds: float, interval: float = 0.4, progress: Progress = silent
) -> WatchAnswer:
    """CPU, memory, faults, I/O, files, sockets, threads and switches of ``target`` over ``seconds``, from /proc.

    One look each ``interval`` seconds (shorter in a window below two seconds), each told to ``progress``; long windows
    keep 128 readings, evenly spread. ``pressure`` is of the whole machine. ``recording`` is empty: the caller names
    it. What may not be read is None, and ``collection.lacks`` says so. Costs the target nothing but for the
    proportional set size, whose reading is kept below 2 % of the time. ProblemError when the target ends before
    a second look; one that ends later gives a partial answer.
    """
    must_be_asked_well(BACKENDS, "auto", seconds)
    interval = max(0.05, min(interval, seconds / 4))
    meter = Meter(host, target)
    looks: Thinned[Look] = Thinned(_KEPT)
    limits = await reading(LimitsMeter, host, target.pid)
    stalled = await reading(pressure.read, host)
    started, began = time.time(), anyio.current_time()
    ended = False
    turn = 0
    while True:
        look = await reading(meter.look)
        if look is None:
            ended = True
            break
        looks.add(look)
        progress(look.at, meter.so_far())
        if anyio.current_time() - began >= seconds:
            break
        turn = max(turn, int((anyio.current_time() - began) / interval)) + 1
        await anyio.sleep_until(began + min(seconds, turn * interval))
    pressed = await reading(pressure.read, host)
    held = await reading(limits.limits)
    kept = looks.all()
    if len(kept) < 2:
        raise ProblemError(
            f"Process {target.pid} ({target.name}) ended at once.",
            "It was gone before it could be looked at twice.",
            "Call proc-find to see whether another one took its place.",
        )
    length = kept[-1].at
    readings = readings_of(kept)
    trends = await reading(trends_of, readings)
    return WatchAnswer(
        recording="",
        target=target,
        window=Window(started=started, seconds=length, partial="the target ended" if ended else None),
        collection=Collection(
            backend="proc",
            exact=True,
            reason=f"{looks.seen} looks at /proc",
            lacks=lacking(readings),
            warnings=meter.warnings(),
        ),
        summary=_summary(trends, length, held),
        trends=trends,
        readings=readings,
        total_readings=looks.seen - 1,
        omitted_readings=looks.seen - 1 - len(readings),
        pressure=_pressure(stalled, pressed, length),
        limits=held,
        next=_next(target, trends, length),
    )


def _pressure(before: dict[str, float], after: dict[str, float], seconds: float) -> dict[str, float]:
    return {
        what: round(min(1.0, max(0.0, (after[what] - before[what]) / seconds)), 4) for what in before if what in after
    }


def _summary(trends: tuple[Trend, ...], seconds: float, limits: Limits | None) -> str:
    by = {trend.metric: trend for trend in trends}
    cpu, kernel, rss = by["cpu"].mean, by["system_cpu"].mean, by["rss"]
    said = [f"{cpu:.2f} cores" + (f" ({kernel / cpu:.0%} of it in the kernel)" if cpu >= _BUSY else "")]
    way = "steady"
    if _moves(rss, seconds):
        way = f"{'growing' if rss.slope > 0 else 'shrinking'} by {amount(abs(rss.slope))}/s"
    said.append(f"{amount(rss.mean)} resident, {way}")
    waits = by.get("runnable_share")
    if waits and waits.mean >= 0.1:
        said.append(f"its threads want {waits.mean:.2f} cores more than they get")
    for metric, verb in (("read_bytes", "reads"), ("write_bytes", "writes")):
        if metric in by and by[metric].mean >= 1 << 20:
            said.append(f"{verb} {amount(by[metric].mean)}/s of storage")
    if by["major_faults"].mean >= 1:
        said.append(f"{by['major_faults'].mean:.0f} page faults a second wait for the disk")
    return "; ".join([*said, *_held_back(limits)]) + "."


def _moves(rss: Trend, seconds: float) -> bool:
    return rss.confidence >= _SURE and abs(rss.slope * seconds) > 0.01 * rss.mean


def _held_back(limits: Limits | None) -> list[str]:
    """What the control groups did that explains a slow process."""
    if limits is None:
        return []
    said = []
    if limits.cpu is not None and (limits.throttled_share or 0.0) >= _THROTTLED:
        said.append(f"throttled in {limits.throttled_share:.0%} of the periods by its limit of {limits.cpu:g} cores")
    if limits.memory and limits.memory_used is not None:
        needed = limits.memory_used - (limits.memory_inactive or 0)
        if needed >= _TIGHT * limits.memory:
            said.append(f"{needed / limits.memory:.0%} of its memory limit of {amount(limits.memory)} used")
    if limits.oom_kills:
        said.append(f"{limits.oom_kills} processes of its container killed for want of memory")
    return said


def _next(target: Target, trends: tuple[Trend, ...], seconds: float) -> tuple[NextCall, ...]:
    by = {trend.metric: trend.mean for trend in trends}
    why = NextCall(tool="diagnose", arguments=target.argument, why="what is wrong, and at which line")
    rss = next(trend for trend in trends if trend.metric == "rss")
    if _moves(rss, seconds) and rss.slope > 0:
        return why, NextCall(tool="proc-memory", arguments=target.argument, why="it grows: see which memory")
    if by["cpu"] >= 0.5 and by["system_cpu"] < by["cpu"] / 2:
        return why, NextCall(tool="trace-cpu", arguments=target.argument, why="it computes: see at which lines")
    return why, NextCall(
        tool="trace-syscalls", arguments=target.argument, why="see what it asks of the kernel, or waits for"
    )
