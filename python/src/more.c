// What goes beyond Annoy, for the classes in Python that are made of it: their arguments are checked there.
#include <string.h>

#include "index.h"
#include "signals.h"
#include "vector.h"

#define READY(self) \
	if (index_ready(self) < 0) \
		return NULL
#define CHANGEABLE(self) \
	if (index_changeable(self) < 0) \
		return NULL

// add_items(ids or None, matrix): ids is a contiguous buffer of int64.
static PyObject *add_items(Index *self, PyObject *args) {
	PyObject *ids, *o;
	if (!PyArg_ParseTuple(args, "OO", &ids, &o))
		return NULL;
	READY(self);
	Py_buffer view = {0};
	const int64_t *list = NULL;
	if (ids != Py_None) {
		if (PyObject_GetBuffer(ids, &view, PyBUF_SIMPLE) < 0)
			return NULL;
		list = view.buf;
	}
	Matrix m;
	annoy_error error = {0};
	int32_t status = ANNOY_OK;
	PyObject *result = NULL;
	if (matrix_get(o, self->f, &m) < 0)
		goto done;
	if (list != NULL && view.len != m.rows.count * 8) {
		PyErr_Format(PyExc_ValueError, "there are %zd ids and %lld vectors", view.len / 8, (long long)m.rows.count);
		matrix_release(&m);
		goto done;
	}
	self->unsaved = self->unsaved || m.rows.count > 0;
	Py_BEGIN_ALLOW_THREADS
	status = lib.add_many(self->handle, list, &m.rows, &error);
	Py_END_ALLOW_THREADS
	matrix_release(&m);
	if (status != ANNOY_OK)
		library_raise(status, &error);
	else if (library_warn(&error) == 0) {
		Py_INCREF(Py_None);
		result = Py_None;
	}
done:
	if (list != NULL)
		PyBuffer_Release(&view);
	return result;
}

static PyObject *add_key(Index *self, PyObject *args) {
	const char *key;
	Py_ssize_t size;
	PyObject *o;
	if (!PyArg_ParseTuple(args, "s#O", &key, &size, &o))
		return NULL;
	READY(self);
	Vector v;
	if (vector_get(o, self->f, &v) < 0)
		return NULL;
	annoy_error error = {0};
	int32_t status = lib.add_key(self->handle, key, size, v.data, &error);
	vector_release(&v);
	if (status != ANNOY_OK)
		return library_raise(status, &error);
	self->unsaved = 1;
	if (library_warn(&error) < 0)
		return NULL;
	Py_RETURN_NONE;
}

// build_with(json, queries or None, progress)
static PyObject *build_with(Index *self, PyObject *args) {
	const char *json;
	PyObject *queries, *progress;
	if (!PyArg_ParseTuple(args, "sOO", &json, &queries, &progress))
		return NULL;
	READY(self);
	CHANGEABLE(self);
	Matrix m;
	if (queries != Py_None && matrix_get(queries, self->f, &m) < 0)
		return NULL;
	annoy_error error = {0};
	uintptr_t job;
	int32_t status = lib.build(self->handle, json, queries != Py_None ? &m.rows : NULL, &job, &error);
	int r = -1;
	if (status != ANNOY_OK)
		library_raise(status, &error);
	else
		r = job_wait(job, progress, NULL);
	if (queries != Py_None)
		matrix_release(&m);
	if (r < 0)
		return NULL;
	index_is_built(self);
	Py_RETURN_NONE;
}

