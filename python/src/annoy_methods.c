// Annoy's methods: names, keywords, defaults and exceptions are those of its release 1.17.3.
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

// id_of reads the id that is the first argument: Annoy's have 32 bits, a canopy's 64.
static int id_fits(Index *self, long long id) {
	if (self->canopy || (id >= INT32_MIN && id <= INT32_MAX))
		return 1;
	PyErr_SetString(PyExc_OverflowError, id > 0 ? "signed integer is greater than maximum" : "signed integer is less than minimum");
	return 0;
}

PyObject *index_add_item(Index *self, PyObject *args, PyObject *keywords) {
	static char *names[] = {"i", "vector", NULL};
	long long id;
	PyObject *o;
	if (!PyArg_ParseTupleAndKeywords(args, keywords, "LO", names, &id, &o) || !id_fits(self, id))
		return NULL;
	READY(self);
	annoy_error error = {0};
	if (id < 0 && !self->canopy)
		return library_raise(ANNOY_NEGATIVE, &error);
	Vector v;
	if (vector_get(o, self->f, &v) < 0)
		return NULL;
	int32_t status = lib.add(self->handle, id, v.data, &error);
	vector_release(&v);
	if (status != ANNOY_OK)
		return library_raise(status, &error);
	self->unsaved = 1;
	if (library_warn(&error) < 0)
		return NULL;
	Py_RETURN_NONE;
}

PyObject *index_build(Index *self, PyObject *args, PyObject *keywords) {
	static char *names[] = {"n_trees", "n_jobs", "progress", NULL};
	int trees, jobs = -1;
	PyObject *progress = NULL;
	if (!PyArg_ParseTupleAndKeywords(args, keywords, "i|i$O", names, &trees, &jobs, &progress))
		return NULL;
	READY(self);
	CHANGEABLE(self);
	if (trees < -1 || trees == 0)
		return PyErr_Format(PyExc_ValueError, "n_trees is %d, want 1 or more, or -1 for as many as there are items", trees);
	if (jobs < -1 || jobs == 0)
		return PyErr_Format(PyExc_ValueError, "n_jobs is %d, want 1 or more, or -1 for one a processor", jobs);
	char options[64];
	PyOS_snprintf(options, sizeof options, "{\"trees\":%d,\"jobs\":%d}", trees, jobs);
	annoy_error error = {0};
	uintptr_t job;
	int32_t status = lib.build(self->handle, options, NULL, &job, &error);
	if (status != ANNOY_OK)
		return library_raise(status, &error);
	if (job_wait(job, progress, NULL) < 0)
		return NULL;
	index_is_built(self);
	Py_RETURN_TRUE;
}

PyObject *index_unbuild(Index *self, PyObject *unused) {
	(void)unused;
	READY(self);
	CHANGEABLE(self);
	annoy_error error = {0};
	int32_t status = lib.unbuild(self->handle, &error);
	if (status != ANNOY_OK)
		return library_raise(status, &error);
	index_is_memory(self);
	self->unsaved = 1;
	Py_RETURN_TRUE;
}

PyObject *index_unload(Index *self, PyObject *unused) {
	(void)unused;
	if (index_renew(self) < 0)
		return NULL;
	CHANGEABLE(self);
	annoy_error error = {0};
	int32_t status;
	index_begin_change(self);
	Py_BEGIN_ALLOW_THREADS
	status = lib.unload(self->handle, &error);
	Py_END_ALLOW_THREADS
	index_end_change(self);
	if (status != ANNOY_OK)
		return library_raise(status, &error);
	index_is_memory(self);
	Py_CLEAR(self->on_disk);
	Py_RETURN_TRUE;
}

// path_of is PyUnicode_FSConverter with Annoy's messages. Annoy takes strings only.
static int path_of(PyObject *o, PyObject **path) {
	if (o == NULL) // what was converted is given up
		return PyUnicode_FSConverter(NULL, path);
	if (PyUnicode_Check(o)) {
		if (PyUnicode_FindChar(o, 0, 0, PyUnicode_GetLength(o), 1) >= 0) {
			PyErr_SetString(PyExc_ValueError, "embedded null character");
			return 0;
		}
	} else if (!PyBytes_Check(o) && !PyObject_HasAttrString((PyObject *)Py_TYPE(o), "__fspath__")) {
		PyObject *name = o == Py_None ? NULL : PyObject_GetAttrString((PyObject *)Py_TYPE(o), "__name__");
		PyErr_Format(PyExc_TypeError, "argument 1 must be str, not %V", name, "None");
		Py_XDECREF(name);
		return 0;
	}
	return PyUnicode_FSConverter(o, path);
}

