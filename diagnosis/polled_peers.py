"""Peers that a line asks again and again, with a pause, until an answer has something in it."""

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.asking import per_unit, whom
from perfdoctor.diagnosis.pattern import Threshold
from perfdoctor.diagnosis.talk import Talk
from perfdoctor.diagnosis.waking import RATE
from perfdoctor.diagnosis.weight import again, percent, rate, weigh
from perfdoctor.schemas.finding import Finding, Severity

TRIES = Threshold(8, "requests for each piece of work", "who waits for few rounds loses little by asking")


def polled_peers(account: Account) -> list[Finding]:
    found = []
    for talk in account.talks:
        if talk.answered and talk.questions / account.seconds >= RATE.value:
            found += _judge(account, talk)
    return found


def _judge(account: Account, talk: Talk) -> list[Finding]:
    loop = account.loop_around(talk, again=True)
    if loop is None or not account.texts.asks_until(loop):
        return []
    share = per_unit(account, talk, talk.questions)
    if share is not None and share < TRIES.value:
        return []
    waits = account.waited(talk, talk.question_wait_seconds)
    own = account.client_cpu(talk)
    of, per_second = whom(talk.peer), talk.questions / account.seconds
    unit = f", {rate(share)} times for each piece of work" if share is not None else ""
    place = talk.place or loop
    return weigh(
        account,
        "polling-loop",
        title=f"{place} asks {of} {rate(per_second)} times a second, with a pause between, until there is an answer"
        f"{unit}: {percent(account.share(waits + own))} of busy time",
        seconds=waits + own,
        place=place,
        stack=talk.stack,
        facts=(
            account.fact("network", f"requests to {of}", per_second, "requests/s"),
            account.fact("network", "mean wait for the answer", talk.mean_wait, "s"),
            account.fact("cpu", "CPU of the client around it", own / account.seconds, "cores"),
        ),
        fix=f"Let the other side tell when there is something: at {place} use a call that waits there (BLPOP, XREAD "
        "BLOCK, SUBSCRIBE; LISTEN; a long poll, a web socket, a call back). If it must poll, then less often, with a "
        "pause that grows.",
        verify=again(
            account, f"requests to {of}", f"{rate(per_second)}/s", "about one for each result", "trace-network"
        ),
        confidence=0.85 * talk.sureness,
        at_most=Severity.WARNING,
    )
