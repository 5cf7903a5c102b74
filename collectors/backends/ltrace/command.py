"""How ltrace is asked."""

from collections.abc import Sequence


def count(pids: Sequence[int], symbols: Sequence[str], output: str) -> list[str]:
    """Count and time the calls of ``symbols`` in processes, their threads and what they fork, until interrupted."""
    # -L: no library calls but those that are asked for. -x: wherever the symbol is, not only at library boundaries.
    asked = [word for symbol in symbols for word in ("-x", symbol)]
    return ["ltrace", "-f", "-c", "-L", *asked, "-o", output, *(word for pid in pids for word in ("-p", str(pid)))]
