"""Write where CPython 3.8 to 3.12 keep their frames: collectors/runtimes/layouts/3.N.json.

Newer versions say so themselves (``_Py_DebugOffsets``); these are asked through a C program compiled against their own
headers: ``python scripts/make_layouts.py /path/to/python3.8 … /path/to/python3.12``. With ``--print`` the table goes to
standard output instead, for the test that holds the kept tables against the interpreters at hand.
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
    ask = "import sys, sysconfig; print(sysconfig.get_path('include')); print('%d.%d' % sys.version_info[:2])"
    answer = subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.split()
    lines = "".join(f'printf("%s\\"{name}\\": %zu", sep, (size_t)({c})); sep = ", ";\n' for name, c in FIELDS.items())
    body = f'int main(void) {{ const char *sep = "{{"; {lines} puts("}}"); return 0; }}'
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "layout.c"), Path(folder, "layout")
        source.write_text(HEAD + body)
        compiler = ["cc"] if shutil.which("cc") else [sys.executable, "-m", "ziglang", "cc"]
        subprocess.run([*compiler, f"-I{answer[0]}", str(source), "-o", str(program)], check=True, capture_output=True)
        output = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout
    return answer[1], json.loads(output)


def main() -> None:
    folder = Path(__file__).parent.parent / "collectors" / "runtimes" / "layouts"
    for python in (argument for argument in sys.argv[1:] if argument != "--print"):
        version, layout = layout_of(python)
        text = json.dumps(layout, indent=2) + "\n"
        if "--print" in sys.argv:
            sys.stdout.write(text)
        else:
            (folder / f"{version}.json").write_text(text)


if __name__ == "__main__":
    main()
