"""A file of the workspace is replaced as a whole, or not at all; and no other file can be reached, whatever is put in
the way."""

import ctypes
import errno
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from perfdoctor.collectors import beneath, workspace_file
from perfdoctor.collectors.workspace_file import LARGEST, opened
from perfdoctor.schemas.problem import ProblemError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    (root / "pages").mkdir(parents=True)
    (root / "pages" / "home.py").write_text("old\n")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.py").write_text("hunter2\n")
    return root


@pytest.fixture(params=["openat2", "folder by folder"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With openat2, and as on a kernel without it."""
    if request.param != "openat2":
        monkeypatch.setattr(workspace_file, "open_beneath", beneath.walk_beneath)


def change(path: str | Path, root: Path, data: bytes = b"new\n") -> tuple[str, ...]:
    with opened(str(path), [str(root)]) as file:
        return file.replace(data)


def refused(path: str | Path, root: Path) -> str:
    with pytest.raises(ProblemError) as caught:
        change(path, root)
    assert "hunter2" not in str(caught.value) and "\x1b" not in str(caught.value)
    assert not [name for _, _, names in os.walk(root.parent) for name in names if name.startswith(".perfdoctor")]
    return f"{caught.value.problem.what} {caught.value.problem.why}"


@pytest.mark.usefixtures("way")
def test_a_file_is_replaced(shop: Path) -> None:
    for number, path in enumerate(("pages/home.py", shop / "pages" / "home.py", "./pages//home.py")):
        with opened(str(path), ["/srv/elsewhere", str(shop)]) as file:
            assert (file.path, file.root) == (str(shop / "pages" / "home.py"), str(shop))
            assert file.replace(b"new %d\n" % number) == ()
        assert (shop / "pages" / "home.py").read_bytes() == b"new %d\n" % number
    assert os.listdir(shop / "pages") == ["home.py"]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    "path",
    [
        "../outside/secret.py", "pages/../../outside/secret.py", "pages/../pages/home.py", "/etc/hostname", "", "/",
        "a\0b", "pages", "pages/", "none.py", "/proc/self/cwd/pages/home.py", "/proc/self/root/etc/hostname",
        ".git/config", "pages/.env", ".", "x" * 5000, "pages/home.py/x", "\x1b[2J",
    ],
)  # fmt: skip
def test_what_lies_elsewhere_or_is_hidden(shop: Path, path: str) -> None:
    (shop / ".git").mkdir()
    (shop / ".git" / "config").write_text("x")
    (shop / "pages" / ".env").write_text("x")
    assert "may not be changed" in refused(path, shop)
    assert (shop / ".git" / "config").read_text() == (shop / "pages" / ".env").read_text() == "x"


@pytest.mark.usefixtures("way")
def test_links_of_every_kind(shop: Path) -> None:
    outside = shop.parent / "outside"
    (shop / "link.py").symlink_to(outside / "secret.py")
    (shop / "inside.py").symlink_to("pages/home.py")
    (shop / "folder").symlink_to(outside)
    (shop / "inner").symlink_to("pages")
    (shop / "loop.py").symlink_to("loop.py")
    (shop / "magic").symlink_to("/proc/self/fd")
    (shop / "cwd").symlink_to("/proc/self/cwd")
    os.link(outside / "secret.py", shop / "hard.py")
    for path in ("link.py", "inside.py", "loop.py"):
        assert "symbolic link" in refused(path, shop) or path == "loop.py"
    for path in ("folder/secret.py", "inner/home.py", "magic/0", "cwd/pyproject.toml"):
        assert "may lead out of the workspace" in refused(path, shop)
    assert "2 names (hard links)" in refused("hard.py", shop)
    assert (outside / "secret.py").read_text() == "hunter2\n"
    # The root itself is the operator's: it may be a link.
    (shop.parent / "alias").symlink_to(shop)
    change(shop.parent / "alias" / "pages" / "home.py", shop.parent / "alias")
    change("pages/home.py", shop.parent / "alias")


@pytest.mark.usefixtures("way")
def test_what_is_no_file_to_be_changed(shop: Path) -> None:
    os.mkfifo(shop / "pipe")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(shop / "s"))
    (shop / "large.py").write_bytes(b"#" * (LARGEST + 1))
    for name, mode in (("suid", 0o4755), ("sgid", 0o2755), ("readonly", 0o444)):
        (shop / name).write_text("x")
        (shop / name).chmod(mode)
    assert "no regular file" in refused("pipe", shop) and "no regular file" in refused("s", shop)
    assert "1 MiB" in refused("large.py", shop)
    assert "set-user-id" in refused("suid", shop) and "set-user-id" in refused("sgid", shop)
    assert "read-only" in refused("readonly", shop)
    listening.close()
    if os.geteuid() == 0:
        os.mknod(shop / "zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
        os.mknod(shop / "disk", stat.S_IFBLK | 0o666, os.makedev(7, 200))
        assert "no regular file" in refused("zero", shop) and "no regular file" in refused("disk", shop)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts")
@pytest.mark.usefixtures("way")
def test_another_mount_is_another_place(shop: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    (shop / "mounted").mkdir()
    if libc.mount(b"none", os.fsencode(shop / "mounted"), b"tmpfs", 0, None) != 0:
        pytest.skip("nothing may be mounted here")
    try:
        (shop / "mounted" / "a.py").write_text("old\n")
        assert "may lead out" in refused("mounted/a.py", shop)
    finally:
        libc.umount2(os.fsencode(shop / "mounted"), 2)


def test_mode_owner_and_attributes_stay(shop: Path) -> None:
    file = shop / "pages" / "home.py"
    file.chmod(0o751)
    if os.geteuid() == 0:
        os.chown(file, 1234, 4321)
        file.chmod(0o751)
    has_attributes = True
    try:
        os.setxattr(file, "user.note", b"\x00\xff kept")
    except OSError:
        has_attributes = False
    before = file.stat()
    assert change(file, shop) == ()
    after = file.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino
    if has_attributes:
        assert os.getxattr(file, "user.note") == b"\x00\xff kept"


def test_access_lists_stay_and_the_folders_default_is_not_taken(shop: Path) -> None:
    # Version 2; user::rw- user:1234:r-- group::r-- mask::r-- other::---
    entries = ((1, 6, 0xFFFFFFFF), (2, 4, 1234), (4, 4, 0xFFFFFFFF), (16, 4, 0xFFFFFFFF), (32, 0, 0xFFFFFFFF))
    rules = (2).to_bytes(4, "little") + b"".join(
        tag.to_bytes(2, "little") + may.to_bytes(2, "little") + who.to_bytes(4, "little") for tag, may, who in entries
    )
    listed, plain = shop / "pages" / "listed.py", shop / "pages" / "home.py"
    listed.write_text("old\n")
    try:
        os.setxattr(listed, "system.posix_acl_access", rules)
        os.setxattr(shop / "pages", "system.posix_acl_default", rules)
    except OSError:
        pytest.skip("this file system has no access lists")
    for file in (listed, plain):
        assert change(file, shop) == ()
    assert os.getxattr(listed, "system.posix_acl_access") == rules
    assert "system.posix_acl_access" not in os.listxattr(plain)


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_what_cannot_be_kept_is_told() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o777)
        file = Path(folder) / "home.py"
        file.write_text("old\n")
        file.chmod(0o664)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
                os.write(write, repr(change("home.py", Path(folder))).encode())
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        os.close(write)
        with os.fdopen(read) as said:
            assert "owner could not be kept" in said.read()
        assert file.read_text() == "new\n" and file.stat().st_uid == 65534
        assert stat.S_IMODE(file.stat().st_mode) == 0o664


def between(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object], *, call: str = "fsync", times: int = 1) -> None:
    """Do something right before the new file takes its place: after all that is checked before."""
    real, left = getattr(os, call), [times]

    def hooked(*arguments: Any) -> Any:
        if left[0]:
            left[0] -= 1
            act()
        return real(*arguments)

    monkeypatch.setattr(os, call, hooked)


RACES: dict[str, Callable[[Path], object]] = {
    "written by another": lambda shop: (shop / "pages" / "home.py").write_text("theirs\n"),
    "replaced by another": lambda shop: (
        (shop / "t").write_text("theirs\n"),
        (shop / "t").rename(shop / "pages" / "home.py"),
    ),
    "replaced by the same text": lambda shop: (
        (shop / "t").write_text("old\n"),
        (shop / "t").rename(shop / "pages" / "home.py"),
    ),
    "a link in its place": lambda shop: (
        (shop / "pages" / "home.py").unlink(),
        (shop / "pages" / "home.py").symlink_to(shop.parent / "outside" / "secret.py"),
    ),
    "its folder moved out": lambda shop: (
        (shop / "pages").rename(shop.parent / "outside" / "pages"),
        (shop / "pages").mkdir(),
    ),
    "its folder moved out, a link to it in its place": lambda shop: (
        (shop / "pages").rename(shop.parent / "outside" / "pages"),
        (shop / "pages").symlink_to(shop.parent / "outside" / "pages"),
    ),
    "a second name": lambda shop: os.link(shop / "pages" / "home.py", shop.parent / "outside" / "name.py"),
    "removed": lambda shop: (shop / "pages" / "home.py").unlink(),
}


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("name", RACES)
@pytest.mark.parametrize("exchange", [True, False])
def test_whoever_comes_in_between_loses_nothing(
    shop: Path, monkeypatch: pytest.MonkeyPatch, name: str, exchange: bool
) -> None:
    if not exchange:
        monkeypatch.setattr(workspace_file, "_rename", lambda *_arguments: False)
    between(monkeypatch, lambda: RACES[name](shop))
    assert "changed meanwhile" in refused("pages/home.py", shop)
    assert (shop.parent / "outside" / "secret.py").read_text() == "hunter2\n"
    texts = {path.read_text() for path in shop.parent.rglob("home.py") if not path.is_symlink()}
    assert "new\n" not in texts
    if "another" in name:
        assert texts == {"theirs\n"}


def test_what_comes_after_the_last_look_is_given_back(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the check and the exchange: what came out of it is looked at, and put back."""
    real = workspace_file._rename
    file = shop / "pages" / "home.py"
    calls: list[tuple[str, str]] = []

    def late(folder: int, old: str, new: str, flags: int) -> bool:
        if not calls:
            file.write_text("theirs\n")
        calls.append((old, new))
        return real(folder, old, new, flags)

    monkeypatch.setattr(workspace_file, "_rename", late)
    assert "changed meanwhile" in refused(file, shop)
    if len(calls) < 2:
        pytest.skip("this file system cannot exchange two files")
    assert file.read_text() == "theirs\n"


def test_a_link_that_comes_and_goes(shop: Path) -> None:
    """Somebody swaps a folder of the path for a link to the outside, thousands of times, while files are changed."""
    outside, pages, aside = shop.parent / "outside", shop / "pages", shop / "aside"
    (outside / "home.py").write_text("hunter2\n")
    stopped = threading.Event()

    def swap() -> None:
        while not stopped.is_set():
            pages.rename(aside)
            pages.symlink_to(outside)
            pages.unlink()
            aside.rename(pages)

    attacker = threading.Thread(target=swap)
    attacker.start()
    done = 0
    try:
        ends = time.monotonic() + 1.5
        while time.monotonic() < ends:
            try:
                change("pages/home.py", shop, b"new\n")
                done += 1
            except ProblemError:
                pass
    finally:
        stopped.set()
        attacker.join()
    assert (outside / "home.py").read_text() == "hunter2\n"
    assert os.listdir(outside) == ["home.py", "secret.py"] or sorted(os.listdir(outside)) == ["home.py", "secret.py"]
    assert (pages / "home.py").read_text() in ("old\n", "new\n")
    print(f"{done} changes went through")


def test_two_edits_at_once(shop: Path) -> None:
    with opened("pages/home.py", [str(shop)]) as first, opened("pages/home.py", [str(shop)]) as second:
        first.replace(b"first\n")
        with pytest.raises(ProblemError, match="changed meanwhile"):
            second.replace(b"second\n")
    assert (shop / "pages" / "home.py").read_bytes() == b"first\n"


def test_what_a_killed_edit_left_is_removed_and_what_another_writes_is_not(shop: Path) -> None:
    with opened("pages/home.py", [str(shop)]) as file:
        fd = file._create(beside := ".perfdoctor-edit-" + "0" * 16)
        with pytest.raises(OSError, match="Another edit"):
            file._create(beside)
        os.close(fd)  # (as the kernel does for who is killed)
        os.close(file._create(beside))
        os.unlink(shop / "pages" / beside)
        (shop / "pages" / beside).symlink_to(shop.parent / "outside" / "secret.py")
        os.close(file._create(beside))
        assert not (shop / "pages" / beside).is_symlink()
        os.unlink(shop / "pages" / beside)
        os.mkfifo(shop / "pages" / beside)
        os.close(file._create(beside))


KILLED = """
import sys
from perfdoctor.collectors.workspace_file import opened
print("ready", flush=True)
number = 0
while True:
    number += 1
    with opened("home.py", [sys.argv[1]]) as file:
        file.replace((str(number) + "\\n").encode() * 40_000)
"""


def test_killed_in_the_middle_it_is_the_old_or_the_new_one(shop: Path) -> None:
    file = shop / "pages" / "home.py"
    for wait in (0.0, 0.01, 0.03):
        writer = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(shop / "pages")], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
        time.sleep(wait)
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate()
        lines = file.read_text().splitlines()
        assert lines == ["old"] or (len(lines) == 40_000 and len(set(lines)) == 1)
        change(file, shop, b"old\n")
        assert os.listdir(shop / "pages") == ["home.py"]


def test_no_space_left(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    between(monkeypatch, full)
    assert "No space left" in refused("pages/home.py", shop)
    assert (shop / "pages" / "home.py").read_text() == "old\n"
