"""What may be read of a program's code, and what may not."""

import os
from pathlib import Path

import pytest

from perfdoctor.collectors.source import LARGEST, Sources, default_roots, read_source, roots_of_uris, search_source
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
    assert default_roots(None, ("node", "--expose-gc", f"{project}/app.js", "/etc/x.js")) == (str(project),)
    for command in (("node", "/etc/app.js"), ("node", f"{project}/app"), ("node", "app.js"), (f"{project}/app.py",)):
        assert default_roots(None, command) == ()


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


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("com/shop/App.java", "src/main/java/com/shop/App.java"),  # Java: the package
        ("example.org/shop/cart/cart.go", "cart/cart.go"),  # go build -trimpath: the module
        ("/build/shop-1.2/lib/price.c", "lib/price.c"),  # built on another machine
        ("./lib/price.c", "lib/price.c"),
        ("main.rs", "src/main.rs"),
    ],
)
def test_a_path_of_elsewhere_is_found_by_its_end(project: Path, named: str, found: str) -> None:
    for path in ("src/main/java/com/shop/App.java", "cart/cart.go", "lib/price.c", "src/main.rs", "other/App.java"):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text("code\n")
    source = Sources([str(project)]).find(named)
    assert (source.path, source.alike) == (str(project / found), not (project / named).exists())
    assert source.alike or named == "./lib/price.c"


def test_an_end_that_several_have_is_not_guessed(project: Path) -> None:
    for path in ("a/main.c", "b/main.c"):
        (project / path).parent.mkdir()
        (project / path).write_text("code\n")
    sources = Sources([str(project)])
    with pytest.raises(ProblemError, match="2 files"):
        sources.find("main.c")
    with pytest.raises(ProblemError, match="may not be shown"):
        sources.find("/build/x/home.py")  # (the name alone is not enough of a path)
    for hostile in ("../secret.txt", "/" + "x" * 5000, "a\0b", "\udcff", "//", "."):
        with pytest.raises(ProblemError):
            sources.find(hostile)
    (project / "passwd").write_text("code\n")
    (project / "etc").mkdir()
    (project / "etc" / "passwd").write_text("code\n")
    with pytest.raises(ProblemError, match="may not be shown"):
        sources.find("/etc/passwd")  # (which is there, and is meant)


def test_a_file_may_be_named_by_its_address(project: Path) -> None:
    (project / "a b.mjs").write_text("code\n")
    source = Sources([str(project)]).read(f"file://{project}/a%20b.mjs")
    assert source.path == str(project / "a b.mjs") and not source.alike


def test_a_workspace_opens_projects_only(tmp_path: Path) -> None:
    shop = tmp_path / "a shop"
    shop.mkdir()
    uris = [f"file://{tmp_path}/a%20shop", f"file://localhost{tmp_path}/a%20shop", "https://example.org/srv/shop", ""]
    uris += ["file:///", "file:///etc", "file:///home/ada", "file:///usr/lib/python3", "file://other/srv/shop"]
    assert roots_of_uris(uris) == (str(shop),)
