"""Which frame of a stack is the user's own code?

A finding is only useful at a line that its owner can change, so the frames of the standard library, of installed
packages and of the system are passed over.
"""

import re
from functools import lru_cache

from perfdoctor.schemas.frame import Frame, FrameKind, Stack

# /usr/lib/python3.11/json/decoder.py   ~/.pyenv/versions/3.12.1/lib/python3.12/socketserver.py
# node:internal/timers   /usr/local/go/src/runtime/proc.go   /rustc/4eb161250/library/core/src/ops/function.rs
_STANDARD_LIBRARY = re.compile(
    r"/lib(?:64)?/python\d(?:\.\d+)?t?/|/lib(?:64)?/pypy\d|/python\d+\.zip/|^<frozen "
    r"|^(?:node|deno|ext|bun):|^internal/"
    r"|/lib/jvm/|^jrt:/|^/?java\.base/"
    r"|^/usr/local/go/src/|/sdk/go\d[^/]*/src/|/lib/go[-\d.]*/src/|/go/\d+\.[^/]*/(?:x64/)?src/|^\$GOROOT/"
    r"|^/rustc/[^/]+/(?:library/)?|^library/(?:std|core|alloc)/src/|/\.rustup/toolchains/|/rustlib/"
    r"|/lib/ruby/\d|/lib/erlang/|/dotnet/shared/|^/usr/share/(?:php|perl|nodejs|javascript)/|^/usr/lib/nodejs/"
)
# A package may lie below the user's own folder (a virtual environment): it is still not the user's.
_INSTALLED = re.compile(
    r"/(?:site-packages|dist-packages|node_modules)/|/[^/]+\.egg/|/go/pkg/mod/|/[^/]+@v\d+\.\d+[^/]*/"
    r"|/registry/src/[^/]+-[0-9a-f]{16}/|/\.?cargo/(?:registry|git)/|/gems/[^/]+-\d[^/]*/"
    r"|/vendor/.*\.(?:php|go|rb|rs)$|/\.(?:m2|gradle|ivy2)/|/\.nuget/packages/|^/nix/store/[^/]+/(?:lib|include)/"
)
# Where distributions put what they built; `./malloc/malloc.c` and `../sysdeps/...` is how their debug files name it.
_SYSTEM = re.compile(
    r"^(?:/usr/(?!local/|src/app)|/usr/local/include/|/usr/local/lib(?:64)?/[^/]+\.so"
    r"|/lib(?:32|64|x32)?/|/build/|/opt/rh/|\./|\.\./|\[)|/glibc-|/sysdeps/|/libstdc\+\+-v3/"
)
_RUNTIME = re.compile(
    r"^(?:lib)?(?:python|pypy|node|jvm|java|ruby|php|perl|beam|coreclr)[\d.]*(?:t|d|-fpm|\.smp)?(?:$|\.so|-\d)"
    r"|^ld-|^lib(?:c|m|dl|rt|pthread|stdc\+\+|c\+\+|c\+\+abi|gcc_s|gomp|musl)[-.]"
)
# java.util.HashMap.put   void jdk.internal.misc.Unsafe.park(boolean, long)   Ljava/lang/String;::hashCode
_PLATFORM_CLASS = re.compile(r"^(?:[^(]*\s)?L?(?:java|javax|jdk|sun|com[./]sun|kotlin|scala|clojure)[./]\S")
# java/util/HashMap.java   org/springframework/web/servlet/DispatcherServlet.java
_JAVA_LIBRARY = re.compile(
    r"(?:java|javax|jakarta|jdk|sun|com/sun|kotlin|kotlinx|scala|groovy|clojure|"
    r"org/(?:springframework|apache|hibernate|eclipse|jboss|postgresql|slf4j|glassfish|codehaus|junit)|"
    r"io/(?:netty|vertx|quarkus|micronaut|grpc|opentelemetry|micrometer|undertow|lettuce|projectreactor)|reactor|"
    r"com/(?:fasterxml|google|mysql|zaxxer|squareup|datadog|newrelic)|ch/qos|okhttp3|redis/clients)/"
)
_SITE = re.compile(r"/(?:site-packages|dist-packages|node_modules)/((?:@[^/]+/)?[^/]+)")
# Packages of Go's standard library as a binary names them that was built with -trimpath.
_GO_TRIMMED = re.compile(
    r"^(?:archive|bufio|bytes|compress|container|context|crypto|database|debug|embed|encoding|errors|expvar|flag|fmt|go"
    r"|hash|html|image|internal|io|iter|log|maps|math|mime|net|os|path|plugin|reflect|regexp|runtime|slices|sort|strconv"
    r"|strings|sync|syscall|testing|text|time|unicode|unique|unsafe|vendor|weak)/.*\.(?:go|s)$"
)


