#include "vector.h"

#include <string.h>

// half is the value of an IEEE half-precision number.
static float half(uint16_t h) {
	uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023, bits;
	if (exponent == 31)
		bits = sign | 0x7f800000 | fraction << 13;
	else if (exponent != 0)
		bits = sign | (exponent + 112) << 23 | fraction << 13;
	else {
		float f = (float)fraction / 16777216.0f; // 2^24
		return sign ? -f : f;
	}
	float f;
	memcpy(&f, &bits, sizeof f);
	return f;
}

// native is the letter of a format of native numbers, 0 for others. Machines that this runs on are little-endian.
static char native(const Py_buffer *view) {
	const char *f = view->format != NULL ? view->format : "B";
	if (*f == '@' || *f == '=' || *f == '<')
		f++;
	return f[0] != 0 && f[1] == 0 ? f[0] : 0;
}

// convert makes float32 of n numbers, which lie stride bytes apart. 0 where the format is not one of these.
static int convert(const Py_buffer *view, Py_ssize_t n, Py_ssize_t stride, float *to) {
	const char *p = view->buf;
#define EACH(type, value) \
	for (Py_ssize_t i = 0; i < n; i++, p += stride) { \
		type x; \
		memcpy(&x, p, sizeof x); \
		to[i] = (float)(value); \
	} \
	return 1;
#define OF(type) \
	if (view->itemsize == sizeof(type)) { \
		EACH(type, x) \
	} \
	return 0;
	switch (native(view)) {
	case 'f':
		OF(float)
	case 'd':
		OF(double)
	case 'e':
		if (view->itemsize == 2) {
			EACH(uint16_t, half(x))
		}
		return 0;
	case 'b':
		OF(signed char)
	case 'B':
	case '?':
		OF(unsigned char)
	case 'h':
		OF(int16_t)
	case 'H':
		OF(uint16_t)
	case 'i':
	case 'l':
	case 'q':
		if (view->itemsize == 8) {
			EACH(int64_t, x)
		}
		OF(int32_t)
	case 'I':
	case 'L':
	case 'Q':
		if (view->itemsize == 8) {
			EACH(uint64_t, x)
		}
		OF(uint32_t)
	}
#undef OF
#undef EACH
	return 0;
}

// wrong_length raises Annoy's exception.
static int wrong_length(int dim, Py_ssize_t length) {
	PyErr_Format(PyExc_IndexError, "Vector has wrong length (expected %d, got %ld)", dim, (long)length);
	return -1;
}

// number is a component that any object gives.
static int number(PyObject *o, float *to) {
	double x = PyFloat_AsDouble(o);
	if (x == -1.0 && PyErr_Occurred())
		return -1;
	*to = (float)x;
	return 0;
}

// fill_list reads a list or a tuple. Converting what is not a float runs code, which may change the list.
static int fill_list(PyObject *o, int is_list, int dim, float *to) {
	for (Py_ssize_t i = 0; i < dim; i++) {
		PyObject *item = is_list ? PyList_GetItem(o, i) : PyTuple_GetItem(o, i);
		if (item == NULL)
			return -1;
		if (PyFloat_CheckExact(item)) {
			to[i] = (float)PyFloat_AsDouble(item);
			continue;
		}
		Py_INCREF(item);
		int r = number(item, to + i);
		Py_DECREF(item);
		if (r < 0)
			return -1;
	}
	return 0;
}

// fill_sequence reads whatever has items by number, as Annoy does.
static int fill_sequence(PyObject *o, int dim, float *to) {
	for (int i = 0; i < dim; i++) {
		PyObject *key = PyLong_FromLong(i);
		PyObject *item = key != NULL ? PyObject_GetItem(o, key) : NULL;
		Py_XDECREF(key);
		if (item == NULL)
			return -1;
		int r = number(item, to + i);
		Py_DECREF(item);
		if (r < 0)
			return -1;
	}
	return 0;
}

// masked tells whether an array has hidden components, as numpy.ma's have: a buffer would show them, so that these are read
// one by one, where a hidden one is NaN. The type that was seen last is remembered, which costs nothing where all are of one.
static int masked(PyObject *o) {
	static PyTypeObject *plain;
	PyTypeObject *type = Py_TYPE(o);
	if (type == plain)
		return 0;
	if (PyObject_HasAttrString((PyObject *)type, "mask") && PyObject_HasAttrString((PyObject *)type, "filled"))
		return 1;
	Py_INCREF((PyObject *)type);
	Py_XDECREF((PyObject *)plain);
	plain = type;
	return 0;
}