// search_many(matrix, n, search_k, recall, filter, max_distance, min_product, jobs, results): results(rows, columns) makes the
// contiguous writable buffers of int64 and float32 that are returned. It is called once all else is found to be right, and for no
// more columns than there are items.
static PyObject *search_many(Index *self, PyObject *args) {
	PyObject *o, *recall, *filter, *max_distance, *min_product, *results, *made = NULL, *returned = NULL;
	long long n, search_k;
	int jobs;
	if (!PyArg_ParseTuple(args, "OLLOOOOiO", &o, &n, &search_k, &recall, &filter, &max_distance, &min_product, &jobs, &results))
		return NULL;
	READY(self);
	Matrix m;
	if (matrix_get(o, self->f, &m) < 0)
		return NULL;
	Search s;
	if (search_begin(&s, self, search_k, recall, filter, max_distance, min_product) < 0)
		goto no_search;
	int64_t items = lib.len(self->handle);
	if (n > items)
		n = items;
	PyObject *ids, *distances; // borrowed
	made = PyObject_CallFunction(results, "LL", (long long)m.rows.count, n);
	if (made == NULL || !PyArg_ParseTuple(made, "OO", &ids, &distances))
		goto no_ids;
	Py_buffer to_ids = {0}, to_distances = {0};
	if (PyObject_GetBuffer(ids, &to_ids, PyBUF_WRITABLE) < 0)
		goto no_ids;
	if (PyObject_GetBuffer(distances, &to_distances, PyBUF_WRITABLE) < 0)
		goto no_distances;
	if (n < 0 || to_ids.len != m.rows.count * n * 8 || to_distances.len != m.rows.count * n * 4) {
		PyErr_SetString(PyExc_ValueError, "annoy: results do not fit");
		goto done;
	}
	signals_check();
	annoy_error error = {0};
	uintptr_t job;
	int32_t status = lib.search_many(self->handle, &m.rows, n, &s.options, jobs, to_ids.buf, to_distances.buf, &job, &error);
	int failed = 1;
	if (status != ANNOY_OK)
		library_raise(status, &error);
	else
		failed = job_wait(job, NULL, &s.asking) < 0;
	if (s.asking.failed && failed)
		PyErr_Clear(); // the filter's exception was first
	if (!failed) {
		Py_INCREF(made);
		returned = made;
	}
done:
	PyBuffer_Release(&to_distances);
no_distances:
	PyBuffer_Release(&to_ids);
no_ids:
	if (search_end(&s, self) < 0)
		Py_CLEAR(returned);
	Py_XDECREF(made);
no_search:
	matrix_release(&m);
	return returned;
}

// open_with(path, access, prefault)
static PyObject *open_with(Index *self, PyObject *args) {
	PyObject *path;
	const char *access;
	int prefault;
	if (!PyArg_ParseTuple(args, "O&si", PyUnicode_FSConverter, &path, &access, &prefault))
		return NULL;
	PyObject *result = NULL;
	if (index_renew(self) < 0 || index_changeable(self) < 0)
		goto done;
	signals_check();
	annoy_error error = {0};
	int32_t status;
	index_begin_change(self);
	Py_BEGIN_ALLOW_THREADS
	status = lib.load(self->handle, PyBytes_AsString(path), prefault, access, &error);
	Py_END_ALLOW_THREADS
	if (status == ANNOY_OK)
		index_is_file(self, path, access);
	index_end_change(self);
	if (status != ANNOY_OK) {
		library_raise(status, &error);
		goto done;
	}
	if (library_warn(&error) == 0) {
		Py_INCREF(Py_None);
		result = Py_None;
	}
done:
	Py_DECREF(path);
	return result;
}

static PyObject *load_bytes(Index *self, PyObject *content) {
	if (!PyBytes_Check(content)) {
		PyErr_SetString(PyExc_TypeError, "an index is loaded from bytes");
		return NULL;
	}
	if (index_renew(self) < 0)
		return NULL;
	CHANGEABLE(self);
	annoy_error error = {0};
	int32_t status = lib.load_bytes(self->handle, PyBytes_AsString(content), PyBytes_Size(content), &error);
	if (status != ANNOY_OK)
		return library_raise(status, &error);
	index_is_content(self, content);
	Py_RETURN_NONE;
}

static PyObject *to_bytes(Index *self, PyObject *unused) {
	(void)unused;
	READY(self);
	signals_check();
	annoy_error error = {0};
	int64_t size;
	int32_t status;
	Py_BEGIN_ALLOW_THREADS
	status = lib.size(self->handle, &size, &error);
	Py_END_ALLOW_THREADS
	if (status != ANNOY_OK)
		return library_raise(status, &error);
	PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
	if (bytes == NULL)
		return NULL;
	char *to = PyBytes_AsString(bytes);
	Py_BEGIN_ALLOW_THREADS
	status = lib.write(self->handle, to, size, &error);
	Py_END_ALLOW_THREADS
	if (status == ANNOY_OK)
		return bytes;
	Py_DECREF(bytes);
	return library_raise(status, &error);
}

static PyObject *stats(Index *self, PyObject *unused) {
	(void)unused;
	READY(self);
	signals_check();
	annoy_error error = {0};
	char *json = NULL;
	int32_t status;
	Py_BEGIN_ALLOW_THREADS
	status = lib.stats(self->handle, &json, &error);
	Py_END_ALLOW_THREADS
	if (status != ANNOY_OK)
		return library_raise(status, &error);
	PyObject *text = PyUnicode_DecodeUTF8(json, (Py_ssize_t)strlen(json), "strict");
	lib.free(json);
	return text;
}

