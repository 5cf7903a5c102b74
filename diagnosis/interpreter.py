"""What the name of an interpreter's own function says about the Python line that called it.

Each rule is about the name of one function: the innermost that says anything. Names are those of CPython 3.11 to 3.13
with symbols; an executable without symbols shows ``[unknown]`` and is not judged.
"""

import re
from enum import Enum, auto

from perfdoctor.diagnosis.operations import Operation, operation_of
from perfdoctor.diagnosis.user_code import basename
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.frame import Stack


class Work(Enum):
    """What the CPU was doing under a line."""

    SEARCH = auto()
    """walking a list, tuple or deque to find something in it"""
    COMPARE = auto()
    SHIFT = auto()
    """moving the rest of a list to insert or remove at its head"""
    SORT = auto()
    COPY = auto()
    """making a new list, string or bytes out of an old one"""
    CONCATENATE = auto()
    """making a new text or buffer out of two"""
    MEASURE = auto()
    """walking a text to find out how long it is"""
    MEMORY = auto()
    """inside the C library: moving, comparing or allocating memory"""
    GROW = auto()
    """in the kernel, getting pages for new memory"""
    REGEX = auto()
    CLOCK = auto()
    """asking for the time"""
    COLLECT = auto()
    """collecting garbage"""
    MAKE = auto()
    """arithmetic, hashing, making and freeing objects: what useful work looks like"""
    BUILTIN = auto()
    """inside a built-in method that works through a whole container or text"""
    INTERPRET = auto()
    """the interpreter's loop itself: loads, tests, jumps"""
    OWN = auto()
    """the user's own code, where it is compiled: nothing below the line"""
    LIBRARY = auto()
    """native code of somebody else: an extension, OpenSSL, BLAS"""
    SYSTEM_CALL = auto()
    UNKNOWN = auto()


_BY_NAME = (
    (Work.SEARCH, r"list_contains|tuple_?contains|deque_(contains|index)|list_(index|count|remove)|PySequence_Contains|"
                  r"_PySequence_IterSearch"),
    (Work.SORT, r"list_sort|binarysort|count_run|merge_|gallop_|sortslice|reverse_slice|(un)?safe_.*compare"),
    (Work.SHIFT, r"ins1$|list_insert|list_pop|list_ass_slice|list_ass_subscript|list_resize"),
    (Work.COPY, r"list_(slice|concat|subscript|copy|dealloc|repeat)|tuple_?(slice|concat)|bytes_(concat|subscript)|"
                r"PyBytes_Concat|PyList_GetSlice|unicode_concatenate|PyUnicode_(Append|Concat)|unicode_subscript|"
                r"resize_compact|_copy_characters|PyUnicode_Substring$"),
    (Work.COMPARE, r".*(richcompare|RichCompare)|_Py_MakeRecCheck|_Py_(Enter|Leave)Recursive|unicode_compare|"
                   r"unicode_eq|PyUnicode_(Compare|EQ)|_PyUnicode_Equal|compare_unicode|long_compare|PyBool_FromLong|"
                   r"list_get_item_ref"),
    (Work.REGEX, r"sre_|pattern_|_sre_|data_stack_grow|state_(init|fini)"),
    (Work.CLOCK, r"time_(time|monotonic|perf_counter)|_?PyTime_|pytime|py_get_.*clock|_?_?clock_gettime|gettimeofday"),
    (Work.COLLECT, r"gc_collect|visit_(decref|reachable|move)|subtract_refs|update_refs|move_unreachable|"
                   r"deduce_unreachable|delete_garbage|mark_(alive|stacks)|\w+_traverse$"),
    (Work.MAKE, r"pymalloc|arena_map|allocate_from|insert_to_|_?PyObject_(Malloc|Free|Init|Calloc|Realloc|GC_New)|"
                r"_?PyMem_|_?PyLong_(Add|Subtract|Multiply|New|From|AsLong|Format|DivMod|Pow|Lshift|Rshift|Set)|"
                r"[xk]_(add|sub|mul|div)|long_(add|sub|mul|div|mod|rem|pow|alloc|dealloc|normalize|to_)|"
                r"l_(div|mod)|fast_(mod|floor_div)|float_|_?PyFloat_From|get_small_int|insertdict|insert_to_emptydict|dictresize|"
                r"set_(add|lookkey|insert|contains)|siphash|unicode_hash|_Py_Hash|long_hash|tuplehash|PyUnicode_New|_PyUnicode_Join|_PyUnicodeWriter|"
                r"_Py_NewReference|object_dealloc|unicode_dealloc|_Py_Dealloc|genrand|asciilib|ucs1lib|PyNumber_|binary_op|"
                r"gen_(send|iternext)|builtin_(sum|min|max|sorted)|_PyFrame_(Push|Init)|initialize_locals|_PyEvalFramePushAndInit|do_strip"),
    (Work.BUILTIN, r"(?:bytearray|bytes|array|memory|list|tuple|deque|set|frozenset|unicode|dict|str)_(?:ass_|sub|"
                   r"extend|join|find|r?index|count|replace|translate|split|strip|encode|decode|update|fill|setslice|reverse|copy|rotate|"
                   r"repeat|startswith|endswith|lower|upper)|fast(?:search|_count)|stringlib_|_PyBytes_|_PyUnicode_(?!EQ|Equal)"),
    (Work.INTERPRET, r".*"),
)  # fmt: skip
_NAMES = tuple((work, re.compile(rf"(?:{names})")) for work, names in _BY_NAME)
_C_LIBRARY = re.compile(r"^(?:libc[.-]|libc\.so|ld-(?:linux|musl))")
_MEMORY = re.compile(r"^(?:\[unknown\]|_*mem(?:move|cpy|set|cmp|chr)|_*str|_int_|malloc|realloc|free|__libc_)")
_MOVES = re.compile(r"_*(?:mem(?:move|p?cpy|set)|wmem(?:move|cpy|set))(?:_\w+)?$|runtime\.mem(?:move|clr)")
_CLEARS = re.compile(r"memset|memclr")
_INTERPRETER = re.compile(r"^(?:libpython|python)\d")
_OURS = re.compile(f"{_C_LIBRARY.pattern}|{_INTERPRETER.pattern}|^$")
_MADE = "<string>"
_COMPARISONS = (".__eq__", ".__lt__", ".__le__", ".__gt__", ".__ge__")
"""of data classes, and of others that are made while the program runs"""
_FAULT = ("exc_page_fault", "asm_exc_page_fault", "do_user_addr_fault", "handle_mm_fault", "clear_page")
_MAPPING = ("sys_brk", "sys_mmap", "sys_munmap", "sys_mremap", "sys_madvise", "do_brk", "__do_munmap", "do_mmap")


