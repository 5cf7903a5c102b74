"""tools-check in few words."""

from perfdoctor.collectors.text import clean
from perfdoctor.schemas.system import ToolsAnswer
from perfdoctor.server.formatters.words import follow, table


def say(answer: ToolsAnswer, *, features: bool = True) -> str:
    lines = [f"**{answer.summary}**", f"{answer.system}, {answer.kernel}, {answer.architecture}."]
    backends = [
        (b.backend, "yes" if b.available else "no", b.version or "", ", ".join(b.answers), clean(b.why))
        for b in answer.backends
    ]
    lines += table(("backend", "usable", "version", "answers", "why"), backends)
    locked = [f"- {b.backend}: {clean(b.unlock)}" for b in answer.backends if b.unlock]
    if locked:
        lines += ["", "To unlock the rest:", *locked]
    lines += ["", f"Privileges: {', '.join(answer.privileges) or 'none'}."]
    if features:
        kernel = [(f.feature, "yes" if f.available else "no", clean(f.detail)) for f in answer.features]
        lines += table(("kernel feature", "there", "detail"), kernel)
    if answer.runtimes:
        lines += ["", f"Runtimes running now: {', '.join(answer.runtimes)}."]
    return "\n".join([*lines, *follow(answer.next)])
