/* CPython inside another program: runs the file that it is given. (Linked by tests/live/test_interpreters.py.) */
#include <Python.h>

int main(int count, char **given) {
    wchar_t *wide[8] = {0};
    for (int i = 0; i < count && i < 8; i++) wide[i] = Py_DecodeLocale(given[i], 0);
    return Py_Main(count, wide);
}