_AS_WORK = {
    Operation.SEARCH: Work.SEARCH,
    Operation.MEASURE: Work.MEASURE,
    Operation.SHIFT: Work.SHIFT,
    Operation.SORT: Work.SORT,
    Operation.COPY: Work.COPY,
    Operation.CONCATENATE: Work.CONCATENATE,
    Operation.REGEX: Work.REGEX,
    Operation.CLOCK: Work.CLOCK,
    Operation.COLLECT: Work.COLLECT,
    Operation.KEEP: Work.MAKE,
}


def compiled_work_of(row: CpuRow, below: Stack) -> Work:
    """What one row's CPU time went to where the user's code is not CPython's: told by what lies below its line."""
    operation = operation_of(below)
    if operation in _AS_WORK:
        return _AS_WORK[operation]
    if row.kernel:
        return Work.GROW if _is_for_memory(row) else Work.SYSTEM_CALL
    # V8's own handlers of single instructions, and what it compiled, are the line itself.
    leaf = below[0] if below else None
    if leaf is None or leaf.function.startswith("[anonymous memory]") or leaf.function.endswith("Handler"):
        return Work.OWN
    # (that a buffer is cleared for the next round is what the line says: nothing is moved)
    return Work.MEMORY if _MOVES.match(leaf.function) and not _CLEARS.search(leaf.function) else Work.LIBRARY


def _is_for_memory(row: CpuRow) -> bool:
    return any(part in frame.function for frame in row.kernel for part in (*_FAULT, *_MAPPING))


def work_of(row: CpuRow) -> Work:
    """What one row's CPU time went to below a line of Python: by the innermost native function that tells it, or else
    by the kernel's stack and the innermost function at all."""
    operation = operation_of(row.native)
    if operation in _AS_WORK and operation is not Operation.CLOCK:
        return _AS_WORK[operation]
    if row.stack and row.stack[0].file == _MADE and row.stack[0].function.endswith(_COMPARISONS):
        return Work.COMPARE
    if row.kernel:
        if _is_for_memory(row):
            foreign = row.native and not _OURS.search(basename(row.native[0].module))
            return Work.LIBRARY if foreign else Work.GROW
        return Work.SYSTEM_CALL
    if not row.native:
        return Work.UNKNOWN
    leaf = row.native[0]
    module = basename(leaf.module)
    if leaf.function == "[vdso]":
        return Work.CLOCK
    if _C_LIBRARY.search(module):
        # The variants of memmove and its kin that are picked at start-up have no public name.
        return _moved_by(row.native[1:]) if _MEMORY.search(leaf.function) else Work.INTERPRET
    if not _INTERPRETER.search(module):
        # Extensions of the standard library that make nothing but Python objects are the interpreter, by another name.
        return Work.CLOCK if leaf.function.startswith("time_") else Work.LIBRARY
    if leaf.function == "[unknown]":
        return Work.UNKNOWN
    # A function inlined into another says less than the one that holds it: Py_INCREF is called from everywhere.
    for frame in row.native[:4]:
        work = _by_name(frame.function)
        if work is not Work.INTERPRET:
            return work
        if frame.function == "_PyEval_EvalFrameDefault":
            break
    return Work.INTERPRET


def is_nameless(row: CpuRow) -> bool:
    """Whether the innermost function is one of a stripped interpreter's own."""
    return is_in_interpreter(row) and row.native[0].function == "[unknown]"


def is_in_interpreter(row: CpuRow) -> bool:
    return bool(row.native) and bool(_INTERPRETER.search(basename(row.native[0].module)))


def _moved_by(callers: Stack) -> Work:
    """What it is that moves or compares memory; nothing more is known where its caller has no name."""
    caller = callers[0] if callers else None
    if caller is None or caller.function.startswith("[") or not _INTERPRETER.search(basename(caller.module)):
        return Work.MEMORY
    work = _by_name(caller.function)
    is_loop = caller.function.startswith("_PyEval_EvalFrameDefault")
    return Work.MEMORY if is_loop else Work.BUILTIN if work is Work.INTERPRET else work


def _by_name(function: str) -> Work:
    # `….cold` parts run once in a blue moon: much time there is the interpreter's loop, mistaken for its neighbour.
    if function.endswith(".cold"):
        return Work.INTERPRET
    return next(work for work, names in _NAMES if names.match(function))
