// Filters and the other options of a search.
#include <string.h>

#include "filter.h"
#include "index.h"

typedef struct {
	PyObject_HEAD
	unsigned process; // that the handle is of
	uintptr_t handle;
	int kind;
	PyObject *source; // a function, or bytes to make the handle of
} Filter;

enum { IDS, MASK, ROARING32, ROARING64, FUNCTION, KINDS };

static PyObject *type;  // Filter
static PyObject *maker; // of a Filter, from whatever filter= may be; annoy/_filter.py

// filter_ready makes the handle, in a forked process anew.
static int filter_ready(Filter *self) {
	if (self->kind == FUNCTION || self->process == process)
		return 0;
	if (library_open() < 0)
		return -1;
	const char *data = PyBytes_AsString(self->source);
	Py_ssize_t size = PyBytes_Size(self->source);
	annoy_error error = {0};
	int32_t status = ANNOY_OK;
	switch (self->kind) {
	case IDS:
		status = lib.filter_ids((const int64_t *)data, size / 8, &self->handle, &error);
		break;
	case MASK:
		status = lib.filter_mask((const uint8_t *)data, size, &self->handle, &error);
		break;
	default:
		status = lib.filter_roaring(data, size, self->kind == ROARING64 ? 64 : 32, &self->handle, &error);
	}
	if (status != ANNOY_OK) {
		library_raise(status, &error);
		return -1;
	}
	self->process = process;
	return 0;
}

static PyObject *filter_new(PyTypeObject *of, PyObject *args, PyObject *keywords) {
	(void)keywords;
	int kind;
	PyObject *source;
	if (!PyArg_ParseTuple(args, "iO", &kind, &source))
		return NULL;
	if (kind < 0 || kind >= KINDS || (kind == FUNCTION ? !PyCallable_Check(source) : !PyBytes_Check(source))) {
		PyErr_SetString(PyExc_TypeError, "a filter is made of bytes or a function");
		return NULL;
	}
	Filter *self = (Filter *)PyType_GenericAlloc(of, 0);
	if (self == NULL)
		return NULL;
	self->kind = kind;
	Py_INCREF(source);
	self->source = source;
	if (filter_ready(self) < 0) {
		Py_DECREF(self);
		return NULL;
	}
	return (PyObject *)self;
}

static void filter_dealloc(Filter *self) {
	PyTypeObject *of = Py_TYPE((PyObject *)self);
	if (self->process == process)
		lib.filter_delete(self->handle);
	Py_CLEAR(self->source);
	((freefunc)PyType_GetSlot(of, Py_tp_free))(self);
	Py_DECREF(of);
}

// contains asks a function of Python's. After an exception nothing is in the filter any more.
static int32_t contains(void *data, int64_t id) {
	Asking *a = data;
	if (a->stopped)
		return 0;
	PyGILState_STATE state = PyGILState_Ensure();
	int in = 0;
	if (!a->stopped) {
		PyObject *r = PyObject_CallFunction(a->function, "L", (long long)id);
		in = r != NULL ? PyObject_IsTrue(r) : -1;
		Py_XDECREF(r);
		if (in < 0) {
			PyErr_Fetch(&a->type, &a->value, &a->traceback);
			a->failed = a->stopped = 1;
			in = 0;
		}
	}
	PyGILState_Release(state);
	return in;
}

// real reads a number that may not be given.
static int real(PyObject *o, double otherwise, double *to) {
	*to = otherwise;
	if (o == NULL || o == Py_None)
		return 0;
	*to = PyFloat_AsDouble(o);
	return *to == -1.0 && PyErr_Occurred() ? -1 : 0;
}

int search_begin(Search *s, Index *index, int64_t search_k, PyObject *recall, PyObject *filter, PyObject *max_distance, PyObject *min_product) {
	double share, farthest, smallest;
	memset(s, 0, sizeof *s);
	if (real(recall, 0, &share) < 0 || real(max_distance, -1, &farthest) < 0 || real(min_product, 0, &smallest) < 0)
		return -1;
	if (recall != NULL && recall != Py_None && !(share > 0 && share <= 1)) {
		PyErr_Format(PyExc_ValueError, "recall is %R, want above 0 and at most 1", recall);
		return -1;
	}
	if (max_distance != NULL && max_distance != Py_None && !(farthest >= 0)) {
		PyErr_Format(PyExc_ValueError, "max_distance is %R, want 0 or more", max_distance);
		return -1;
	}
	s->options.search_k = search_k;
	s->options.recall = share;
	s->options.max_distance = (float)farthest;
	s->options.min_product = (float)smallest;
	if (filter == NULL || filter == Py_None)
		return 0;
	if (PyObject_TypeCheck(filter, (PyTypeObject *)type)) {
		Py_INCREF(filter);
		s->filter = filter;
	} else {
		if (maker == NULL) {
			PyErr_SetString(PyExc_RuntimeError, "annoy: import annoy before annoy._core");
			return -1;
		}
		s->filter = PyObject_CallFunctionObjArgs(maker, filter, NULL);
		if (s->filter == NULL)
			return -1;
		if (!PyObject_TypeCheck(s->filter, (PyTypeObject *)type)) {
			Py_CLEAR(s->filter);
			PyErr_SetString(PyExc_TypeError, "a filter is ids, a mask of bools, a Filter, a roaring bitmap or a function of an id");
			return -1;
		}
	}
	Filter *f = (Filter *)s->filter;
	if (f->kind == FUNCTION) {
		s->asking.function = f->source;
		s->options.contains = contains;
		s->options.data = &s->asking;
		index->asking++;
	} else if (filter_ready(f) < 0) {
		Py_CLEAR(s->filter);
		return -1;
	} else
		s->options.filter = f->handle;
	return 0;
}

int search_end(Search *s, Index *index) {
	if (s->options.contains != NULL)
		index->asking--;
	Py_CLEAR(s->filter);
	if (!s->asking.failed)
		return 0;
	PyErr_Restore(s->asking.type, s->asking.value, s->asking.traceback);
	return -1;
}

PyObject *filter_set_maker(PyObject *module, PyObject *function) {
	(void)module;
	Py_INCREF(function);
	Py_XDECREF(maker);
	maker = function;
	Py_RETURN_NONE;
}

static PyType_Slot slots[] = {
	{Py_tp_doc, "What annoy.Filter is made of."},
	{Py_tp_new, filter_new},
	{Py_tp_dealloc, filter_dealloc},
	{0, NULL},
};

static PyType_Spec spec = {"annoy._core.Filter", sizeof(Filter), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};

int filter_type(PyObject *module) {
	PyObject *made = PyType_FromSpec(&spec);
	if (made == NULL)
		return -1;
	Py_INCREF(made); // type's
	if (PyModule_AddObject(module, "Filter", made) < 0) {
		Py_DECREF(made);
		Py_DECREF(made);
		return -1;
	}
	Py_XDECREF(type);
	type = made;
	return 0;
}
