#ifndef FILTER_H
#define FILTER_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

// Sets the function that makes a Filter of whatever filter= may be.
PyObject *filter_set_maker(PyObject *module, PyObject *function);

#endif
