"""What may be read of a program's code, and what may not."""

import os
from pathlib import Path

import pytest

from perfdoctor.collectors.source import LARGEST, default_roots, read_source, search_source
from perfdoctor.schemas.problem import ProblemError


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    (root / "pages").mkdir(parents=True)
    (root / "pages" / "home.py").write_text("def rank(rows):\n    return sorted(rows)\n")
    (root / "node_modules").mkdir()
    (root / "node_modules" / "lib.js").write_text("rank()\n")
    (tmp_path / "secret.txt").write_text("hunter2\n")
    return root


def refused(path: str, *roots: Path) -> str:
    with pytest.raises(ProblemError) as raised:
        read_source(path, [str(root) for root in roots])
    assert "hunter2" not in str(raised.value)
    return f"{raised.value.problem.what} {raised.value.problem.why}"


def test_a_file_below_a_root_is_read(project: Path) -> None:
    for path in (str(project / "pages" / "home.py"), "pages/home.py"):
        source = read_source(path, [str(project)])
        assert source.lines == ("def rank(rows):", "    return sorted(rows)")
        assert source.path == str(project / "pages" / "home.py")


@pytest.mark.parametrize(
    "path", ["../secret.txt", "/etc/passwd", "pages/../../secret.txt", "", "a\0b", ".git/config", "pages/.env", "/"]
)
def test_what_lies_elsewhere_is_refused(project: Path, path: str) -> None:
    assert refused(path, project)


def test_links_do_not_lead_out(project: Path) -> None:
    (project / "out.py").symlink_to(project.parent / "secret.txt")
    (project / "folder").symlink_to("/etc")
    (project / "inside.py").symlink_to("pages/home.py")
    assert "may not be shown" in refused("out.py", project)
    assert "may not be shown" in refused("folder/passwd", project)
    assert read_source("inside.py", [str(project)]).path == str(project / "pages" / "home.py")


def test_what_is_no_source_file_is_refused(project: Path) -> None:
    os.mkfifo(project / "pipe")
    (project / "large.py").write_bytes(b"#" * (LARGEST + 1))
    (project / "program").write_bytes(b"\x7fELF\0\0")
    assert "no regular file" in refused("pipe", project)
    assert "no regular file" in refused("pages", project)
    assert "4 MiB" in refused("large.py", project)
    assert "binary" in refused("program", project)
    assert "cannot be read" in refused("gone.py", project)
    assert "No folder" in refused("pages/home.py")


def test_the_default_is_a_project_and_never_a_whole_system(project: Path) -> None:
    assert default_roots(str(project)) == (str(project),)
    for folder in (
        "/",
        "/etc",
        "/root",
        "/home",
        "/home/ada",
        "/usr/lib/python3",
        "/var/lib/x",
        "/tmp",
        "/srv",
        "shop",
    ):
        assert default_roots(folder) == ()
    assert default_roots(None) == ()


def test_search_reads_the_own_code_only(project: Path) -> None:
    (project / "link.py").symlink_to(project.parent / "secret.txt")
    (project / "note.bin").write_bytes(b"rank\0")
    found = search_source("rank", [str(project)], word=True)
    assert found.places == ((str(project / "pages" / "home.py"), 1, "def rank(rows):"),)
    assert (found.files, found.skipped) == (1, 1)
    assert search_source("ran", [str(project)], word=True).places == ()
    assert len(search_source("r", [str(project)], word=False).places) == 2
    with pytest.raises(ProblemError):
        search_source("rank", [], word=False)
