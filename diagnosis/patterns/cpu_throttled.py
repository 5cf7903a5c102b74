"""Is the process held back by a limit on its CPU time, or by other processes?"""

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import cpu, python, thread, window
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.weight import again, percent, weigh
from perfdoctor.diagnosis.words import quoted
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.limits import Limits
from perfdoctor.schemas.waits import WaitKind

PERIODS = Threshold(
    0.1, "of the periods", "a limit that is met in one period of ten or less evens out bursts, as it is meant to"
)
CROWDED = Threshold(
    1.0,
    "s of waiting for a core, for each s on one",
    "below it the threads got more than half of what they asked for: any shared machine does that",
)
LEAST = Threshold(
    0.25, "s a second of waiting for a core", "who wants little waits little, and nobody notices, whoever has the cores"
)
SLACK = Threshold(
    0.75,
    "of the cores, at most, that the process got",
    "where it got nearly all of them, its own threads are what it waits for",
)


def check(account: Account) -> list[Finding]:
    limits = account.evidence.limits
    if limits is not None and limits.cpu is not None and (limits.throttled_share or 0.0) >= PERIODS.value:
        return _throttled(account, limits, limits.cpu)
    return _crowded_out(account)


def _throttled(account: Account, limits: Limits, cores: float) -> list[Finding]:
    wanted = account.wanted_cores
    queued = sum(time.runnable + time.elsewhere for time in account.evidence.threads or ())
    held = limits.throttled_seconds or 0.0
    # The seconds are those of CPUs. Every thread that wants to run on one stands still meanwhile.
    cost = min(queued, held * max(1.0, wanted / max(1, account.evidence.cores)))
    group = quoted(limits.set_by.get("cpu", limits.group), 60)
    place = account.hottest
    at = place or "no line that is known"
    more = _rounded_up(max(wanted, cores * 1.2))
    return weigh(
        account,
        "cpu-throttled",
        title=f"the control group {group} allows {cores:g} cores and was throttled in "
        f"{percent(limits.throttled_share or 0.0)} of its periods; most CPU time goes to {at}",
        seconds=cost,
        place=place,
        stack=account.top_stack(account.samples_at.get(place, [])),
        facts=(
            account.fact("limits", "CPU allowed by the control group", cores, "cores"),
            account.fact("limits", "periods that ended throttled", limits.throttled_share or 0.0, "of those with work"),
            account.fact("limits", "CPUs stood still by the limit", held / account.seconds, "s/s"),
            account.fact("cpu", "cores that its threads wanted", wanted, "cores"),
        ),
        fix=f"Raise the limit (cpu.max, or the CPU limit of the container) of {group} from {cores:g} to "
        f"{more:g} cores, or take it away and keep a weight (a request); or make do with less: run no more threads "
        f"than it allows cores (they use a period up the faster, then all stand still), and start with {at}.",
        verify=again(
            account,
            "the periods that end throttled (proc-watch says them too)",
            percent(limits.throttled_share or 0.0),
            "close to 0",
        ),
        confidence=0.95,
    )


def _crowded_out(account: Account) -> list[Finding]:
    """Others hold the cores. No fault of the program's, so it is a note: its own figures are worse than need be."""
    threads = account.evidence.threads or ()
    ran = sum(time.running for time in threads)
    queued = sum(row.seconds for row in account.evidence.waits or () if row.kind is WaitKind.RUNNABLE)
    queued += sum(row.runnable_seconds for row in account.calls)
    cores = max(1, account.evidence.cores)
    least = max(CROWDED.value * ran, LEAST.value * account.seconds)
    if queued < least or ran >= SLACK.value * cores * account.seconds:
        return []
    # Threads of its own that stand in line for one another are not crowded out by others.
    if account.wanted_cores > cores + ran / account.seconds:
        return []
    place = account.hottest
    found = weigh(
        account,
        "cpu-throttled",
        title=f"other processes hold the cores: its threads ran {ran / account.seconds:.1f} s a second and waited "
        f"{queued / account.seconds:.1f} s for a core, most at {place or 'unknown lines'}",
        seconds=queued,
        place=place,
        stack=account.top_stack(account.samples_at.get(place, [])),
        facts=(
            account.fact("threads", "waiting for a core", queued / account.seconds, "s/s"),
            account.fact("threads", "on a core", ran / account.seconds, "s/s"),
        ),
        fix=f"Look at what else runs here (proc-find sorts by CPU), move one of them, or give this process a higher "
        f"weight (cpu.weight, nice). Only then judge {place or 'its lines'} by time.",
        verify=again(account, "the time waiting for a core", f"{queued / account.seconds:.1f} s/s", "close to 0"),
        confidence=0.7,
        at_most=Severity.INFO,
    )
    return found


def _rounded_up(cores: float) -> float:
    step = 0.5 if cores < 2 else 1.0
    return step * -(-cores // step)


def _examples() -> tuple[Example, ...]:
    hot = python(31, "render")
    work = (cpu((hot,), 4.0), cpu((python(60, "other"),), 1.0))
    tight = Limits(
        version="v2",
        group="/pod/web",
        cpu=0.5,
        throttled_share=0.9,
        throttled_seconds=4.6,
        set_by={"cpu": "/pod/web"},
    )
    wide = tight.model_copy(update={"cpu": 2.0, "throttled_share": 0.01, "throttled_seconds": 0.05})
    held = (thread(running=5.0, runnable=4.6, asleep=0.4),)
    free = (thread(running=5.0, runnable=0.2, asleep=4.8),)
    alone = (thread(running=5.0, runnable=6.0, tid=1), thread(running=5.0, runnable=6.0, tid=2))
    return (
        Example(
            "a container with half a core",
            True,
            "nine of ten periods end throttled, and the thread stands still for half of the time",
            window(samples=work, times=held, limits=tight),
        ),
        Example(
            "a limit that is hardly met",
            False,
            "one period in a hundred: bursts are evened out, as the limit is meant to do",
            window(samples=work, times=free, limits=wide),
        ),
        Example(
            "no limit at all",
            False,
            "it waits for the cores that it fills with its own threads",
            window(samples=(cpu((hot,), 10.0),), times=alone, cores=1),
        ),
        Example(
            "throttled while it has nothing to do",
            False,
            "the group's other processes used the quota up; this one did not want to run",
            window(samples=(cpu((hot,), 0.5),), times=(thread(running=0.5, asleep=9.5),), limits=tight),
        ),
    )


PATTERN = Pattern(
    id="cpu-throttled",
    title="the process is held back by a limit on its CPU time",
    sees="The CPU limit of the tightest control group (a container's), the periods that ended throttled, and the time "
    "that threads were ready to run and did not. Without a limit: time waiting for cores that others hold, as a note.",
    costs="When the quota of a period (100 ms mostly) is used up, every thread of the group stands still until the "
    "next one: a request that needs 10 ms takes 90. More threads than cores allowed make it worse, not better.",
    fix="A higher limit, or none and a weight; fewer threads, so that the quota lasts; less work.",
    fine="Batch work whose end nobody waits for, on a machine that others need.",
    thresholds=(PERIODS, CROWDED, LEAST, SLACK),
    needs=("threads", "cpu"),
    focus=frozenset({Focus.CPU, Focus.CONCURRENCY}),
    check=check,
    examples=_examples,
)
