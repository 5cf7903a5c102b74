"""Which lines of a Java program make the objects whose memory is native: what zlib needs for a stream, direct buffers.

The heap of the machine tells nothing of that memory, and no Java frame stands above the code that takes it. Who asks is
told by the method of Java that the code is for (``Java_java_util_zip_Deflater_init``), and the program's own text has
the lines that make objects of its class. What a constructor or a field makes lives as long as its object does, so the
line that makes those is followed, up to one that keeps them.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.class_objects import made_by
from perfdoctor.collectors.source_text.keeping.keepers import keeps, only_kept
from perfdoctor.collectors.source_text.own_files import files_of, stacks_of
from perfdoctor.collectors.source_text.sources import Source, SourcesOfAll
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.memory import NativeMaker

if TYPE_CHECKING:
    from tree_sitter import Node

_LEAST_FAULTS = 256
"""pages: below that nobody asks"""
_MOST_FILES = 64
_MOST_OWNERS = 4
"""objects within objects that are followed"""
_NATIVE = re.compile(r"^Java_(\w+)$")
_MANGLED = re.compile(r"_(?:0([0-9a-f]{4})|([123]))?")
_MADE_BY = {
    "java.util.zip.Deflater": (
        "Deflater",
        "DeflaterOutputStream",
        "GZIPOutputStream",
        "ZipOutputStream",
        "DeflaterInputStream",
    ),
    "java.util.zip.Inflater": (
        "Inflater",
        "InflaterInputStream",
        "GZIPInputStream",
        "ZipInputStream",
        "InflaterOutputStream",
        "ZipFile",
        "JarFile",
    ),
    "java.nio.ByteBuffer": ("allocateDirect", "allocateNative"),
}


def with_native_makers(sources: SourcesOfAll, evidence: Evidence) -> Evidence:
    """The same evidence, whose memory part knows who of a Java program has native memory, and the line where there is
    but one."""
    if evidence.target.runtime != "java" or evidence.memory is None:
        return evidence
    pages: dict[tuple[int, str], int] = defaultdict(int)
    for fault in evidence.faults or ():
        if method := native_method(fault.stack):
            pages[fault.pid, method.rpartition(".")[0]] += fault.faults
    living = ((row.pid, row.stack) for row in evidence.living or ())
    files = files_of(chain(stacks_of(evidence), living))
    told = tuple(
        _maker(sources, NativeMaker(pid=pid, name=name, pages=count), files.get(pid, [])[:_MOST_FILES])
        for (pid, name), count in pages.items()
        if count >= _LEAST_FAULTS
    )
    return evidence.model_copy(update={"memory": evidence.memory.model_copy(update={"native": told})})


def native_method(stack: Stack) -> str:
    """The method of Java, with its class, that native code on a stack is for; empty where no such code is on it."""
    for frame in stack:
        if frame.function.startswith("Unsafe_AllocateMemory") or frame.function.startswith("Unsafe_SetMemory"):
            return "java.nio.ByteBuffer.allocateDirect"
        if found := _NATIVE.match(frame.function):
            # (the types of the arguments stand behind __, where several methods have the same name)
            return _MANGLED.sub(_plain, re.sub(r"__.*$", "", found[1]))
    return ""


def _plain(mangled: re.Match[str]) -> str:
    """What stands for a letter in the name that JNI gives a method."""
    if mangled[1]:
        return chr(int(mangled[1], 16))
    return "_;["[int(mangled[2]) - 1] if mangled[2] else "."


def _maker(sources: SourcesOfAll, maker: NativeMaker, files: Iterable[str]) -> NativeMaker:
    """``maker`` with the line that makes its objects, or those that hold them; as it is where several lines do."""
    wanted = _MADE_BY.get(maker.name, (re.split(r"[.$]", maker.name)[-1],))
    known = [(file, source) for file in files if (source := sources.of(maker.pid).of(file))]
    made = [(file, source, call) for file, source in known for each in wanted for call in source.calls.get(each, ())]
    if len(made) != 1:
        return maker
    file, source, call = made[0]
    call, kept = _kept_by(source, call)
    line, function = call.start_point[0] + 1, syntax.name_around(call)
    made_of = made_by(call) & source.classes
    if not kept and (holder := only_kept(source, made_of) or only_kept(source, made_of, stays=False)):
        (line, function), kept = holder, True
    return maker.model_copy(update={"file": file, "line": line, "function": function, "keeps": kept})


def _kept_by(source: Source, call: "Node") -> tuple["Node", bool]:
    """The line that keeps what ``call`` makes, or else the outermost one that is known to make it."""
    for _ in range(_MOST_OWNERS):
        if keeps(source, call.start_point[0] + 1):
            return call, True
        holder = syntax.class_around(call) if _is_of_object(call) else ""
        makers = source.calls.get(holder, ()) if holder else ()
        if len(makers) != 1:
            break
        call = makers[0]
    return call, False


def _is_of_object(call: "Node") -> bool:
    """Whether it stands in a field or a constructor, so that what it makes belongs to an object."""
    function = syntax.function_around(call)
    if function is None:
        return any(each.type in grammar.CLASSES for each in syntax.around(call))
    return syntax.is_constructor(function)
