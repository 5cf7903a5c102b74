"""Bytes in words, for what a measurement says while it runs and for its summary."""


def amount(size: float) -> str:
    """``64.0 MiB``."""
    for unit in ("B", "KiB", "MiB"):
        if abs(size) < 1024:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.2f} GiB"
