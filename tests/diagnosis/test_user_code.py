"""The user's own frame is found whatever surrounds it."""

import pytest

from perfdoctor.diagnosis.example import library, native, python
from perfdoctor.diagnosis.user_code import blamed_library, charged, user_frame
from perfdoctor.schemas.frame import Frame, FrameKind, Stack

PACKAGE = python(5, "send", "/srv/app/.venv/lib/python3.12/site-packages/requests/sessions.py")
DEBIAN = python(5, "send", "/usr/lib/python3/dist-packages/yaml/loader.py")
FROZEN = python(1, "_call_with_frames_removed", "<frozen importlib._bootstrap>")
STRING = python(1, "<module>", "<string>")
GENERATED = python(2, "__init__", "<string>")
PYENV = python(9, "loads", "/root/.pyenv/versions/3.13.0/lib/python3.13/json/__init__.py")
OWN = python(17, "handle")
MAIN = python(99, "main")
LIBC = native("read", "/lib/x86_64-linux-gnu/libc.so.6")
LIBC_SOURCE = native("read", "/lib/x86_64-linux-gnu/libc.so.6", "../sysdeps/unix/read.c", 26)
PROGRAM = native("copy", "/srv/copier", "/srv/copier.c", 12)
NO_LINES = native("copy", "/srv/copier")
KERNEL = Frame(kind=FrameKind.KERNEL, function="vfs_read")
VDSO = native("[vdso]", "")
HEADER = native("std::vector<int>::push_back", "/srv/copier", "/usr/include/c++/12/bits/stl_vector.h", 1287)


@pytest.mark.parametrize(
    ("stack", "expected", "because"),
    [
        ((), None, "an empty stack has no frame"),
        ((OWN, MAIN), OWN, "the innermost comes first"),
        ((library("json/decoder.py", "decode"), OWN), OWN, "the standard library is passed over"),
        ((PYENV, OWN), OWN, "wherever it is installed"),
        ((PACKAGE, OWN), OWN, "a package below the user's folder is still not the user's"),
        ((DEBIAN, OWN), OWN, "so is one of the distribution"),
        ((FROZEN, OWN), OWN, "frozen modules are the interpreter's"),
        ((GENERATED, OWN), OWN, "a generated method of a data class is not where to change it"),
        ((PYENV, STRING), STRING, "python -c has no other code"),
        ((PYENV,), None, "nothing here is the user's"),
        ((python(1, "f", "app.py"),), python(1, "f", "app.py"), "a relative path is the user's"),
        ((Frame(kind=FrameKind.PYTHON, function="f"), OWN), OWN, "a frame without a file names no line"),
        ((LIBC, PROGRAM), PROGRAM, "the C library is passed over"),
        ((LIBC_SOURCE, PROGRAM), PROGRAM, "with or without its debug file"),
        ((LIBC, NO_LINES), NO_LINES, "a program without line numbers still has functions"),
        ((LIBC, native("[unknown]", "/srv/copier"), LIBC_SOURCE), native("[unknown]", "/srv/copier"), "nor names"),
        ((KERNEL, VDSO, PROGRAM), PROGRAM, "kernel and vdso are passed over"),
        ((HEADER, PROGRAM), PROGRAM, "inlined library code is passed over"),
        (
            (native("_PyEval_EvalFrameDefault", "/usr/bin/python3.11"),),
            None,
            "the interpreter is not the user's program",
        ),
    ],
)
def test_user_frame(stack: Stack, expected: Frame | None, because: str) -> None:
    assert user_frame(stack) == expected, because


def test_roots_decide_where_they_are_given() -> None:
    helper = python(3, "retry", "/srv/shared/helper.py")
    assert user_frame((helper, OWN), ("/srv/app",)) == OWN
    assert user_frame((helper, OWN), ("/srv/app/",)) == OWN
    assert user_frame((helper, OWN), ("/srv/ap",)) == helper, "a folder's name is not a prefix of another's"
    assert user_frame((helper,), ("/srv/app",)) == helper, "with nothing below the roots, the general rule holds"
    assert user_frame((PACKAGE, OWN), ("/srv/app",)) == OWN


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        ((PACKAGE, OWN), "requests"),
        ((library("json/decoder.py", "decode"), OWN), "json"),
        ((library("copy.py", "deepcopy"), OWN), "copy"),
        ((LIBC, PROGRAM), "libc.so.6"),
        ((FROZEN, OWN), "importlib._bootstrap"),
        ((OWN,), None),
        ((), None),
        ((PYENV,), "json"),
    ],
)
def test_blamed_library(stack: Stack, expected: str | None) -> None:
    assert blamed_library(stack) == expected


