"""What a caller's own program said, cut to size."""

from perfdoctor.schemas.custom import CustomMap, CustomOutput
from perfdoctor.schemas.custom_answer import CustomAnswer
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.recording import Collection, NextCall
from perfdoctor.server.formatters.words import count

_BUCKETS = 24


def custom_answer(recording: str, evidence: Evidence, *, rows: int) -> CustomAnswer:
    """``rows`` entries of each of ``rows`` maps, and twice as many lines."""
    output = evidence.custom or CustomOutput()
    lines = output.lines[: rows * 2]
    return CustomAnswer(
        recording=recording,
        target=evidence.target,
        window=evidence.window,
        collection=evidence.collections.get("custom", Collection(backend="none", exact=False)),
        summary=_summary(output),
        ran=output.ran,
        lines=lines,
        total_lines=len(output.lines) + output.cut_lines,
        omitted_lines=len(output.lines) - len(lines),
        cut_lines=output.cut_lines,
        cut_bytes=output.cut_bytes,
        maps=tuple(_cut(one, rows) for one in output.maps[:rows]),
        total_maps=len(output.maps) + output.omitted_maps,
        omitted_maps=max(0, len(output.maps) - rows) + output.omitted_maps,
        next=(NextCall(tool="diagnose", arguments=evidence.target.argument, why="judge all causes in one window"),),
    )


def _cut(one: CustomMap, rows: int) -> CustomMap:
    kept = [row.model_copy(update={"buckets": row.buckets[:_BUCKETS]}) for row in one.rows[:rows]]
    return one.model_copy(update={"rows": tuple(kept), "omitted_rows": one.total_rows - len(kept)})


def _summary(output: CustomOutput) -> str:
    printed = len(output.lines) + output.cut_lines
    entries = sum(one.total_rows for one in output.maps)
    if not printed and not entries:
        return "The program saw nothing: none of its events happened in the target in this window."
    said = f"The program printed {count(printed)} lines and left {count(entries)} entries in {len(output.maps)} maps."
    if output.cut_lines or output.cut_bytes:
        cut = f"{count(output.cut_lines)} lines ({count(output.cut_bytes)} characters)"
        said += f" {cut} were too many and are not kept."
    return said