// view_of gets the buffer of an array. 0 where there is none, or none of so many dimensions.
static int view_of(PyObject *o, int dimensions, Py_buffer *view) {
	if (!PyObject_CheckBuffer(o) || masked(o))
		return 0;
	if (PyObject_GetBuffer(o, view, PyBUF_STRIDED_RO | PyBUF_FORMAT) < 0) {
		PyErr_Clear();
		return 0;
	}
	if (view->ndim == dimensions)
		return 1;
	PyBuffer_Release(view);
	return 0;
}

static int in_place(const Py_buffer *view) {
	return native(view) == 'f' && view->itemsize == sizeof(float) && (uintptr_t)view->buf % sizeof(float) == 0;
}

// fill writes the components of any vector to a place that has room for them.
static int fill(PyObject *o, int dim, float *to) {
	int is_list = PyList_CheckExact(o);
	if (is_list || PyTuple_CheckExact(o)) {
		Py_ssize_t length = is_list ? PyList_Size(o) : PyTuple_Size(o);
		return length != dim ? wrong_length(dim, length) : fill_list(o, is_list, dim, to);
	}
	Py_buffer view;
	if (view_of(o, 1, &view)) {
		int done = view.shape[0] == dim ? convert(&view, dim, view.strides[0], to) : wrong_length(dim, view.shape[0]);
		PyBuffer_Release(&view);
		if (done != 0)
			return done < 0 ? -1 : 0;
	}
	Py_ssize_t length = PyObject_Size(o);
	if (length < 0)
		return -1;
	return length != dim ? wrong_length(dim, length) : fill_sequence(o, dim, to);
}

int vector_get(PyObject *o, int dim, Vector *v) {
	v->own = NULL;
	v->viewed = 0;
	if (!PyList_CheckExact(o) && view_of(o, 1, &v->view)) {
		if (v->view.shape[0] == dim && (v->view.strides[0] == sizeof(float) || dim == 1) && in_place(&v->view)) {
			v->viewed = 1;
			v->data = v->view.buf;
			return 0;
		}
		PyBuffer_Release(&v->view);
	}
	float *to = v->room;
	if ((size_t)dim > sizeof v->room / sizeof *v->room) {
		to = v->own = PyMem_Malloc((size_t)dim * sizeof(float));
		if (to == NULL) {
			PyErr_NoMemory();
			return -1;
		}
	}
	if (fill(o, dim, to) < 0) {
		vector_release(v);
		return -1;
	}
	v->data = to;
	return 0;
}

void vector_release(Vector *v) {
	if (v->viewed)
		PyBuffer_Release(&v->view);
	PyMem_Free(v->own);
}

// copy_rows converts the rows one by one.
static int copy_rows(PyObject *o, int dim, Matrix *m) {
	Py_ssize_t count = PyObject_Size(o);
	if (count < 0)
		return -1;
	size_t row = (size_t)dim * sizeof(float);
	m->own = (size_t)count <= (size_t)PY_SSIZE_T_MAX / row ? PyMem_Malloc((size_t)count * row) : NULL;
	if (m->own == NULL) {
		PyErr_NoMemory();
		return -1;
	}
	for (Py_ssize_t i = 0; i < count; i++) {
		PyObject *item = PySequence_GetItem(o, i);
		int r = item != NULL ? fill(item, dim, m->own + (size_t)i * (size_t)dim) : -1;
		Py_XDECREF(item);
		if (r < 0)
			return -1;
	}
	m->rows = (annoy_rows){m->own, count, (int64_t)row};
	return 0;
}

int matrix_get(PyObject *o, int dim, Matrix *m) {
	m->own = NULL;
	m->viewed = 0;
	if (view_of(o, 2, &m->view)) {
		if (m->view.shape[1] != dim) {
			wrong_length(dim, m->view.shape[1]);
			PyBuffer_Release(&m->view);
			return -1;
		}
		if ((m->view.strides[1] == sizeof(float) || dim == 1) && m->view.strides[0] % (Py_ssize_t)sizeof(float) == 0 && in_place(&m->view)) {
			m->viewed = 1;
			m->rows = (annoy_rows){m->view.buf, m->view.shape[0], m->view.strides[0]};
			return 0;
		}
		PyBuffer_Release(&m->view);
	}
	if (copy_rows(o, dim, m) == 0)
		return 0;
	matrix_release(m);
	return -1;
}

void matrix_release(Matrix *m) {
	if (m->viewed)
		PyBuffer_Release(&m->view);
	PyMem_Free(m->own);
}