// file_arguments reads fn and prefault.
static int file_arguments(PyObject *args, PyObject *keywords, PyObject **path, int *prefault) {
	static char *names[] = {"fn", "prefault", NULL};
	unsigned char flag = 0;
	if (!PyArg_ParseTupleAndKeywords(args, keywords, "O&|b", names, path_of, path, &flag))
		return -1;
	*prefault = flag;
	return 0;
}

PyObject *index_load(Index *self, PyObject *args, PyObject *keywords) {
	PyObject *path;
	int prefault;
	if (file_arguments(args, keywords, &path, &prefault) < 0)
		return NULL;
	if (index_renew(self) < 0 || index_changeable(self) < 0) {
		Py_DECREF(path);
		return NULL;
	}
	signals_check();
	annoy_error error = {0};
	int32_t status;
	index_begin_change(self);
	Py_BEGIN_ALLOW_THREADS
	status = lib.load(self->handle, PyBytes_AsString(path), prefault, "mapped", &error);
	Py_END_ALLOW_THREADS
	if (status == ANNOY_OK)
		index_is_file(self, path, "mapped");
	index_end_change(self);
	if (status != ANNOY_OK) {
		library_raise(status, &error);
		Py_DECREF(path);
		return NULL;
	}
	Py_CLEAR(self->on_disk);
	Py_DECREF(path);
	if (library_warn(&error) < 0)
		return NULL;
	Py_RETURN_TRUE;
}

PyObject *index_save(Index *self, PyObject *args, PyObject *keywords) {
	PyObject *path;
	int prefault;
	if (file_arguments(args, keywords, &path, &prefault) < 0)
		return NULL;
	if (index_ready(self) < 0 || index_changeable(self) < 0) {
		Py_DECREF(path);
		return NULL;
	}
	signals_check();
	annoy_error error = {0};
	int32_t status;
	index_begin_change(self);
	Py_BEGIN_ALLOW_THREADS
	status = lib.save(self->handle, PyBytes_AsString(path), prefault, &error);
	Py_END_ALLOW_THREADS
	if (status == ANNOY_OK && self->on_disk == NULL) // else the index stays that file, and this is a copy
		index_is_file(self, path, "mapped");
	index_end_change(self);
	if (status != ANNOY_OK) {
		library_raise(status, &error);
		Py_DECREF(path);
		return NULL;
	}
	Py_DECREF(path);
	if (library_warn(&error) < 0)
		return NULL;
	Py_RETURN_TRUE;
}

PyObject *index_on_disk_build(Index *self, PyObject *args, PyObject *keywords) {
	static char *names[] = {"fn", NULL};
	PyObject *path;
	if (!PyArg_ParseTupleAndKeywords(args, keywords, "O&", names, path_of, &path))
		return NULL;
	if (index_ready(self) < 0 || index_changeable(self) < 0) {
		Py_DECREF(path);
		return NULL;
	}
	annoy_error error = {0};
	int32_t status = lib.on_disk_build(self->handle, PyBytes_AsString(path), &error);
	if (status != ANNOY_OK) {
		library_raise(status, &error);
		Py_DECREF(path);
		return NULL;
	}
	Py_XDECREF(self->on_disk);
	self->on_disk = path;
	self->unsaved = 1;
	Py_RETURN_TRUE;
}

// to_lists makes Python's lists of hits.
static PyObject *to_lists(const annoy_hit *hits, int64_t count, int distances) {
	PyObject *ids = PyList_New(count), *list = NULL, *pair = NULL;
	if (ids == NULL)
		return NULL;
	for (int64_t i = 0; i < count; i++) {
		PyObject *id = PyLong_FromLongLong(hits[i].id);
		if (id == NULL || PyList_SetItem(ids, i, id) < 0)
			goto done;
	}
	if (!distances)
		return ids;
	list = PyList_New(count);
	if (list == NULL)
		goto done;
	for (int64_t i = 0; i < count; i++) {
		PyObject *d = PyFloat_FromDouble(hits[i].distance);
		if (d == NULL || PyList_SetItem(list, i, d) < 0)
			goto done;
	}
	pair = PyTuple_Pack(2, ids, list);
done:
	Py_DECREF(ids);
	Py_XDECREF(list);
	return pair;
}

// nns searches for the neighbours of a vector, or where that is NULL of an item.
static PyObject *nns(Index *self, const float *v, int64_t id, int n, int search_k, int distances, PyObject *recall, PyObject *filter, PyObject *max_distance, PyObject *min_product) {
	annoy_hit few[128], *hits = few;
	int64_t room = sizeof few / sizeof *few, count;
	if (n < 0 || n > room) {
		int64_t items = lib.len(self->handle);
		if (n < 0 || n > items)
			room = items;
		else
			room = n;
		hits = PyMem_Malloc((size_t)room * sizeof *hits);
		if (hits == NULL)
			return PyErr_NoMemory();
	}
	Search s;
	PyObject *result = NULL;
	if (search_begin(&s, self, search_k, recall, filter, max_distance, min_product) < 0)
		goto done;
	if (self->path != NULL)
		signals_check();
	annoy_error error = {0};
	int32_t status;
	Py_BEGIN_ALLOW_THREADS
	status = lib.search(self->handle, v, id, n, &s.options, hits, room, &count, &error);
	Py_END_ALLOW_THREADS
	if (search_end(&s, self) < 0) {
		if (error.message != NULL)
			lib.free(error.message);
	} else if (status != ANNOY_OK)
		library_raise(status, &error);
	else
		result = to_lists(hits, count, distances);
done:
	if (hits != few)
		PyMem_Free(hits);
	return result;
}

