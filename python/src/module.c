// The extension annoy._core: Python's side of the library. It contains no Go.
#include "filter.h"
#include "index.h"
#include "library.h"

static PyObject *set_library(PyObject *module, PyObject *args) {
	(void)module;
	const char *path;
	if (!PyArg_ParseTuple(args, "s", &path) || library_set_path(path) < 0)
		return NULL;
	Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
	{"set_library", set_library, METH_VARARGS, "Tells where the library's file is."},
	{"set_filter_maker", filter_set_maker, METH_O, "Sets the function that makes a Filter of whatever filter= may be."},
	{NULL, NULL, 0, NULL},
};

// The library is one for a process, and it calls back to the main interpreter.
static int refuse_subinterpreter(void) {
	if (PyInterpreterState_GetID(PyInterpreterState_Get()) == 0)
		return 0;
	PyErr_SetString(PyExc_ImportError, "annoy does not work in a sub-interpreter: import it in the main interpreter, or use a process");
	return -1;
}

static int execute(PyObject *module) {
	if (refuse_subinterpreter() < 0 || library_init() < 0 || index_type(module) < 0)
		return -1;
	return filter_type(module);
}

static PyModuleDef_Slot slots[] = {
	{Py_mod_exec, execute},
	{0, NULL},
};

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT, .m_name = "annoy._core", .m_doc = "Python's side of the library.", .m_size = 0, .m_methods = functions, .m_slots = slots,
};

PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&definition); }
