"""What runs the code of a process: an interpreter, a virtual machine, or the processor itself?"""

import re
from pathlib import PurePosixPath

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.runtimes.elf import Elf

UNKNOWN = "unknown"
NATIVE = "native"
_MAPS_LIMIT = 4 << 20
# The program's own name settles it: /usr/bin/python3.11  |  /opt/jdk-17/bin/java  |  …/bin/beam.smp
_PROGRAMS = (
    (re.compile(r"(python\d\.\d+)"), None),
    (re.compile(r"(pypy\d(?:\.\d+)?)"), None),
    (re.compile(r"node(?:js)?\d*$"), "node"),
    (re.compile(r"(deno|bun|java|dotnet)$"), None),
    (re.compile(r"(ruby|php|perl|luajit|lua|mono)(?:[\d.-]|$)"), None),
    (re.compile(r"beam(?:\.smp)?$"), "erlang"),
)
# A program that has the interpreter in it as a library: …/libpython3.12.so.1.0  |  …/server/libjvm.so
_LIBRARIES = (
    (re.compile(rb"/lib(python3\.\d+)[^/\n]*\.so"), None),
    (re.compile(rb"/libjvm\.so"), "java"),
    (re.compile(rb"/libnode\.so"), "node"),
    (re.compile(rb"/libcoreclr\.so"), "dotnet"),
    (re.compile(rb"/libruby[^/\n]*\.so"), "ruby"),
)
# An interpreter that is called just "python" maps its own modules: /usr/lib/python3.11/lib-dynload/…
_PYTHON_FOLDER = re.compile(rb"/lib(?:64)?/(python3\.\d+)/")
# … and so does one that is built into a program of another name.
_PYTHON_MODULES = re.compile(rb"/(python3\.\d+)/lib-dynload/")


def runtime_of(host: Host, pid: int) -> str:
    """``python3.12``, ``node``, ``java``, ``go`` …, ``native``; ``unknown`` when the process may not be inspected.

    From the name of the program (/proc/PID/exe), then from the libraries that it maps, then from a section that only
    Go's linker makes. PermissionError is answered, not raised; so is a process that has gone.
    """
    try:
        program = PurePosixPath(host.read_link(f"/proc/{pid}/exe").removesuffix(" (deleted)")).name
    except OSError:
        return UNKNOWN
    for pattern, name in _PROGRAMS:
        if found := pattern.match(program):
            return name or found[1]
    try:
        mapped = host.read_file(f"/proc/{pid}/maps", _MAPS_LIMIT)
    except OSError:
        return UNKNOWN
    for library, name in _LIBRARIES:
        if inside := library.search(mapped):
            return name or inside[1].decode()
    if folder := _PYTHON_FOLDER.search(mapped) if program.startswith("python") else _PYTHON_MODULES.search(mapped):
        return folder[1].decode()
    if program.startswith("python"):
        return "python"
    return "go" if _is_go(pid) else NATIVE


def _is_go(pid: int) -> bool:
    try:
        program = Elf(f"/proc/{pid}/exe")
    except (OSError, ValueError):
        return False
    try:
        return program.section(".go.buildinfo") is not None
    finally:
        program.close()