def js(file: str) -> Frame:
    return Frame(kind=FrameKind.JAVASCRIPT, function="run", file=file, line=3)


def java(function: str, file: str) -> Frame:
    return Frame(kind=FrameKind.JAVA, function=function, file=file, line=3)


def compiled(function: str, file: str) -> Frame:
    return native(function, "/srv/server", file, 3)


@pytest.mark.parametrize(
    "frame",
    [
        js("node:internal/timers"),
        js("wasm://wasm/0002f80e"),
        js("/srv/app/node_modules/express/lib/router/index.js"),
        js("/srv/app/node_modules/.pnpm/pg@8.11.3/node_modules/pg/lib/client.js"),
        java("java.util.HashMap.put", "java/util/HashMap.java"),
        java("jdk.internal.misc.Unsafe.park", "Unsafe.java"),
        java("org.springframework.web.Filter.doFilter", "org/springframework/web/Filter.java"),
        compiled("runtime.mallocgc", "/usr/lib/go-1.19/src/runtime/malloc.go"),
        compiled("net/http.(*conn).serve", "net/http/server.go"),
        compiled("net/http.(*conn).serve", "/opt/go1.22/src/net/http/server.go"),
        compiled("sync.runtime_Semacquire", "/home/me/sdk/current/src/runtime/sema.go"),
        compiled("[inlined into main.(*Cart).Add]", "/opt/go/src/internal/sync/mutex.go"),
        compiled("github.com/lib/pq.(*conn).query", "/root/go/pkg/mod/github.com/lib/pq@v1.10.9/conn.go"),
        compiled("core::ops::function::FnOnce", "/rustc/4eb161250e34/library/core/src/ops/f.rs"),
        compiled("hashbrown::raw::RawTable<T,A>::clone_from_impl", "/rust/deps/hashbrown-0.16.1/src/raw/mod.rs"),
        compiled("serde_json::de::parse", "/root/.cargo/registry/src/a.io-6f17d22bba15001f/serde-1.0/src/de.rs"),
        compiled("std::sort", "/usr/include/c++/12/bits/stl_algo.h"),
        native("rb_vm_exec", "/usr/lib/x86_64-linux-gnu/libruby-3.1.so.3.1"),
    ],
)  # fmt: skip
def test_what_came_with_a_runtime_or_a_package_is_not_the_users(frame: Frame) -> None:
    assert user_frame((frame, OWN)) == OWN
    assert user_frame((frame,)) is None


@pytest.mark.parametrize(
    "frame",
    [
        js("/srv/app/src/internal/timers.js"),
        js("/srv/app/my_node_modules.js"),
        java("shop.Cart.total", "shop/Cart.java"),
        java("javanese.Menu.show", "javanese/Menu.java"),
        compiled("main.main", "/home/me/go/src/shop/main.go"),
        compiled("shop/net.dial", "example.com/shop/net/dial.go"),
        compiled("example.com/shop/src/log.Write", "/home/me/shop/src/log/write.go"),
        compiled("shop::cart::total", "src/cart.rs"),
        python(4, "run", "/srv/lib/python_tools/run.py"),
        python(4, "run", "/srv/site-packages.py"),
        native("total", "/usr/local/bin/shop"),
    ],
)
def test_what_only_looks_alike_is(frame: Frame) -> None:
    assert user_frame((LIBC, frame)) == frame


def test_without_code_of_the_users_the_innermost_line_is_charged() -> None:
    assert charged((LIBC, LIBC_SOURCE, PYENV)) == LIBC_SOURCE
    assert charged((Frame(kind=FrameKind.NATIVE, function="[unknown]"), LIBC)) == LIBC
    assert charged(()) is None
    assert charged((LIBC_SOURCE, OWN)) == OWN


@pytest.mark.parametrize(
    ("function", "own"),
    [
        ("Row::Row(Row const&)", False),
        ("shop::Row::Row(shop::Row&&)", False),
        ("Row::~Row()", False),
        ("<app::Row as core::clone::Clone>::clone", False),
        ("<app::Row as app::Store>::clone_into", True),
        ("Row& Row::operator=(Row const&)", False),
        ("Row::Row(int, std::string const&)", True),
        ("Table::copy(Row const&)", True),
        ("Table::Table(Row const&)", True),
    ],
)
def test_who_copies_an_object_is_charged_and_not_the_line_that_declares_it(function: str, own: bool) -> None:
    caller = native("total(std::vector<Row>)", "/srv/app", "/srv/app.cpp", 6)
    copying = native(function, "/srv/app", "/srv/app.cpp", 5)
    assert user_frame((copying, caller)) == (copying if own else caller)
