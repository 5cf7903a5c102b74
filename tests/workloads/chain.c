/* A module for Python whose functions call back: what a C extension looks like on the stack. Not built like the other
 * workloads: mixed_stacks.py builds it for the interpreter that runs it. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static volatile unsigned sink;

/* Burn some CPU time two calls deep. */
__attribute__((noinline)) static unsigned chain_spin(unsigned n) {
    for (unsigned i = 0; i < n; i++) sink = sink * 31 + i;
    return sink;
}
__attribute__((noinline)) static unsigned chain_burn(unsigned n) {
    unsigned made = chain_spin(n);
    return made + 1;
}

static PyObject *burn(PyObject *self, PyObject *number) {
    unsigned made = chain_burn((unsigned)PyLong_AsUnsignedLong(number));
    return PyLong_FromUnsignedLong(made & 1);
}

__attribute__((noinline)) static PyObject *chain_call(PyObject *function) {
    PyObject *made = PyObject_CallObject(function, NULL);
    if (made) sink++;
    return made;
}

static PyObject *apply(PyObject *self, PyObject *function) {
    PyObject *made = chain_call(function);
    if (made) sink++;
    return made;
}

static PyMethodDef methods[] = {{"burn", burn, METH_O, 0}, {"apply", apply, METH_O, 0}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "chain", 0, -1, methods};

PyMODINIT_FUNC PyInit_chain(void) { return PyModule_Create(&module); }
