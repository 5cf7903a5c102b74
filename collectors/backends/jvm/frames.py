"""Frames of Java: a class and a method, the line, and where its source lies."""

import os
import re
from functools import lru_cache

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.frame import Frame, FrameKind
from perfdoctor.schemas.target import Target

_MOST_FOLDERS = 4000
_DEEPEST = 14
_SOURCES = (".java", ".kt", ".scala", ".groovy")
_LONGEST = 300
_PASSED_OVER = frozenset({"node_modules", "target", "build", "out", "__pycache__", "venv"})
# shop.Cart$Line$$Lambda$14+0x00007f20d8000a08/2060468723
_HIDDEN = re.compile(r"(?:\$\$Lambda.*|\+0x[0-9a-f]+(?:/\d+)?|/0x[0-9a-f]+)$")


class Sources:
    """Where the sources of a program's classes lie, below its working directory and its class path: by name of file,
    and package. Only names are read."""

    def __init__(self, host: Host, target: Target) -> None:
        self._host = host
        self._root = f"/proc/{target.pid}/root"
        self._by_name: dict[str, list[str]] = {}
        self._folders = 0
        for folder in _tops(target):
            self._look(folder, 0)

    def _look(self, folder: str, depth: int) -> None:
        self._folders += 1
        if depth > _DEEPEST or self._folders > _MOST_FOLDERS:
            return
        try:
            names = self._host.list_folder(self._root + folder)
        except OSError:
            return
        for name in names:
            path = f"{folder.rstrip('/')}/{name}"
            if name.endswith(_SOURCES):
                known = self._by_name.setdefault(name, [])
                if path not in known:
                    known.append(path)
            elif not name.startswith(".") and "." not in name and name not in _PASSED_OVER:
                inside = self._root + path
                if os.path.isdir(inside) and not os.path.islink(inside):  # noqa: PTH112, PTH114
                    self._look(path, depth + 1)

    def find(self, package: str, name: str) -> str | None:
        """The one file of that name whose folder ends as the package; a lone file of the name where it is in none."""
        found = self._by_name.get(name, [])
        folder = package.replace(".", "/")
        fitting = [path for path in found if not folder or path.endswith(f"/{folder}/{name}")]
        return fitting[0] if len(fitting) == 1 else None


def _tops(target: Target) -> list[str]:
    tops = []
    if target.cwd and target.cwd.count("/") >= 2:
        tops.append(target.cwd)
    words = list(target.command)
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word in ("-cp", "-classpath", "--class-path"):
            tops += [entry for entry in following.split(":") if entry.startswith("/") and entry.count("/") >= 2]
        elif word.endswith(".java") and word.startswith("/"):
            tops.append(os.path.dirname(word))  # noqa: PTH120
    return [top for top in dict.fromkeys(tops) if not top.endswith((".jar", "*"))]


class Frames:
    """Makes frames, each once. ``class_name`` as in Java (shop.Cart$Line) or in class files (shop/Cart$Line)."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self.make = lru_cache(maxsize=1 << 16)(self._make)

    def _make(self, class_name: str, method: str, line: int, module: str | None, file: str | None = None) -> Frame:
        name = _HIDDEN.sub("", class_name).replace("/", ".")
        package, _, simple = name.rpartition(".")
        # (Flight Recorder does not say in which file a class was written: Java's rule does, for classes of Java.)
        written = file or f"{simple.partition('$')[0] or simple}.java"
        where = f"{package.replace('.', '/')}/{written}" if package else written
        path = self._sources.find(package, written)
        return Frame(
            kind=FrameKind.JAVA,
            function=clean(f"{name}.{method}", _LONGEST),
            file=clean(path or where, _LONGEST),
            line=line if 0 < line < 1 << 24 else None,
            module=clean(module, 80) if module else None,
        )