static PyObject *metadata(Index *self, PyObject *unused) {
	(void)unused;
	READY(self);
	signals_check();
	annoy_error error = {0};
	void *data;
	int64_t size;
	int32_t status = lib.metadata(self->handle, &data, &size, &error);
	if (status != ANNOY_OK)
		return library_raise(status, &error);
	PyObject *bytes = PyBytes_FromStringAndSize(data, (Py_ssize_t)size);
	lib.free(data);
	return bytes;
}

static PyObject *key(Index *self, PyObject *args) {
	long long id;
	if (!PyArg_ParseTuple(args, "L", &id))
		return NULL;
	READY(self);
	signals_check();
	annoy_error error = {0};
	void *data;
	int64_t size;
	int32_t status = lib.key(self->handle, id, &data, &size, &error);
	if (status != ANNOY_OK)
		return library_raise(status, &error);
	PyObject *text = PyUnicode_DecodeUTF8(data, (Py_ssize_t)size, "replace");
	lib.free(data);
	return text;
}

static PyObject *lookup(Index *self, PyObject *args) {
	const char *text;
	Py_ssize_t size;
	if (!PyArg_ParseTuple(args, "s#", &text, &size))
		return NULL;
	READY(self);
	signals_check();
	annoy_error error = {0};
	int64_t id;
	int32_t status = lib.lookup(self->handle, text, size, &id, &error);
	if (status != ANNOY_OK)
		return library_raise(status, &error);
	return PyLong_FromLongLong(id);
}

static PyObject *verify(Index *self, PyObject *progress) {
	READY(self);
	signals_check();
	annoy_error error = {0};
	uintptr_t job;
	int32_t status = lib.verify(self->handle, &job, &error);
	if (status != ANNOY_OK)
		return library_raise(status, &error);
	if (job_wait(job, progress, NULL) < 0)
		return NULL;
	Py_RETURN_NONE;
}

// shape is the dimension and the metric: of a canopy that was opened, those of its file.
static PyObject *shape(Index *self, PyObject *unused) {
	(void)unused;
	READY(self);
	int32_t dim;
	char *metric;
	annoy_error error = {0};
	int32_t status = lib.shape(self->handle, &dim, &metric, &error);
	if (status != ANNOY_OK)
		return library_raise(status, &error);
	PyObject *r = Py_BuildValue("is", (int)dim, metric);
	self->f = dim;
	if (strlen(metric) < sizeof self->metric)
		strcpy(self->metric, metric);
	lib.free(metric);
	return r;
}

static PyObject *built(Index *self, PyObject *unused) {
	(void)unused;
	READY(self);
	return PyBool_FromLong(lib.built(self->handle));
}

// source is the path of the index's file, None where it has none.
static PyObject *source(Index *self, PyObject *unused) {
	(void)unused;
	if (self->path == NULL)
		Py_RETURN_NONE;
	return PyUnicode_DecodeFSDefaultAndSize(PyBytes_AsString(self->path), PyBytes_Size(self->path));
}

PyMethodDef index_more_methods[] = {
	{"_add_items", (PyCFunction)add_items, METH_VARARGS, NULL},
	{"_add_key", (PyCFunction)add_key, METH_VARARGS, NULL},
	{"_build", (PyCFunction)build_with, METH_VARARGS, NULL},
	{"_built", (PyCFunction)built, METH_NOARGS, NULL},
	{"_key", (PyCFunction)key, METH_VARARGS, NULL},
	{"_load_bytes", (PyCFunction)load_bytes, METH_O, NULL},
	{"_lookup", (PyCFunction)lookup, METH_VARARGS, NULL},
	{"_metadata", (PyCFunction)metadata, METH_NOARGS, NULL},
	{"_open", (PyCFunction)open_with, METH_VARARGS, NULL},
	{"_search_many", (PyCFunction)search_many, METH_VARARGS, NULL},
	{"_shape", (PyCFunction)shape, METH_NOARGS, NULL},
	{"_source", (PyCFunction)source, METH_NOARGS, NULL},
	{"_stats", (PyCFunction)stats, METH_NOARGS, NULL},
	{"_to_bytes", (PyCFunction)to_bytes, METH_NOARGS, NULL},
	{"_verify", (PyCFunction)verify, METH_O, NULL},
	{NULL, NULL, 0, NULL},
};
