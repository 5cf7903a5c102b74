"""Asks ``perf stat``: the processor's own counters over a window, at no cost to the target. Most virtual machines have
none."""

from collections.abc import Sequence

import anyio
from anyio import to_thread

from perfdoctor.collectors.backends.perf import command
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.schemas.cpu import EventCount
from perfdoctor.schemas.target import Target

HARDWARE = (
    "cycles",
    "instructions",
    "branches",
    "branch-misses",
    "cache-references",
    "cache-misses",
)
_DEVICES = "/sys/bus/event_source/devices"
_PROCESSORS = ("cpu", "armv8", "armv9")
"""how the kernel calls the counters of a processor: cpu, cpu_core and cpu_atom, armv8_pmuv3_0"""


def processor_counts(host: Host) -> bool:
    """Whether this machine's processor offers counters, and perf is there to read them."""
    try:
        devices = host.list_folder(_DEVICES)
    except OSError:
        return False
    return any(device.startswith(_PROCESSORS) for device in devices) and host.which("perf") is not None


async def count_events(
    host: Host, target: Target, ended: anyio.Event, events: Sequence[str] = HARDWARE
) -> tuple[EventCount, ...]:
    """How often each event happened to the target (its threads, and what they start) until ``ended`` is set.

    () when perf could not count: the counters come beside a question and never in its way."""
    pids = await to_thread.run_sync(tree, host, target)
    try:
        async with host.run(command.stat(pids, events), extra_environment=command.ENVIRONMENT) as program:
            await ended.wait()
            await program.interrupt()
            with anyio.move_on_after(2):
                await program.wait()
            said = await program.errors()
    except OSError:
        return ()
    return read_counts(said.decode("utf-8", "replace"))


def read_counts(text: str) -> tuple[EventCount, ...]:
    """What ``perf stat --field-separator=;`` says; events that the machine does not have are left out."""
    counts = []
    for line in text.splitlines():
        # 2412341;;cycles:u;1000450,73;62.50;;      <not supported>;;cycles;0;100.00;;
        fields = line.strip().split(";")
        if len(fields) >= 5 and fields[0].isascii() and fields[0].isdecimal() and len(fields[0]) < 20:
            try:
                share = float(fields[4].replace(",", ".")) / 100
            except ValueError:
                continue
            if 0 <= share <= 1:
                counts.append(EventCount(event=fields[2][:40], count=int(fields[0]), counted_share=share))
    return tuple(counts)
