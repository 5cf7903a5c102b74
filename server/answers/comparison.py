"""Did it help: a comparison, cut to what fits."""

from collections.abc import Sequence

from perfdoctor.schemas.comparison import CompareAnswer, Comparison, Verdict
from perfdoctor.schemas.recording import NextCall
from perfdoctor.schemas.target import Target
from perfdoctor.server.answers.place import Cut


def compare_answer(
    before: Sequence[str],
    after: Sequence[str],
    target: Target,
    change: Comparison,
    *,
    roots: tuple[str, ...],
    rows: int,
    frames: int,
) -> CompareAnswer:
    cut = Cut(frames, roots)
    stacks = tuple(s.model_copy(update={"stack": cut.of(s.stack)}) for s in change.stacks[:rows])
    shown = change.model_copy(update={"stacks": stacks})
    return CompareAnswer(
        before=", ".join(before),
        after=", ".join(after),
        verdict=change.verdict,
        summary=change.why,
        comparison=shown,
        omitted_stacks=len(change.stacks) - len(stacks),
        next=_next(before[-1], after[-1], target, change),
    )


def _next(before: str, after: str, target: Target, change: Comparison) -> tuple[NextCall, ...]:
    if change.verdict is Verdict.INCONCLUSIVE:
        why = "a longer window under the same load may tell; compare with it, or with several of restarted runs"
        return (NextCall(tool="diagnose", arguments={**target.argument, "seconds": 30}, why=why),)
    if change.verdict is Verdict.REGRESSED:
        return (NextCall(tool="diagnose", arguments={"recording": after}, why="see what got worse"),)
    if change.verdict is Verdict.UNCHANGED:
        return (NextCall(tool="diagnose", arguments={"recording": before}, why="see again what the cause was"),)
    return (NextCall(tool="diagnose", arguments={"recording": after}, why="see what is left to fix"),)
