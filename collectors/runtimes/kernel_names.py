"""Names of the kernel's own code."""

import contextlib
import re
from bisect import bisect_right
from typing import NamedTuple

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.frame import Frame, FrameKind

# ffffffff81000000 T startup_64
# ffffffffc0a01000 t ext4_setup_super\t[ext4]
_KERNEL_SYMBOL = re.compile(rb"^([0-9a-f]+) [tTwW] (\S+)", re.MULTILINE)


class _KernelTable(NamedTuple):
    host: type[Host]
    modules: bytes
    starts: list[int]
    names: list[bytes]


class KernelNames:
    """Names for kernel addresses (/proc/kallsyms, readable with CAP_SYSLOG and kptr_restrict below 2)."""

    _known: _KernelTable | None = None
    """read once for all windows: the kernel takes 0.2 s to write it down; it changes when a module comes or goes"""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._table: _KernelTable | None = None

    def frame(self, address: int) -> Frame:
        if self._table is None:  # (not before: the target's window is no time for it)
            self._table = self._load()
        i = bisect_right(self._table.starts, address) - 1
        name = clean(self._table.names[i].decode("ascii", "replace"), 128) if i >= 0 else "[kernel]"
        return Frame(kind=FrameKind.KERNEL, function=name)

    def _load(self) -> _KernelTable:
        kind, modules, text = type(self._host), b"", b""
        with contextlib.suppress(OSError):
            modules = self._host.read_file("/proc/modules", 4 << 20)
        known = KernelNames._known
        if known and (known.host, known.modules) == (kind, modules):
            return known
        with contextlib.suppress(OSError):
            text = self._host.read_file("/proc/kallsyms", 64 << 20)
        symbols = sorted((int(at, 16), name) for at, name in _KERNEL_SYMBOL.findall(text))
        symbols = [(at, name) for at, name in symbols if at]  # (all are 0 for who may not know)
        made = _KernelTable(kind, modules, [at for at, _ in symbols], [name for _, name in symbols])
        if modules and symbols:
            KernelNames._known = made
        return made
