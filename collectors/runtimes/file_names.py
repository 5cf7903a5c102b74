"""Names for places in files, for samples that name the file and the position in it: the process need not live."""

import contextlib

from perfdoctor.collectors.runtimes.binary import Binary
from perfdoctor.collectors.runtimes.elf import Elf
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.frame import Frame


class FileNames:
    def __init__(self) -> None:
        self._binaries: dict[str, Binary] = {}

    def frames(self, pid: int, path: str, offset: int, *, returns: bool) -> tuple[Frame, ...]:
        """The frames at an offset of a file that process ``pid`` has mapped, innermost first; () when the file is not
        to be had or has no such place. ``returns``: it is a return address, so the call before it is meant."""
        binary = self._binaries.get(path)
        if binary is None:
            binary = self._binaries[path] = Binary(clean(path), path, f"/proc/{pid}/root")
            for way in (f"/proc/{pid}/root{path}", path):
                with contextlib.suppress(OSError, ValueError):
                    binary.elf = Elf(way)
                    break
        at = binary.elf.address_of_code(offset - (1 if returns else 0)) if binary.elf else None
        if at is None:
            return ()
        return binary.frames(at)

    def close(self) -> None:
        for binary in self._binaries.values():
            binary.close()
        self._binaries.clear()
