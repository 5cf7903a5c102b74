"""Which version of its code a process runs: read from git's files, which may be anything."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from perfdoctor.collectors.code_version import commit_at, with_version
from perfdoctor.schemas.target import Target

COMMIT, OTHER = "3f2a9c1d" * 5, "0123abcd" * 5


def git(folder: Path, *arguments: str) -> str:
    environment = {"HOME": "/nonexistent", "PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@y", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose configuration and hooks start a program wherever git itself would look."""
    folder = tmp_path / "shop"
    (folder / "src" / "deep").mkdir(parents=True)
    git(tmp_path, "init", "-q", "-b", "main", str(folder))
    (folder / "app.py").write_text("pass\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    started = tmp_path / "started"
    git(folder, "config", "core.fsmonitor", f"touch {started}")
    git(folder, "config", "core.pager", f"touch {started}")
    return folder


def test_the_commit_of_a_checkout(tmp_path: Path, checkout: Path) -> None:
    now = git(checkout, "rev-parse", "HEAD")
    assert commit_at(str(checkout)) == commit_at(str(checkout / "src" / "deep")) == now
    git(checkout, "pack-refs", "--all")
    assert commit_at(str(checkout)) == now
    git(checkout, "checkout", "-q", "--detach")
    assert commit_at(str(checkout)) == now
    assert commit_at(str(tmp_path)) is None
    (tmp_path / "started").unlink(missing_ok=True)
    commit_at(str(checkout))
    assert not (tmp_path / "started").exists()


def test_worktrees_and_new_repositories(tmp_path: Path, checkout: Path) -> None:
    git(checkout, "worktree", "add", "-q", "-b", "fix/one", str(tmp_path / "other"))
    assert commit_at(str(tmp_path / "other")) == git(checkout, "rev-parse", "HEAD")
    (tmp_path / "new").mkdir()
    git(tmp_path, "init", "-q", str(tmp_path / "new"))
    assert commit_at(str(tmp_path / "new")) is None


@pytest.mark.parametrize(
    "head",
    [
        "",
        "x" * 10_000,
        COMMIT[:39],
        COMMIT.upper(),
        f"{COMMIT}\x1b[2J",
        "ref: ../../secret",
        "ref: refs/../../secret",
        "ref: /etc/passwd",
        "ref: refs/heads/\0",
        "ref: refs/heads/" + "a/" * 50,
        "ref: refs/heads/pipe",
        "ref: refs/heads/link",
        "ref: refs/heads/text",
    ],
)
def test_a_hostile_checkout_tells_nothing(tmp_path: Path, head: str) -> None:
    git = tmp_path / "shop" / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (tmp_path / "secret").write_text("hunter2\n")
    (tmp_path / "commit").write_text(OTHER)
    os.mkfifo(git / "refs" / "heads" / "pipe")
    (git / "refs" / "heads" / "link").symlink_to(tmp_path / "commit")
    (git / "refs" / "heads" / "text").write_text("hunter2\n")
    (git / "HEAD").write_text(head)
    found = None
    with suppress(OSError, ValueError):
        found = commit_at(str(tmp_path / "shop"))
    assert found is None


def test_a_pipe_or_a_link_in_its_place_is_not_opened(tmp_path: Path) -> None:
    for name, make in (
        ("pipe", os.mkfifo),
        ("link", lambda path: path.symlink_to("/dev/zero")),
        ("elsewhere", lambda path: path.write_text("gitdir: /dev\n")),
    ):
        (tmp_path / name).mkdir()
        make(tmp_path / name / ".git")
        with pytest.raises(OSError):
            commit_at(str(tmp_path / name))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_of_a_process(tmp_path: Path, checkout: Path) -> None:
    now = git(checkout, "rev-parse", "HEAD")
    script = checkout / "wait.py"
    script.write_text("import sys; print('ready', flush=True); sys.stdin.read()")
    for cwd, argument in ((checkout / "src", str(script)), ("/", str(script)), (tmp_path, "shop/wait.py")):
        command = [sys.executable, argument]
        process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            target = Target(pid=process.pid, start_time=0.0, name="x", command=tuple(command))
            found = with_version(target)
        finally:
            process.communicate()
        assert found.commit == now
        assert found.build_id is None or len(bytes.fromhex(found.build_id)) >= 8
    target = Target(pid=os.getpid(), start_time=0.0, name="x", command=(sys.executable,), runtime="python3")
    assert with_version(target).commit == commit_at(os.getcwd()), "never that of the interpreter's own folder"
    gone = with_version(Target(pid=1 << 22, start_time=0.0, name="x"))
    assert (gone.commit, gone.build_id) == (None, None)
