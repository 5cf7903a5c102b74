"""Control groups of our own, below the one that we are in; they are removed again."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from perfdoctor.collectors.cgroups.where import groups_of
from perfdoctor.collectors.host.local import LocalHost
from tests.live.need import need

_HOST = LocalHost()
_numbers = count()
_EMPTY_SECONDS = 3.0
"""a group can be removed once its last process has left it"""


@contextmanager
def group(controller: str, **files: str) -> Iterator[Path]:
    """A control group with these limits (``__`` for a dot). Where none can be made, in many containers,
    the test is skipped, or fails where skipping is forbidden."""
    groups = groups_of(_HOST, os.getpid())
    ours = groups.version_1.get(controller) or groups.unified
    folder = Path(ours[0].folder if ours else "/nowhere") / f"perfdoctor-test-{os.getpid()}-{next(_numbers)}"
    try:
        folder.mkdir()
    except OSError as error:
        need(False, f"no control group can be made here: {error}")
    try:
        for name, text in files.items():
            file = folder / name.replace("__", ".")
            need(file.exists(), f"{file.name} is not there: the controller is not enabled for subgroups")
            file.write_text(text)
        yield folder
    finally:
        until = time.monotonic() + _EMPTY_SECONDS
        while folder.exists() and time.monotonic() < until:
            with suppress(OSError):
                folder.rmdir()
                break
            time.sleep(0.01)


@contextmanager
def limited_cpu(cores: float = 0.05) -> Iterator[Path]:
    """To a part of a core; by default to a twentieth: what is left to a busy program even on a busy machine."""
    quota = round(100_000 * cores)
    if groups_of(_HOST, os.getpid()).version_1.get("cpu"):
        with group("cpu", cpu__cfs_period_us="100000", cpu__cfs_quota_us=str(quota)) as folder:
            yield folder
    else:
        with group("cpu", cpu__max=f"{quota} 100000") as folder:
            yield folder
