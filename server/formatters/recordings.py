"""recordings in few words."""

from datetime import UTC, datetime

from perfdoctor.server.formatters.words import code, follow, quantity, table
from perfdoctor.server.store.recording import Recording, RecordingsAnswer


def say(answer: RecordingsAnswer) -> str:
    lines = [f"**{answer.summary}**"]
    if answer.columns:
        lines += table(
            tuple(code(name, 60) for name in answer.columns), [tuple(map(_cell, row)) for row in answer.rows]
        )
    else:
        head = ("id", "made (UTC)", "kind", "process", "window", "state", "size", "commit", "notes", "summary")
        lines += table(head, [_row(recording) for recording in answer.recordings], answer.omitted)
    return "\n".join([*lines, *follow(answer.next)])


def _cell(value: object) -> str:
    """Text comes from what was measured; numbers do not."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return code(value, 200) if isinstance(value, str) else str(value)


def _row(recording: Recording) -> tuple[str, ...]:
    made = datetime.fromtimestamp(recording.created, UTC)
    notes = [word for word, holds in (("pinned", recording.pinned), ("imported", recording.imported)) if holds]
    if recording.shared:
        notes.append(f"shared by {code(recording.caller, 40)}")
    if recording.label:
        notes.append(code(recording.label, 40))
    return (
        recording.id,
        f"{made:%Y-%m-%d %H:%M:%S}",
        recording.kind,
        f"{code(recording.target.name, 32)} {recording.target.pid}",
        f"{recording.window.seconds:.1f} s",
        recording.state,
        quantity(recording.bytes, "B"),
        (recording.target.commit or "")[:10],
        ", ".join(notes),
        recording.summary[:200],
    )
