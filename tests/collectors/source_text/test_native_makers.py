"""Which line of a Java program makes the objects that have native memory; and near misses."""

import os
from pathlib import Path

import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.source_text.keeping.native_makers import native_method, with_native_makers
from perfdoctor.collectors.source_text.sources import SourcesOfAll
from perfdoctor.diagnosis.example import cpu, memory, window
from perfdoctor.schemas.frame import Frame, FrameKind
from perfdoctor.schemas.memory import NativeMaker
from perfdoctor.schemas.waits import FaultRow

IN_A_FIELD = """
class Feeds {
    static class Feed {
        private final Deflater packer = new Deflater(1, true);
    }

    private final Map<Long, Feed> feeds = new HashMap<>();

    void call(long number) {
        feeds.put(number, new Feed());
    }
}
"""
IN_A_CONSTRUCTOR = """
class Feeds {
    static class Feed {
        final Deflater packer;

        Feed() {
            packer = new Deflater(1, true);
        }
    }

    void call(long number) {
        this.feeds.add(new Feed());
    }
}
"""
IN_PASSING = """
class Feeds {
    byte[] pack(byte[] table) {
        Deflater packer = new Deflater();
        packer.setInput(table);
        return taken(packer);
    }
}
"""
IN_TWO_PLACES = IN_PASSING + IN_A_FIELD
A_STREAM = """
class Feeds {
    OutputStream open(OutputStream below) {
        return new GZIPOutputStream(below);
    }
}
"""


def native(*names: str) -> tuple[Frame, ...]:
    return tuple(Frame(kind=FrameKind.NATIVE, function=name) for name in names)


@pytest.mark.parametrize(
    ("names", "method"),
    [
        (("memset", "deflateReset", "Java_java_util_zip_Deflater_init"), "java.util.zip.Deflater.init"),
        (("memset", "Unsafe_SetMemory0", "[anonymous memory]"), "java.nio.ByteBuffer.allocateDirect"),
        (("malloc", "Java_org_some_1codec_Frames_00024Pool_take__IJ"), "org.some_codec.Frames$Pool.take"),
        (("malloc", "JfrStackTraceRepository::record"), ""),
        ((), ""),
    ],
)
def test_the_method_that_native_code_is_for(names: tuple[str, ...], method: str) -> None:
    assert native_method(native(*names)) == method


def told(tmp_path: Path, text: str, *, pages: int = 2000, runtime: str = "java") -> tuple[NativeMaker, ...]:
    """Who has native memory, in a program of this text that was seen at work in it."""
    source = tmp_path / "Feeds.java"
    source.write_text(text)
    frame = Frame(kind=FrameKind.JAVA, function="Feeds.call", file=str(source), line=1)
    seen = cpu((frame,), 1.0).model_copy(update={"pid": os.getpid()})
    fault = FaultRow(pid=os.getpid(), stack=native("memset", "Java_java_util_zip_Deflater_init"), faults=pages)
    found = window(samples=(seen,), faults=(fault,), memory=memory(3e6))
    java = found.model_copy(update={"target": found.target.model_copy(update={"runtime": runtime})})
    evidence = with_native_makers(SourcesOfAll(LocalHost()), java)
    assert evidence.memory
    return evidence.memory.native


@pytest.mark.parametrize(
    ("text", "line", "keeps"),
    [(IN_A_FIELD, 10, True), (IN_A_CONSTRUCTOR, 12, True), (IN_PASSING, 4, False), (A_STREAM, 4, False)],
)
def test_the_line_that_makes_or_keeps_them(tmp_path: Path, text: str, line: int, keeps: bool) -> None:
    (maker,) = told(tmp_path, text)
    assert (maker.name, maker.pages, maker.line, maker.keeps) == ("java.util.zip.Deflater", 2000, line, keeps)


def test_no_line_is_told_where_several_make_them(tmp_path: Path) -> None:
    (maker,) = told(tmp_path, IN_TWO_PLACES)
    assert (maker.name, maker.line) == ("java.util.zip.Deflater", None)


def test_little_memory_and_other_runtimes_are_not_looked_at(tmp_path: Path) -> None:
    assert told(tmp_path, IN_A_FIELD, pages=100) == told(tmp_path, IN_A_FIELD, runtime="native") == ()
