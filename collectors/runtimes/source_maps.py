"""Which line that somebody wrote is a line that a compiler (TypeScript, a bundler) made?

From the source map that the generated file names at its end, inside it or beside it. Files are the target's: read
through its own root, bounded, and never fetched from elsewhere.
"""

import base64
import binascii
import contextlib
import os
import re
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.source_text.target_files import content
from perfdoctor.collectors.text import clean

_LARGEST = 32 << 20
_MOST_FILES = 256
# //# sourceMappingURL=app.js.map  |  //# sourceMappingURL=data:application/json;base64,eyJ2…
_NAMED = re.compile(rb"^[ \t]*//[#@] sourceMappingURL=(\S+)[ \t]*$", re.MULTILINE)
_ANYWHERE = 1 << 30
"""a column behind every token: the last of the line is meant"""


class Written(NamedTuple):
    """Where it was written. ``file`` is a path of the target's where the map has a relative one."""

    file: str
    line: int


class _Generated(NamedTuple):
    cache: Any
    lines: list[bytes]
    folder: str


class SourceMaps:
    """Of one process. What has no map, or one that cannot be read, is None: the generated place stands for itself."""

    def __init__(self, host: Host, pid: int) -> None:
        self._host, self._pid = host, pid
        self._files: dict[str, _Generated | None] = {}
        self.unreadable = 0
        """files that name a map which could not be read"""

    def find(self, file: str, line: int, column: int | None = None) -> Written | None:
        """Where line ``line`` (from 1) of a generated file was written. ``column`` from 1; None: somewhere in it."""
        if not file.startswith("/") or line < 1:
            return None
        if file not in self._files:
            if len(self._files) >= _MOST_FILES:
                return None
            self._files[file] = self._read(file)
        generated = self._files[file]
        if generated is None:
            return None
        from symbolic.exceptions import SymbolicError

        columns = [column] if column else [_first_column(generated.lines, line), _ANYWHERE]
        for at in columns:
            with contextlib.suppress(SymbolicError, ValueError, OverflowError):
                token = generated.cache.lookup(line, at, 0)
                if token is not None and token.src and token.line:
                    return Written(clean(_path(token.src, generated.folder)), token.line)
        return None

    def _read(self, file: str) -> _Generated | None:
        from symbolic.exceptions import SymbolicError
        from symbolic.sourcemapcache import SourceMapCache

        text = content(self._host, self._pid, file, _LARGEST)
        named = _NAMED.findall(text)
        if not named:
            return None
        folder = os.path.dirname(file)  # noqa: PTH120 (the target's path, not one of ours)
        with contextlib.suppress(SymbolicError, ValueError, binascii.Error, OSError):
            # (the last is meant: a bundle carries those of its parts)
            found, beside = self._map(named[-1].decode("utf-8", "replace"), folder)
            if found:
                return _Generated(SourceMapCache.from_bytes(text, found), text.split(b"\n"), beside)
        self.unreadable += 1
        return None

    def _map(self, url: str, folder: str) -> tuple[bytes, str]:
        if url.startswith("data:"):
            head, _, data = url.partition(",")
            return (base64.b64decode(data) if head.endswith(";base64") else unquote(data).encode()), folder
        parts = urlsplit(url)
        if parts.scheme not in ("", "file") or parts.netloc:
            return b"", folder
        path = os.path.normpath(os.path.join(folder, unquote(parts.path)))  # noqa: PTH118
        return content(self._host, self._pid, path, _LARGEST), os.path.dirname(path)  # noqa: PTH120


def _first_column(lines: list[bytes], line: int) -> int:
    text = lines[line - 1] if line <= len(lines) else b""
    return len(text) - len(text.lstrip()) + 1


def _path(source: str, folder: str) -> str:
    if source.startswith("file://"):
        return unquote(urlsplit(source).path)
    if re.match(r"[A-Za-z][\w+.-]*:", source) or source.startswith("/"):
        return source
    return os.path.normpath(os.path.join(folder, source))  # noqa: PTH118
