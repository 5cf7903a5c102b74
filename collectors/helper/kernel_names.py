"""Names of the kernel's code, so that its addresses stay here: they would tell where the kernel lies."""

import re
from bisect import bisect_right

# ffffffff81000000 T startup_64	[module]
_SYMBOL = re.compile(rb"^([0-9a-f]+) [tTwW] (\S+)", re.MULTILINE)
_MOST = 64 << 20


class KernelNames:
    def __init__(self) -> None:
        self._starts: list[int] | None = None
        self._names: list[bytes] = []

    def name(self, address: int) -> str:
        """The function at an address; ``[kernel]`` where it has no name."""
        if self._starts is None:
            self._load()
        assert self._starts is not None
        i = bisect_right(self._starts, address) - 1
        return self._names[i].decode("ascii", "replace")[:128] if i >= 0 else "[kernel]"

    def _load(self) -> None:
        self._starts = []
        try:
            with open("/proc/kallsyms", "rb") as file:  # noqa: PTH123
                text = file.read(_MOST)
        except OSError:
            return
        # (All addresses are 0 where the kernel does not tell us.)
        known = sorted((at, name) for at, name in ((int(at, 16), name) for at, name in _SYMBOL.findall(text)) if at)
        self._starts, self._names = [at for at, _ in known], [name for _, name in known]
