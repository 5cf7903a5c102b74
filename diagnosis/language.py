"""In which language is a line written? Cures are named in its own words."""

from enum import StrEnum

from perfdoctor.schemas.frame import Frame, FrameKind


class Language(StrEnum):
    PYTHON = "Python"
    JAVASCRIPT = "JavaScript"
    JAVA = "Java"
    GO = "Go"
    RUST = "Rust"
    CPP = "C++"
    C = "C"


_BY_KIND = {
    FrameKind.PYTHON: Language.PYTHON,
    FrameKind.JAVASCRIPT: Language.JAVASCRIPT,
    FrameKind.JAVA: Language.JAVA,
}
_BY_SUFFIX = {"go": Language.GO, "rs": Language.RUST, "c": Language.C, "h": Language.C}


def language_of(frame: Frame | None) -> Language:
    """That of a frame; native code is told by its file, and is C++ where nothing is known."""
    if frame is None:
        return Language.CPP
    if frame.kind in _BY_KIND:
        return _BY_KIND[frame.kind]
    suffix = (frame.file or "").rpartition(".")[2].lower()
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    # main.feed   net/http.(*conn).serve: only Go has dots and no colons
    is_go = not frame.file and "." in frame.function and "::" not in frame.function and "(" not in frame.function[:1]
    return Language.GO if is_go and frame.function.startswith("main.") else Language.CPP