PyObject *index_get_nns_by_item(Index *self, PyObject *args, PyObject *keywords) {
	static char *names[] = {"i", "n", "search_k", "include_distances", "recall", "filter", "max_distance", "min_product", NULL};
	long long id;
	int n, search_k = -1, distances = 0;
	PyObject *recall = NULL, *filter = NULL, *max_distance = NULL, *min_product = NULL;
	if (!PyArg_ParseTupleAndKeywords(args, keywords, "Li|ii$OOOO", names, &id, &n, &search_k, &distances, &recall, &filter, &max_distance, &min_product) || !id_fits(self, id))
		return NULL;
	READY(self);
	return nns(self, NULL, id, n, search_k, distances, recall, filter, max_distance, min_product);
}

PyObject *index_get_nns_by_vector(Index *self, PyObject *args, PyObject *keywords) {
	static char *names[] = {"vector", "n", "search_k", "include_distances", "recall", "filter", "max_distance", "min_product", NULL};
	PyObject *o;
	int n, search_k = -1, distances = 0;
	PyObject *recall = NULL, *filter = NULL, *max_distance = NULL, *min_product = NULL;
	if (!PyArg_ParseTupleAndKeywords(args, keywords, "Oi|ii$OOOO", names, &o, &n, &search_k, &distances, &recall, &filter, &max_distance, &min_product))
		return NULL;
	READY(self);
	Vector v;
	if (vector_get(o, self->f, &v) < 0)
		return NULL;
	PyObject *result = nns(self, v.data, 0, n, search_k, distances, recall, filter, max_distance, min_product);
	vector_release(&v);
	return result;
}

PyObject *index_get_item_vector(Index *self, PyObject *args) {
	long long id;
	if (!PyArg_ParseTuple(args, "L", &id) || !id_fits(self, id))
		return NULL;
	READY(self);
	if (self->path != NULL)
		signals_check();
	float few[1024], *v = few;
	if ((size_t)self->f > sizeof few / sizeof *few && (v = PyMem_Malloc((size_t)self->f * sizeof *v)) == NULL)
		return PyErr_NoMemory();
	annoy_error error = {0};
	int32_t status = lib.vector(self->handle, id, v, &error);
	PyObject *list = NULL;
	if (status != ANNOY_OK)
		library_raise(status, &error);
	else
		list = PyList_New(self->f);
	for (int z = 0; list != NULL && z < self->f; z++) {
		PyObject *x = PyFloat_FromDouble(v[z]);
		if (x == NULL || PyList_SetItem(list, z, x) < 0)
			Py_CLEAR(list);
	}
	if (v != few)
		PyMem_Free(v);
	return list;
}

PyObject *index_get_distance(Index *self, PyObject *args) {
	long long i, j;
	if (!PyArg_ParseTuple(args, "LL", &i, &j) || !id_fits(self, i) || !id_fits(self, j))
		return NULL;
	READY(self);
	if (self->path != NULL)
		signals_check();
	annoy_error error = {0};
	float d;
	int32_t status = lib.distance(self->handle, i, j, &d, &error);
	if (status != ANNOY_OK)
		return library_raise(status, &error);
	return PyFloat_FromDouble(d);
}

PyObject *index_get_n_items(Index *self, PyObject *unused) {
	(void)unused;
	READY(self);
	return PyLong_FromLongLong(lib.len(self->handle));
}

PyObject *index_get_n_trees(Index *self, PyObject *unused) {
	(void)unused;
	READY(self);
	return PyLong_FromLong(lib.trees(self->handle));
}

PyObject *index_verbose(Index *self, PyObject *args) {
	int on;
	if (!PyArg_ParseTuple(args, "i", &on))
		return NULL;
	READY(self);
	lib.set_verbose(self->handle, on);
	Py_RETURN_TRUE;
}

PyObject *index_set_seed(Index *self, PyObject *args) {
	int seed;
	if (!PyArg_ParseTuple(args, "i", &seed))
		return NULL;
	READY(self);
	lib.set_seed(self->handle, (uint64_t)(int64_t)seed);
	Py_RETURN_NONE;
}
