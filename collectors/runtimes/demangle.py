"""Names as people write them: ``shop::Cart::total(int) const`` for ``_ZNK4shop4Cart5totalEi``.

C++ by its runtime's own function (abi::__cxa_demangle), which is there wherever a C++ program runs; without it names
stay as the file has them. Rust, both of its manglings, by the ``rustc-demangle`` that its own tools use (``pyderust``).
"""

import ctypes
import re
from contextlib import suppress
from functools import cache, lru_cache

import pyderust

_LONGEST = 1000
"""of a name that is given to a parser in C: names come from the target's files"""
_RUST = re.compile(r"_R[A-Za-z0-9_.]+$|_ZN.*17h[0-9a-f]{16}E")


@lru_cache(16384)
def demangled(symbol: str) -> str:
    """The plain name; ``symbol`` itself where it is no mangled one, or cannot be read."""
    if not symbol.startswith(("_Z", "__Z", "_R")) or len(symbol) > _LONGEST or not symbol.isascii():
        return symbol
    if _RUST.match(symbol):
        with suppress(pyderust.DemangleError):
            return pyderust.demangle(symbol)
    if symbol.startswith("_R"):
        return symbol
    library = _library()
    if library is None:
        return symbol
    status = ctypes.c_int()
    text = library.__cxa_demangle(symbol.encode(), None, None, ctypes.byref(status))
    if not text:
        return symbol
    try:
        plain = ctypes.string_at(text).decode("utf-8", "replace")
    finally:
        _free(text)
    return plain


def _free(text: int) -> None:
    free = ctypes.CDLL(None).free
    free.argtypes = [ctypes.c_void_p]
    free(text)


@cache
def _library() -> ctypes.CDLL | None:
    for name in ("libstdc++.so.6", "libc++abi.so.1", "libc++.so.1"):
        try:
            library = ctypes.CDLL(name)
            library.__cxa_demangle.restype = ctypes.c_void_p
            library.__cxa_demangle.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
        except (OSError, AttributeError):
            continue
        return library
    return None
