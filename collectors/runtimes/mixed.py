"""Python frames and native ones in the order in which they called each other.

The interpreter runs Python code in a C function of its own, the loop. On the native stack each call of the loop stands
for the Python frames that it runs: before 3.11 for one, since then for all that call each other without C code between
them. So the n-th call of the loop, from the inside, takes the place of the n-th run of Python frames. Where the two do
not agree, because one of the stacks could not be read to its end, no order is made up: the Python frames stand alone,
below the native frames that are certainly inside of them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from perfdoctor.schemas.frame import Frame, FrameKind, Stack

LOOP = "_PyEval_EvalFrameDefault"
UNPLACED = Frame(kind=FrameKind.NATIVE, function="[native callers whose place is not known]")

# How the interpreter gets from one function to the next, and into its loop: nobody asks for that.
_CALLING = re.compile(
    r"[Vv]ectorcall|[Ff]ast_?[Cc]all|^_?PyObject_(?:Call|MakeTpCall)|^_?PyEval_|^_PyFunction_|^_?PyCFunction_"
    r"|^_TAIL_CALL_|^_?PyMethodDef_|^_?PyObjectCall|^object_vacall$|^callmethod$|^function_code_|^_?PyGen_|^gen_\w+$"
    r"|^(?:call_function|do_call_core|call_trace|trace_call_function|call_unbound\w*|call_attribute|vectorcall_\w+"
    r"|cfunction_\w+|method_call|slot_\w+|wrapper_call|wrap_\w+|partial_call\w*|type_call|bounded_lru_cache_wrapper)$"
)
# How a program or a thread begins.
_BEGINNING = re.compile(
    r"^(?:_start|main|__libc_start_\w+|__libc_start_main(?:_impl)?|start_thread|_*clone3?|_?Py_\w*[Mm]ain|pymain_\w+"
    r"|thread_run|t_bootstrap|pythread_wrapper|run_eval_code_obj|run_mod|_?PyRun_\w+|pyrun_\w+|PyRun_\w+)$"
)
_C_LIBRARY = re.compile(r"/(?:libc|libpthread|ld-musl|libc\.musl)[-.]")


@dataclass(frozen=True, slots=True)
class NativeCalls:
    """A native stack: the frames of each address, innermost first (several where code is inlined). ``whole``: it was
    read to the beginning of the thread; ``cut``: it was deeper than is kept; ``loop``: which of them is the call of the
    interpreter's loop that runs the innermost Python frame, None where that is not told (before 3.11)."""

    frames: Sequence[Stack]
    whole: bool
    cut: bool
    loop: int | None = None


def merged(python: Stack, loops: Sequence[int], native: NativeCalls) -> tuple[Stack, bool]:
    """(the frames in their order, innermost first; whether their places are known).

    ``loops`` has one number more than there are Python frames: how many calls of the interpreter's loop lie inside the
    first, and between each and its caller. A Python stack that could not be read to its end ends with none.
    """
    calls = [i for i, frames in enumerate(native.frames) if frames and frames[-1].function == LOOP]
    interpreter = native.frames[calls[0]][-1].module if calls else None
    runs, ended = _runs(python, loops)
    if native.loop is not None and (ended or native.loop in calls):
        # Calls inside of it have just begun, and not taken their frame yet; or are about to return. What lies outside
        # of the outermost run, if anything, does not matter: behind a greenlet's stack it is not its own.
        runs = [*[()] * sum(at < native.loop for at in calls), *runs]
        placed = native.loop in calls and (len(calls) >= len(runs) or native.cut or not ended)
    elif native.whole and ended:
        placed = len(calls) == len(runs)
    elif calls and calls[0] == 0:  # it may be one that has just begun
        placed = not ended and len(runs) == 1  # nothing lies between the Python frames that are known
    else:
        placed = bool(calls) and (native.cut or not ended)
    if not placed:
        inside = native.frames[: calls[0]] if calls else native.frames
        return (*_shown(inside, interpreter, innermost=True), *python, UNPLACED), False
    frames: list[Frame] = []
    begin = 0
    for at, run in zip(calls, runs, strict=False):
        frames += [*_shown(native.frames[begin:at], interpreter, innermost=not begin), *run]
        begin = at + 1
    if len(runs) > len(calls):
        rest = [frame for run in runs[len(calls) :] for frame in run]
        return (*frames, *_shown(native.frames[begin:], interpreter), UNPLACED, *rest), True
    outside = native.frames[begin:] if native.whole and ended and len(calls) == len(runs) else ()
    return (*frames, *(f for f in _shown(outside, interpreter) if not _is_beginning(f, interpreter))), True


def _runs(python: Stack, loops: Sequence[int]) -> tuple[list[Stack], bool]:
    """The Python frames by the call of the loop that runs them, and whether the last of them has one."""
    runs: list[Stack] = [()] * loops[0]
    run: list[Frame] = []
    for frame, number in zip(python, [*loops[1:], *[0] * len(python)], strict=False):
        run.append(frame)
        if number:
            runs += [tuple(run), *[()] * (number - 1)]
            run = []
    return ([*runs, tuple(run)], False) if run else (runs, True)


def _shown(native: Sequence[Stack], interpreter: str | None, *, innermost: bool = False) -> list[Frame]:
    """Without those by which the interpreter calls. The innermost of a stack is always shown: it says what is done."""
    frames = [frame for frames in native for frame in frames]
    first = 0 if innermost else None
    return [f for i, f in enumerate(frames) if f.module != interpreter or i == first or not _is_calling(f)]


def _is_calling(frame: Frame) -> bool:
    return frame.function == "[unknown]" or _CALLING.search(frame.function) is not None


def _is_beginning(frame: Frame, interpreter: str | None) -> bool:
    if not _BEGINNING.search(frame.function):
        return False
    module = frame.module or ""
    return module == interpreter or bool(_C_LIBRARY.search(module)) or "/python" in module
