#include "library.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "address_space.h"
#include "file.h"
#include "signals.h"

Library lib;
unsigned process = 1;

static unsigned opened; // the process that lib is of; 0 before the first
static char *library_path;

int library_set_path(const char *path) {
	char *copy = malloc(strlen(path) + 1);
	if (copy == NULL) {
		PyErr_NoMemory();
		return -1;
	}
	strcpy(copy, path);
	free(library_path);
	library_path = copy;
	return 0;
}

#ifdef _WIN32

int library_init(void) { return 0; }

#else

#include <pthread.h>

static void in_child(void) { process++; }

int library_init(void) {
	static int registered;
	if (!registered && pthread_atfork(NULL, NULL, in_child) != 0) {
		PyErr_NoMemory();
		return -1;
	}
	registered = 1;
	return 0;
}

#endif

// find fills in lib from an open library.
static int find(void *handle) {
	Library found;
#define X(result, name, arguments) \
	*(void **)&found.name = file_symbol(handle, "annoy_" #name); \
	if (found.name == NULL) { \
		PyErr_Format(PyExc_ImportError, "annoy: %s has no annoy_%s: reinstall annoy-go", library_path, #name); \
		return -1; \
	}
	ANNOY_FUNCTIONS(X)
#undef X
	// The first call waits until Go's runtime has started.
	int32_t version = found.version();
	if (version != ANNOY_CLIB_VERSION) {
		PyErr_Format(PyExc_ImportError, "annoy: %s is of version %d, %d is wanted: reinstall annoy-go", library_path, (int)version, ANNOY_CLIB_VERSION);
		return -1;
	}
	lib = found;
	return 0;
}

int library_open(void) {
	if (opened == process)
		return 0;
	if (library_path == NULL) {
		PyErr_SetString(PyExc_ImportError, "annoy: import annoy before annoy._core");
		return -1;
	}
	if (address_space_check() < 0)
		return -1;
	signals_before_library();
	// Go's runtime of the parent is dead in this process, and its file cannot be opened a second time: a copy can.
	void *handle = opened == 0 ? file_open_library(library_path) : file_open_library_copy(library_path);
	if (handle == NULL || find(handle) < 0)
		return -1;
	signals_after_library((void *)lib.version);
	opened = process;
	return 0;
}

// os_error raises OSError with Annoy's text, and errno where it is known. With a filename Python would not show the text.
static void os_error(const char *text, int number) {
	PyObject *message = number != 0 ? PyUnicode_FromFormat("%s: %s (%d)", text, strerror(number), number)
		: PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
	if (message == NULL)
		return;
	PyObject *e = PyObject_CallFunctionObjArgs(PyExc_OSError, message, NULL);
	Py_DECREF(message);
	if (e == NULL)
		return;
	if (number != 0) {
		PyObject *n = PyLong_FromLong(number);
		if (n == NULL || PyObject_SetAttrString(e, "errno", n) < 0)
			PyErr_Clear();
		Py_XDECREF(n);
	}
	PyErr_SetObject(PyExc_OSError, e);
	Py_DECREF(e);
}

PyObject *library_raise(int32_t status, annoy_error *error) {
	const char *text = error->message != NULL ? error->message : "";
	PyObject *type = PyExc_Exception;
	switch (status) {
	case ANNOY_OS:
		os_error(text, error->number);
		type = NULL;
		break;
	case ANNOY_NEGATIVE:
		type = PyExc_IndexError;
		text = "Item index can not be negative";
		break;
	case ANNOY_BEYOND:
		type = PyExc_IndexError;
		text = "Item index larger than the largest item index";
		break;
	case ANNOY_VALUE:
		type = PyExc_ValueError;
		break;
	case ANNOY_INDEX:
		type = PyExc_IndexError;
		break;
	case ANNOY_KEY:
		type = PyExc_KeyError;
		break;
	case ANNOY_MEMORY:
		type = PyExc_MemoryError;
		break;
	case ANNOY_RUNTIME:
		type = PyExc_RuntimeError;
		break;
	case ANNOY_CANCELED:
		type = PyExc_KeyboardInterrupt;
		break;
	}
	if (type != NULL) {
		PyObject *message = PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
		if (message != NULL)
			PyErr_SetObject(type, message);
		Py_XDECREF(message);
	}
	if (error->message != NULL)
		lib.free(error->message);
	error->message = NULL;
	return NULL;
}

int library_warn(annoy_error *error) {
	if (error->message == NULL)
		return 0;
	int r = PyErr_WarnEx(PyExc_UserWarning, error->message, 1);
	lib.free(error->message);
	error->message = NULL;
	return r;
}
