"""Write where CPython 3.8 to 3.12 keep their frames, and 3.11 to 3.13 what leads to the tasks of asyncio:
collectors/runtimes/layouts/3.N.json and tasks-3.N.json.

Newer versions say where their frames are themselves (``_Py_DebugOffsets``); these are asked through a C program
compiled against their own headers: ``python scripts/make_layouts.py /path/to/python3.8 … /path/to/python3.13``. With
``--print`` the table goes to standard output instead (with ``--tasks`` that of tasks), for the tests that hold the kept
tables against the interpreters at hand.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FIELDS = {
    "runtime_interpreters": "offsetof(_PyRuntimeState, interpreters.head)",
    "interpreter_next": "offsetof(PyInterpreterState, next)",
    "interpreter_threads": "offsetof(PyInterpreterState, THREADS)",
    "thread_next": "offsetof(PyThreadState, next)",
    "thread_native_id": "offsetof(PyThreadState, THREAD_ID)",
    "thread_frame": "THREAD_FRAME",
    "cframe_frame": "CFRAME_FRAME",
    "frame_code": "FRAME_CODE",
    "frame_instruction": "FRAME_INSTRUCTION",
    "frame_previous": "FRAME_PREVIOUS",
    "frame_owner": "FRAME_OWNER",
    "code_filename": "offsetof(PyCodeObject, co_filename)",
    "code_qualname": "offsetof(PyCodeObject, NAME)",
    "code_linetable": "offsetof(PyCodeObject, LINES)",
    "code_firstlineno": "offsetof(PyCodeObject, co_firstlineno)",
    "code_adaptive": "CODE_ADAPTIVE",
    "unicode_state": "offsetof(PyASCIIObject, state)",
    "unicode_length": "offsetof(PyASCIIObject, length)",
    "ascii_data": "sizeof(PyASCIIObject)",
    "compact_data": "sizeof(PyCompactUnicodeObject)",
    "bytes_size": "offsetof(PyVarObject, ob_size)",
    "bytes_data": "offsetof(PyBytesObject, ob_sval)",
    "shim_owner": "SHIM_OWNER",
    "thread_place": "THREAD_PLACE",
    "frame_entry": "FRAME_ENTRY",
}
TASK_FIELDS = {
    "modules": "offsetof(PyInterpreterState, MODULES)",
    "module_dict": "offsetof(PyModuleObject, md_dict)",
    "dict_keys": "offsetof(PyDictObject, ma_keys)",
    "dict_values": "offsetof(PyDictObject, ma_values)",
    "keys_log2_index_bytes": "offsetof(PyDictKeysObject, dk_log2_index_bytes)",
    "keys_kind": "offsetof(PyDictKeysObject, dk_kind)",
    "keys_entries": "offsetof(PyDictKeysObject, dk_nentries)",
    "keys_indices": "offsetof(PyDictKeysObject, dk_indices)",
    "values_first": "offsetof(PyDictValues, values)",
    "set_mask": "offsetof(PySetObject, mask)",
    "set_table": "offsetof(PySetObject, table)",
    "weakref_object": "offsetof(PyWeakReference, wr_object)",
    "type_flags": "offsetof(PyTypeObject, tp_flags)",
    "type_basicsize": "offsetof(PyTypeObject, tp_basicsize)",
    "type_dictoffset": "offsetof(PyTypeObject, tp_dictoffset)",
    "type_base": "offsetof(PyTypeObject, tp_base)",
    "type_keys": "offsetof(PyHeapTypeObject, ht_cached_keys)",
    "list_size": "offsetof(PyVarObject, ob_size)",
    "list_items": "offsetof(PyListObject, ob_item)",
    "generator_state": "offsetof(PyGenObject, gi_frame_state)",
    "generator_frame": "offsetof(PyGenObject, gi_iframe)",
    "frame_stacktop": "offsetof(_PyInterpreterFrame, stacktop)",
    "frame_locals": "offsetof(_PyInterpreterFrame, localsplus)",
    "state_created": "FRAME_CREATED",
    "state_awaits": "AWAITS",
    "resume": "RESUME",
    "resume_replaced": "RESUME_REPLACED",
}
TASK_HEAD = """
#define Py_BUILD_CORE 1
#include <Python.h>
#include <stddef.h>
#include <stdio.h>
#include "internal/pycore_runtime.h"
#include "internal/pycore_interp.h"
#include "internal/pycore_frame.h"
#include "internal/pycore_dict.h"
#include "internal/pycore_moduleobject.h"
#include "opcode.h"
#if PY_VERSION_HEX < 0x030c0000
#define MODULES modules
#define RESUME_REPLACED RESUME_QUICK
#else
#define MODULES imports.modules
#define RESUME_REPLACED INSTRUMENTED_RESUME
#endif
#if PY_VERSION_HEX < 0x030d0000
#define AWAITS FRAME_SUSPENDED
#else
#define AWAITS FRAME_SUSPENDED_YIELD_FROM
#endif
"""
# (Before 3.11 frames are objects on the heap, bytecode is an object of its own, and nothing tells who owns a frame.)
HEAD = """
#define Py_BUILD_CORE 1
#include <Python.h>
#include <stddef.h>
#include <stdio.h>
#if PY_VERSION_HEX < 0x03090000
#include "internal/pycore_pystate.h"
#else
#include "internal/pycore_runtime.h"
#include "internal/pycore_interp.h"
#endif
#if PY_VERSION_HEX < 0x030b0000
#include <frameobject.h>
#define THREADS tstate_head
#define THREAD_ID thread_id
#define THREAD_FRAME offsetof(PyThreadState, frame)
#define CFRAME_FRAME 0xffffffff
#define FRAME_CODE offsetof(PyFrameObject, f_code)
#define FRAME_INSTRUCTION offsetof(PyFrameObject, f_lasti)
#define FRAME_PREVIOUS offsetof(PyFrameObject, f_back)
#define FRAME_OWNER 0
#define SHIM_OWNER 256
#define NAME co_name
#define CODE_ADAPTIVE 0
#else
#include "internal/pycore_frame.h"
#define THREADS threads.head
#define THREAD_ID native_thread_id
#define FRAME_PREVIOUS offsetof(_PyInterpreterFrame, previous)
#define FRAME_OWNER offsetof(_PyInterpreterFrame, owner)
#define SHIM_OWNER 3
#define NAME co_qualname
#define CODE_ADAPTIVE offsetof(PyCodeObject, co_code_adaptive)
#if PY_VERSION_HEX < 0x030d0000
#define THREAD_FRAME offsetof(PyThreadState, cframe)
#define CFRAME_FRAME offsetof(_PyCFrame, current_frame)
#define FRAME_CODE offsetof(_PyInterpreterFrame, f_code)
#define FRAME_INSTRUCTION offsetof(_PyInterpreterFrame, prev_instr)
#else
#define THREAD_FRAME offsetof(PyThreadState, current_frame)
#define CFRAME_FRAME 0xffffffff
#define FRAME_CODE offsetof(_PyInterpreterFrame, f_executable)
#define FRAME_INSTRUCTION offsetof(_PyInterpreterFrame, instr_ptr)
#endif
#endif
#if PY_VERSION_HEX < 0x030a0000
#define LINES co_lnotab
#else
#define LINES co_linetable
#endif
#if PY_VERSION_HEX >= 0x030b0000 && PY_VERSION_HEX < 0x030c0000
#define FRAME_ENTRY offsetof(_PyInterpreterFrame, is_entry)
#else
#define FRAME_ENTRY 0xffffffff
#endif
#if PY_VERSION_HEX < 0x030a0000 || PY_VERSION_HEX >= 0x030d0000
#define THREAD_PLACE 0xffffffff
#else
#define THREAD_PLACE offsetof(PyThreadState, cframe)
#endif
"""


def layout_of(python: str) -> tuple[str, dict[str, int]]:
    """("3.N", {field: byte offset}) of one interpreter, from its headers. CalledProcessError without headers."""
    return _compiled(python, HEAD, FIELDS)


def tasks_of(python: str) -> tuple[str, dict[str, int]]:
    """The same of what leads to its tasks."""
    return _compiled(python, TASK_HEAD, TASK_FIELDS)


def version_of(python: str) -> tuple[int, int]:
    """(3, N)"""
    ask = "import sys; print(*sys.version_info[:2])"
    first, second = subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.split()
    return int(first), int(second)


def _compiled(python: str, head: str, fields: dict[str, str]) -> tuple[str, dict[str, int]]:
    ask = "import sys, sysconfig; print(sysconfig.get_path('include')); print('%d.%d' % sys.version_info[:2])"
    answer = subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.split()
    lines = "".join(
        f'printf("%s\\"{name}\\": %lld", sep, (long long)({c})); sep = ", ";\n' for name, c in fields.items()
    )
    body = f'int main(void) {{ const char *sep = "{{"; {lines} puts("}}"); return 0; }}'
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "layout.c"), Path(folder, "layout")
        source.write_text(head + body)
        compiler = ["cc"] if shutil.which("cc") else [sys.executable, "-m", "ziglang", "cc"]
        subprocess.run([*compiler, f"-I{answer[0]}", str(source), "-o", str(program)], check=True, capture_output=True)
        output = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout
    return answer[1], json.loads(output)


def main() -> None:
    folder = Path(__file__).parent.parent / "collectors" / "runtimes" / "layouts"
    for python in (argument for argument in sys.argv[1:] if not argument.startswith("--")):
        about = version_of(python)
        wanted = [("", layout_of)] if about < (3, 13) and "--tasks" not in sys.argv else []
        if (3, 11) <= about < (3, 14) and ("--print" not in sys.argv or "--tasks" in sys.argv):
            wanted.append(("tasks-", tasks_of))
        for kind, ask in wanted:
            version, layout = ask(python)
            text = json.dumps(layout, indent=2) + "\n"
            if "--print" in sys.argv:
                sys.stdout.write(text)
            else:
                (folder / f"{kind}{version}.json").write_text(text)


if __name__ == "__main__":
    main()
