"""The ways in which programs are built and shipped: what is left in the file, and where the rest of it went."""

import shutil
import subprocess
from pathlib import Path

from tests.live.need import need
from tests.live.workload import WORKLOADS, compiled

OPTIMISED = ("-O2", "-fomit-frame-pointer")


def run(*command: str) -> None:
    need(shutil.which(command[0]), f"{command[0]} is needed")
    subprocess.run(command, check=True, capture_output=True)


def with_debug_link(program: Path, folder: Path) -> Path:
    """Stripped; the debug file lies beside it, named in the program with its checksum."""
    return _linked(program, folder / "linked", folder / "linked.debug")


def with_debug_link_in_folder(program: Path, folder: Path) -> Path:
    """The same, in ``.debug`` beside it."""
    (folder / ".debug").mkdir(exist_ok=True)
    return _linked(program, folder / "linked", folder / ".debug" / "linked.debug")


def _linked(program: Path, stripped: Path, debug: Path) -> Path:
    run("objcopy", "--only-keep-debug", "--compress-debug-sections", str(program), str(debug))
    run("objcopy", "--strip-all", f"--add-gnu-debuglink={debug}", str(program), str(stripped))
    return stripped


def with_another_debug_file(program: Path, folder: Path) -> Path:
    """Stripped, and the debug file that it names is of another build: its lines would be wrong ones."""
    stripped = with_debug_link(program, folder)
    other = folder / "other"
    source = folder / "other.c"
    text = (WORKLOADS / "known_lines.c").read_text()
    source.write_text("\n\n\n" + text)
    run("cc", "-g", "-O1", "-Wl,--build-id=none", str(source), "-o", str(other))
    run("objcopy", "--only-keep-debug", str(other), str(folder / "linked.debug"))
    return stripped


def in_own_root(program: Path, folder: Path) -> Path:
    """Stripped, in a root folder of its own that has the debug file by build id; the program's folder is ``folder``."""
    build_id = subprocess.run(["readelf", "-n", str(program)], capture_output=True, text=True, check=True).stdout
    number = build_id.partition("Build ID: ")[2].split()[0]
    place = folder / "usr/lib/debug/.build-id" / number[:2] / f"{number[2:]}.debug"
    place.parent.mkdir(parents=True)
    run("objcopy", "--only-keep-debug", str(program), str(place))
    run("objcopy", "--strip-all", str(program), str(folder / "program"))
    return folder / "program"


def stripped(program: Path, folder: Path) -> Path:
    run("objcopy", "--strip-all", str(program), str(folder / "stripped"))
    return folder / "stripped"


def without_unwind_tables(program: Path, folder: Path) -> Path:
    """(the C library's start files have some, whatever the compiler is told)"""
    bare = folder / "bare"
    run("objcopy", "--remove-section=.eh_frame", "--remove-section=.eh_frame_hdr", str(program), str(bare))
    return bare


def c_program(*flags: str) -> Path:
    return compiled(WORKLOADS / "known_lines.c", flags)
