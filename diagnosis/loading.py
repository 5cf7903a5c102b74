"""Is code being loaded: an import that is under way, and the line that asked for it?"""

import re

from perfdoctor.diagnosis.user_code import is_user_code
from perfdoctor.schemas.frame import Frame, FrameKind, Stack

# <frozen importlib._bootstrap>  <frozen importlib._bootstrap_external>  node:internal/modules/cjs/loader
_IMPORTS = re.compile(
    r"^<frozen importlib|/importlib/_bootstrap|^<frozen zipimport>|^node:internal/modules/|^internal/modules/"
)
_JAVA = re.compile(
    r"java\.lang\.ClassLoader\.(?:loadClass|defineClass)|jdk\.internal\.loader\.|java\.net\.URLClassLoader\."
)
_NATIVE = re.compile(r"_?dl_(?:open|map_object|relocate|load|init|catch)|(?:__)?(?:GI_)?_*dlopen|_dl_start")


def is_import(frame: Frame) -> bool:
    """Whether the frame is of the machinery that loads code."""
    if frame.kind in (FrameKind.PYTHON, FrameKind.JAVASCRIPT):
        return bool(frame.file and _IMPORTS.search(frame.file))
    names = _JAVA if frame.kind is FrameKind.JAVA else _NATIVE
    return bool(names.match(frame.function))


def importing_lines(stack: Stack, roots: tuple[str, ...] = ()) -> tuple[Frame, ...]:
    """The frames of the user's code that asked for imports which are still under way, innermost first.

    Code that runs *because* of an import long after the module has begun (a server that its module starts) is not
    loading: between the import and what runs now there must be nothing but modules' own top level.
    """
    found: list[Frame] = []
    begun = False
    for frame in _from_the_loader(stack, roots):
        if begun and is_user_code(frame, roots):
            found.append(frame)
            begun = False
        begun = begun or is_import(frame)
    return tuple(found)


def is_loading(stack: Stack, roots: tuple[str, ...] = ()) -> bool:
    return bool(importing_lines(stack, roots))


def _from_the_loader(stack: Stack, roots: tuple[str, ...]) -> Stack:
    """The stack from its innermost loader on, if only libraries and a module's top level are inside of that."""
    for i, frame in enumerate(stack):
        if is_import(frame):
            return stack[i:]
        if is_user_code(frame, roots) and not _is_top_level(frame):
            return ()
    return ()


def _is_top_level(frame: Frame) -> bool:
    """The body of a module (or of a class in it); V8 has no name for it."""
    is_class = frame.kind is FrameKind.PYTHON and frame.function.rpartition(".")[2][:1].isupper()
    return frame.function in ("<module>", "(anonymous)") or is_class
