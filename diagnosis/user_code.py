"""Which frame of a stack is the user's own code?

A finding is only useful at a line that its owner can change, so the frames of the standard library, of installed
packages and of the system are passed over.
"""

import re
from functools import lru_cache

from perfdoctor.schemas.frame import Frame, FrameKind, Stack

# /usr/lib/python3.11/json/decoder.py   ~/.pyenv/versions/3.12.1/lib/python3.12/socketserver.py
_STANDARD_LIBRARY = re.compile(r"/lib(?:64)?/python\d(?:\.\d+)?t?/|/lib(?:64)?/pypy\d|^node:|/lib/jvm/")
# A package may lie below the user's own folder (a virtual environment): it is still not the user's.
_INSTALLED = re.compile(r"/(?:site-packages|dist-packages|node_modules)/")
# Where distributions put what they built; `./malloc/malloc.c` and `../sysdeps/...` is how their debug files name it.
_SYSTEM = re.compile(r"^(?:/usr/(?!local/|src/app)|/lib(?:64)?/|/build/|/opt/rh/|\./|\.\./|\[)|/glibc-|/sysdeps/")
_RUNTIME = re.compile(
    r"^(?:lib)?(?:python|pypy|node|jvm|java)[\d.]*(?:t|d)?(?:$|\.so)|^(?:ld-|libc\.|libpthread|libm\.)"
)
# java/util/HashMap.java   org/springframework/web/servlet/DispatcherServlet.java
_JAVA_LIBRARY = re.compile(
    r"(?:java|javax|jakarta|jdk|sun|com/sun|kotlin|kotlinx|scala|groovy|clojure|"
    r"org/(?:springframework|apache|hibernate|eclipse|jboss|postgresql|slf4j|glassfish|codehaus|junit)|"
    r"io/(?:netty|vertx|quarkus|micronaut|grpc|opentelemetry|micrometer|undertow|lettuce|projectreactor)|reactor|"
    r"com/(?:fasterxml|google|mysql|zaxxer|squareup|datadog|newrelic)|ch/qos|okhttp3|redis/clients)/"
)
_SITE = re.compile(r"/(?:site-packages|dist-packages|node_modules)/((?:@[^/]+/)?[^/]+)")


def user_frame(stack: Stack, roots: tuple[str, ...] = ()) -> Frame | None:
    """The innermost frame of the user's own code, None where there is none.

    ``roots`` are the folders that hold it. Without them, or when no frame lies below one, whatever is not the standard
    library, an installed package, the system or an interpreter is the user's. Code without a file (``python -c``,
    ``exec``) counts only when no frame with a file does: generated methods of data classes are such code too.
    """
    own = [frame for frame in stack if is_user_code(frame)]
    below = [frame for frame in own if frame.file and any(_is_below(frame.file, root) for root in roots)]
    with_file = [frame for frame in own if frame.file and not frame.file.startswith("<")]
    return next(iter(below or with_file or own), None)


def is_user_code(frame: Frame) -> bool:
    """Whether a frame is neither the standard library's, nor a package's, nor the system's."""
    if frame.kind is FrameKind.KERNEL:
        return False
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
    return not (file.startswith("<frozen") or _STANDARD_LIBRARY.search(file) or _INSTALLED.search(file))


def _is_native_user_code(frame: Frame) -> bool:
    if frame.module is None or frame.function.startswith("[") or not _is_user_module(frame.module):
        return False
    return frame.file is None or not (_SYSTEM.search(frame.file) or frame.file.startswith("/rustc/"))


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


def _is_below(file: str, root: str) -> bool:
    return file.startswith(root.rstrip("/") + "/")