def user_frame(stack: Stack, roots: tuple[str, ...] = ()) -> Frame | None:
    """The innermost frame of the user's own code, None where there is none.

    ``roots`` are the folders that hold it: a frame below one comes before any other. Code without a file (``python
    -c``, ``exec``) counts only when no frame with a file does: generated methods of data classes are such code too.
    """
    own = [frame for frame in stack if is_user_code(frame, roots)]
    below = [frame for frame in own if frame.file and _below(frame.file, roots) is not None] if roots else ()
    with_file = [frame for frame in own if frame.file and not frame.file.startswith("<")]
    return next(iter(below or with_file or own), None)


def charged(stack: Stack, roots: tuple[str, ...] = ()) -> Frame | None:
    """The frame whose owner can do something about what the stack cost: the user's; without one it is library code:
    the innermost frame that has a line, else the innermost that has a name, else the innermost."""
    own = user_frame(stack, roots)
    if own is not None:
        return own
    with_line = (frame for frame in stack if frame.file and frame.line)
    named = (frame for frame in stack if not frame.function.startswith("["))
    return next(with_line, None) or next(named, None) or (stack[0] if stack else None)


def is_user_code(frame: Frame, roots: tuple[str, ...] = ()) -> bool:
    """Whether a frame is the user's: below one of ``roots``, or, wherever it lies, neither the standard library's, nor
    an installed package's, nor the system's, nor an interpreter's. Packages below a root are still packages."""
    if frame.kind is FrameKind.KERNEL:
        return False
    if frame.kind is not FrameKind.PYTHON and _PLATFORM_CLASS.search(frame.function):
        return False
    if roots:
        inside = _below(frame.file or frame.module or "", roots)
        if inside is not None:
            return not _INSTALLED.search(inside) and not _STANDARD_LIBRARY.search(inside)
    if frame.kind is FrameKind.NATIVE:
        return _is_native_user_code(frame)
    if frame.kind is FrameKind.JAVA:
        return _is_java_user_code(frame)
    return frame.file is not None and _is_user_file(frame.file)


def blamed_library(stack: Stack, roots: tuple[str, ...] = ()) -> str | None:
    """What the user's code called into: the package, standard module or binary of the frame just inside it.

    With no user's frame on the stack, that of the innermost frame. None when the user's own frame is innermost.
    """
    own = user_frame(stack, roots)
    at = stack.index(own) - 1 if own is not None else 0
    if at < 0 or not stack:
        return None
    frame = stack[at]
    for path in (frame.file, frame.module):
        if path and (package := _SITE.search(path)):
            return package[1].removesuffix(".py")
    if frame.file and frame.file.startswith("<frozen "):
        return frame.file[len("<frozen ") : -1]
    if frame.file and (library := _STANDARD_LIBRARY.search(frame.file)):
        return frame.file[library.end() :].split("/")[0].removesuffix(".py")
    path = frame.module or frame.file
    return path.rsplit("/", 1)[-1] if path else None


def basename(path: str | None) -> str:
    """The last part of a path, empty for None."""
    return path.rsplit("/", 1)[-1] if path else ""


@lru_cache(maxsize=65536)
def _is_user_file(file: str) -> bool:
    return not (_STANDARD_LIBRARY.search(file) or _INSTALLED.search(file) or _GO_TRIMMED.search(file))


def _is_native_user_code(frame: Frame) -> bool:
    if not frame.module or not _is_user_module(frame.module):
        return False
    return frame.file is None or (not _SYSTEM.search(frame.file) and _is_user_file(frame.file))


def _is_java_user_code(frame: Frame) -> bool:
    """A class whose source lies in the project (an absolute path), or of no package of the platform or of a library
    that everybody uses: the machine does not say from which archive a class came."""
    if frame.file is None or (frame.module or "").startswith(("java.", "jdk.")):
        return False
    return frame.file.startswith("/") or not _JAVA_LIBRARY.match(frame.file)


@lru_cache(maxsize=65536)
def _is_user_module(module: str) -> bool:
    if _INSTALLED.search(module) or _STANDARD_LIBRARY.search(module) or _RUNTIME.search(basename(module)):
        return False
    return not _SYSTEM.search(module) or module.startswith("/usr/bin/")


@lru_cache(maxsize=65536)
def _below(path: str, roots: tuple[str, ...]) -> str | None:
    """The rest of ``path`` below the deepest root that it lies in, with its slash; None where it lies in none."""
    path = path.removeprefix("file://")
    if "/../" in path:
        return None
    tops = [top for top in (root.rstrip("/") for root in roots) if path.startswith(top + "/")]
    return path[len(max(tops, key=len)) :] if tops else None
