"""Source maps of a process's files: beside, inside, broken, and elsewhere."""

import base64
import json
import os
from pathlib import Path

import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.runtimes.source_maps import SourceMaps, Written

# Lines 1 and 2 of the generated file were written in lines 11 and 13; line 2 begins in column 3.
MAP = json.dumps({"version": 3, "sources": ["../src/a.ts"], "names": [], "mappings": "AAUA;EAEC"})
CODE = "function a(){\n  b();\n}\n"


def find(folder: Path, url: str, line: int, column: int | None = None) -> tuple[Written | None, SourceMaps]:
    file = folder / "dist" / "a.js"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{CODE}//# sourceMappingURL={url}\n")
    maps = SourceMaps(LocalHost(), os.getpid())
    return maps.find(str(file), line, column), maps


def test_a_map_beside_the_file_and_one_inside_it(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "a.js.map").write_text(MAP)
    inside = "data:application/json;base64," + base64.b64encode(MAP.encode()).decode()
    for url in ("a.js.map", inside):
        assert find(tmp_path, url, 1)[0] == Written(str(tmp_path / "src" / "a.ts"), 11)
        assert find(tmp_path, url, 2)[0] == Written(str(tmp_path / "src" / "a.ts"), 13)
        assert find(tmp_path, url, 2, 3)[0] == Written(str(tmp_path / "src" / "a.ts"), 13)
        assert find(tmp_path, url, 3)[0] is None


@pytest.mark.parametrize(
    "url", ["missing.map", "data:application/json;base64,!!!", "data:,[", "https://x.example/a.map"]
)
def test_what_cannot_be_read_is_counted(tmp_path: Path, url: str) -> None:
    found, maps = find(tmp_path, url, 1)
    assert found is None and maps.unreadable == 1


def test_files_that_are_none(tmp_path: Path) -> None:
    maps = SourceMaps(LocalHost(), os.getpid())
    os.mkfifo(tmp_path / "pipe.js")
    assert maps.find(str(tmp_path / "pipe.js"), 1) is None
    assert maps.find("node:fs", 1) is None and maps.find("/nowhere.js", 0) is None
