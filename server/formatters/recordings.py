"""recordings in few words."""

from datetime import UTC, datetime

from perfdoctor.server.formatters.words import code, follow, quantity, table
from perfdoctor.server.store.recording import Recording, RecordingsAnswer


def say(answer: RecordingsAnswer) -> str:
    lines = [f"**{answer.summary}**"]
    head = ("id", "made (UTC)", "kind", "process", "window", "state", "size", "summary")
    lines += table(head, [_row(recording) for recording in answer.recordings], answer.omitted)
    return "\n".join([*lines, *follow(answer.next)])


def _row(recording: Recording) -> tuple[str, ...]:
    made = datetime.fromtimestamp(recording.created, UTC)
    return (
        recording.id,
        f"{made:%Y-%m-%d %H:%M:%S}",
        recording.kind,
        f"{code(recording.target.name, 32)} {recording.target.pid}",
        f"{recording.window.seconds:.1f} s",
        recording.state,
        quantity(recording.bytes, "B"),
        recording.summary[:200],
    )
