"""Formats the sources of a project, as a hook does before each commit."""

import os

import black

MODE = black.Mode()


def sources():
    for number in range(5):
        yield f"def f_{number}( a,b ):\n    return a+b*{number}\n"
    yield (
        'def documented():\n    """Indented by a tool.\n'
        + "\t" * 6000
        + "\n"
        + "\t" * 6000
        + '\n    """\n    return 1\n'
    )


def tidy(source):
    return len(black.format_str(source, mode=MODE))


print("ready", os.getpid(), flush=True)
while True:
    for source in sources():
        tidy(source)
