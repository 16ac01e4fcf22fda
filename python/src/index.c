#include "index.h"

#include <string.h>

#ifndef _WIN32
#include <unistd.h>
#endif

// new_object makes an Index of either kind.
static PyObject *new_object(PyTypeObject *type, int f, const char *metric, int canopy) {
	if (strlen(metric) >= sizeof ((Index *)NULL)->metric) {
		PyErr_SetString(PyExc_ValueError, "No such metric");
		return NULL;
	}
	if (library_open() < 0)
		return NULL;
	annoy_error error = {0};
	uintptr_t handle;
	int32_t status = lib.new(f, metric, canopy, &handle, &error);
	if (status != ANNOY_OK)
		return library_raise(status, &error);
	Index *self = (Index *)PyType_GenericAlloc(type, 0);
	if (self == NULL) {
		lib.delete(handle);
		return NULL;
	}
	self->f = f;
	self->canopy = canopy;
	self->process = process;
	self->handle = handle;
	self->file.fd = -1;
	strcpy(self->metric, metric);
	strcpy(self->access, "mapped");
	return (PyObject *)self;
}

static PyObject *index_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
	static char *names[] = {"f", "metric", NULL};
	int f;
	const char *metric = NULL;
	if (!PyArg_ParseTupleAndKeywords(args, keywords, "i|s", names, &f, &metric))
		return NULL;
	if (metric == NULL) {
		metric = "angular";
		if (PyErr_WarnEx(PyExc_FutureWarning, "The default argument for metric will be removed in future version of Annoy. "
				"Please pass metric='angular' explicitly.", 1) < 0)
			return NULL;
	}
	return new_object(type, f, metric, 0);
}

// Of a canopy that is to be opened the dimension is 0 and the metric None: the file tells them.
static PyObject *canopy_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
	(void)keywords;
	int f;
	const char *metric;
	if (!PyArg_ParseTuple(args, "iz", &f, &metric))
		return NULL;
	if (metric != NULL && metric[0] == 0)
		metric = "?"; // no name of a metric, and not to be taken for a canopy that is to be opened
	return new_object(type, f, metric != NULL ? metric : "", 1);
}

// What Annoy's own type does with the arguments: it looks at them once more.
static int index_init(Index *self, PyObject *args, PyObject *keywords) {
	(void)self;
	static char *names[] = {"f", "metric", NULL};
	int f;
	const char *metric;
	return PyArg_ParseTupleAndKeywords(args, keywords, "i|s", names, &f, &metric) ? 0 : -1;
}

static void index_dealloc(Index *self) {
	PyTypeObject *type = Py_TYPE((PyObject *)self);
	if (self->handle != 0 && self->process == process)
		lib.delete(self->handle);
	index_is_memory(self);
	Py_CLEAR(self->on_disk);
	((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
	Py_DECREF(type);
}

void index_is_memory(Index *self) {
	file_drop(&self->file);
	Py_CLEAR(self->path);
	Py_CLEAR(self->content);
	self->bytes = (annoy_bytes){0};
	self->unsaved = 0;
	strcpy(self->access, "mapped");
}

// absolute is a path that stays right when the process goes to another folder.
static PyObject *absolute(PyObject *path) {
#ifndef _WIN32
	char folder[4096];
	const char *p = PyBytes_AsString(path);
	if (p[0] != '/' && getcwd(folder, sizeof folder) != NULL)
		return PyBytes_FromFormat("%s/%s", folder, p);
#endif
	Py_INCREF(path);
	return path;
}

void index_is_file(Index *self, PyObject *path, const char *access) {
	PyObject *kept = absolute(path);
	if (kept == NULL) { // of no memory
		PyErr_Clear();
		Py_INCREF(path);
		kept = path;
	}
	index_is_memory(self);
	self->path = kept;
	strncpy(self->access, access, sizeof self->access - 1);
	if (strcmp(access, "cold") == 0)
		file_keep(&self->file, PyBytes_AsString(path));
}

void index_is_content(Index *self, PyObject *content) {
	Py_INCREF(content);
	index_is_memory(self);
	self->content = content;
}

void index_begin_change(Index *self) { self->changing++; }

void index_end_change(Index *self) {
	if (--self->changing == 0)
		lib.where(self->handle, &self->bytes);
}

void index_is_built(Index *self) {
	index_begin_change(self);
	if (self->on_disk != NULL)
		index_is_file(self, self->on_disk, "mapped");
	else
		index_is_memory(self);
	index_end_change(self);
}

// renew makes an empty object in this process.
static int renew(Index *self) {
	if (library_open() < 0)
		return -1;
	annoy_error error = {0};
	uintptr_t handle;
	int32_t status = lib.new(self->f, self->metric, self->canopy, &handle, &error);
	if (status != ANNOY_OK) {
		library_raise(status, &error);
		return -1;
	}
	self->handle = handle;
	self->process = process;
	self->asking = 0;
	return 0;
}

// again opens in this process what the index was in the parent.
static int again(Index *self) {
	annoy_error error = {0};
	int32_t status;
	const char *path = self->path != NULL ? PyBytes_AsString(self->path) : "";
	char name[64];
	if (self->content != NULL)
		status = lib.load_bytes(self->handle, PyBytes_AsString(self->content), PyBytes_Size(self->content), &error);
	else if (strcmp(self->access, "cold") == 0 && file_name(&self->file, name, sizeof name))
		status = lib.load(self->handle, name, 0, self->access, &error);
	else if (self->bytes.there && strcmp(self->access, "cold") != 0)
		status = lib.inherit(self->handle, &self->bytes, path, self->access, &error);
	else
		status = lib.load(self->handle, path, 0, self->access, &error);
	if (status == ANNOY_OK)
		return library_warn(&error);
	library_raise(status, &error);
	lib.delete(self->handle);
	self->handle = 0;
	self->process = 0; // so that the next call tries again
	return -1;
}

// settle decides what of the parent's a child may rely on: another thread may have been replacing the index.
static void settle(Index *self) {
	if (self->changing == 0)
		return;
	self->changing = 0;
	self->bytes = (annoy_bytes){0};
	if (self->path == NULL && self->content == NULL)
		self->unsaved = 1;
}

int index_ready(Index *self) {
	if (self->process == process)
		return 0;
	settle(self);
	if (self->unsaved) {
		PyErr_SetString(PyExc_RuntimeError, "this index was not built before the fork, and items that are only added do not survive it: "
			"call build() in the parent process before it forks, or load() or build the index in this process");
		return -1;
	}
	if (renew(self) < 0)
		return -1;
	return self->path != NULL || self->content != NULL || self->bytes.there ? again(self) : 0;
}

int index_renew(Index *self) {
	if (self->process == process)
		return 0;
	if (renew(self) < 0)
		return -1;
	self->changing = 0;
	index_is_memory(self);
	return 0;
}

int index_changeable(Index *self) {
	if (self->asking == 0 || self->process != process)
		return 0;
	PyErr_SetString(PyExc_RuntimeError, "this index is being searched with a filter that is a function: it cannot be changed meanwhile");
	return -1;
}

int job_wait(uintptr_t job, PyObject *progress, Asking *asking) {
	annoy_error error = {0};
	int64_t done, total, told = -1;
	int interrupted = 0;
	for (;;) {
		int32_t status;
		Py_BEGIN_ALLOW_THREADS
		status = lib.wait(job, 50, &done, &total, &error);
		Py_END_ALLOW_THREADS
		if (status != ANNOY_RUNNING) {
			if (interrupted) { // by an exception that is set
				if (error.message != NULL)
					lib.free(error.message);
				return -1;
			}
			if (status == ANNOY_OK)
				return library_warn(&error);
			library_raise(status, &error);
			return -1;
		}
		if (interrupted)
			continue;
		interrupted = PyErr_CheckSignals() < 0;
		// A total of 0 is that of a job that has not begun.
		if (!interrupted && progress != NULL && progress != Py_None && done != told && total != 0) {
			PyObject *r = PyObject_CallFunction(progress, "LL", (long long)done, (long long)total);
			interrupted = r == NULL;
			Py_XDECREF(r);
			told = done;
		}
		if (interrupted) {
			PyObject *type, *value, *traceback;
			PyErr_Fetch(&type, &value, &traceback);
			lib.cancel(job);
			if (asking != NULL)
				asking->stopped = 1;
			PyErr_Restore(type, value, traceback);
		}
	}
}

static PyObject *get_f(Index *self, void *unused) {
	(void)unused;
	return PyLong_FromLong(self->f);
}

// set_f refuses. Annoy lets f be set, with undefined effect, and not be deleted: the exception for that is its own.
static int set_f(Index *self, PyObject *value, void *unused) {
	(void)self, (void)unused;
	if (value == NULL)
		PyErr_SetString(PyExc_TypeError, "can't delete numeric/char attribute");
	else
		PyErr_SetString(PyExc_AttributeError, "readonly attribute");
	return -1;
}

static PyGetSetDef attributes[] = {
	{"f", (getter)get_f, (setter)set_f, "The number of components of a vector.", NULL},
	{NULL, NULL, NULL, NULL, NULL},
};

#define NNS \
	"search_k: how many candidates to look at: more is slower and finds more. Default (-1): n_trees * n.\n" \
	"include_distances: also return the distances, as a tuple of two lists.\n" \
	"recall: the share of true neighbours to find, above 0 and at most 1, on average: search_k is chosen for it. The first search for an\n" \
	"n and a recall measures what it takes, with a hundred items and exact search.\n" \
	"filter: what the answers have to be among: ids, a mask of bools, a Filter, a roaring bitmap, or a function of an id.\n" \
	"max_distance: leave out what is farther; not for dot. min_product: for dot, leave out smaller products."

static PyMethodDef methods[] = {
	{"add_item", (PyCFunction)(void (*)(void))index_add_item, METH_VARARGS | METH_KEYWORDS,
		"add_item($self, /, i, vector)\n--\n\nAdds item `i` (any nonnegative integer) with vector `vector`: a sequence or an array of f numbers.\n\n"
		"Note that it will allocate memory for max(i)+1 items. The last vector of an id counts. NaN, Inf and ids after the build are errors."},
	{"build", (PyCFunction)(void (*)(void))index_build, METH_VARARGS | METH_KEYWORDS,
		"build($self, /, n_trees, n_jobs=-1, *, progress=None)\n--\n\nBuilds a forest of `n_trees` trees; -1: until there are as many tree nodes as items.\n\n"
		"More trees give higher precision when querying. After calling build, no more items can be added.\n"
		"n_jobs: threads; -1: one a processor. The result is the same for any number.\n"
		"progress: is called with steps done and in all (-1: not known), some times a second. Ctrl-C ends a build; the items stay."},
	{"get_distance", (PyCFunction)index_get_distance, METH_VARARGS, "get_distance($self, i, j, /)\n--\n\nReturns the distance between items `i` and `j`; for dot their product."},
	{"get_item_vector", (PyCFunction)index_get_item_vector, METH_VARARGS, "get_item_vector($self, i, /)\n--\n\nReturns the vector for item `i` that was previously added."},
	{"get_n_items", (PyCFunction)index_get_n_items, METH_NOARGS, "get_n_items($self, /)\n--\n\nReturns the number of items in the index: the largest id + 1."},
	{"get_n_trees", (PyCFunction)index_get_n_trees, METH_NOARGS, "get_n_trees($self, /)\n--\n\nReturns the number of trees in the index."},
	{"get_nns_by_item", (PyCFunction)(void (*)(void))index_get_nns_by_item, METH_VARARGS | METH_KEYWORDS,
		"get_nns_by_item($self, /, i, n, search_k=-1, include_distances=False, *, recall=None, filter=None, max_distance=None, min_product=None)\n--\n\n"
		"Returns the `n` closest items to item `i`.\n\n" NNS},
	{"get_nns_by_vector", (PyCFunction)(void (*)(void))index_get_nns_by_vector, METH_VARARGS | METH_KEYWORDS,
		"get_nns_by_vector($self, /, vector, n, search_k=-1, include_distances=False, *, recall=None, filter=None, max_distance=None, min_product=None)\n--\n\n"
		"Returns the `n` closest items to vector `vector`.\n\n" NNS},
	{"load", (PyCFunction)(void (*)(void))index_load, METH_VARARGS | METH_KEYWORDS,
		"load($self, /, fn, prefault=False)\n--\n\nLoads (mmaps) an index from disk, in place of what there is.\n\nprefault: read all of it now."},
	{"on_disk_build", (PyCFunction)(void (*)(void))index_on_disk_build, METH_VARARGS | METH_KEYWORDS,
		"on_disk_build($self, /, fn)\n--\n\nBuild will be performed with storage on disk instead of RAM. To be called before the first add_item.\n\nThe file gets its name when it is built."},
	{"save", (PyCFunction)(void (*)(void))index_save, METH_VARARGS | METH_KEYWORDS,
		"save($self, /, fn, prefault=False)\n--\n\nSaves the index to disk, and goes on with the file: no more items can be added.\n\n"
		"An older file is replaced at once, when all is written. Beside it fn.meta says dimension and metric."},
	{"set_seed", (PyCFunction)index_set_seed, METH_VARARGS, "set_seed($self, seed, /)\n--\n\nSets the seed of Annoy's random number generator. 0 is the default."},
	{"unbuild", (PyCFunction)index_unbuild, METH_NOARGS, "unbuild($self, /)\n--\n\nUnbuilds the tree in order to allows adding new items.\n\nbuild() has to be called again afterwards in order to\nrun queries."},
	{"unload", (PyCFunction)index_unload, METH_NOARGS, "unload($self, /)\n--\n\nUnloads an index from disk, or forgets all items: the object is as new."},
	{"verbose", (PyCFunction)index_verbose, METH_VARARGS, "verbose($self, v, /)\n--\n\nWhether builds say on standard error how far they are."},
	{NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
	{Py_tp_doc, "AnnoyIndex(f, metric)\n--\n\nAn index of vectors of f numbers; metric is angular, euclidean, manhattan, hamming, dot or cosine."},
	{Py_tp_new, index_new},
	{Py_tp_init, index_init},
	{Py_tp_dealloc, index_dealloc},
	{Py_tp_getset, attributes},
	{Py_tp_methods, methods},
	{0, NULL},
};

static PyType_Spec spec = {"annoy._core.Index", sizeof(Index), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};

static int canopy_init(PyObject *self, PyObject *args, PyObject *keywords) {
	(void)self, (void)args, (void)keywords;
	return 0;
}

static PyType_Slot canopy_slots[] = {
	{Py_tp_doc, "What annoy.Canopy has its index in."},
	{Py_tp_new, canopy_new},
	{Py_tp_init, canopy_init},
	{0, NULL},
};

static PyType_Spec canopy_spec = {"annoy._core.CanopyIndex", sizeof(Index), 0, Py_TPFLAGS_DEFAULT, canopy_slots};

// add_type adds a type to the module, which gets the reference.
static int add_type(PyObject *module, const char *name, PyObject *type) {
	if (type == NULL)
		return -1;
	if (PyModule_AddObject(module, name, type) == 0)
		return 0;
	Py_DECREF(type);
	return -1;
}

int index_type(PyObject *module) {
	PyObject *type = PyType_FromSpec(&spec);
	if (type == NULL)
		return -1;
	for (PyMethodDef *m = index_more_methods; m->ml_name != NULL; m++) {
		PyObject *method = PyDescr_NewMethod((PyTypeObject *)type, m);
		if (method == NULL || PyObject_SetAttrString(type, m->ml_name, method) < 0) {
			Py_XDECREF(method);
			Py_DECREF(type);
			return -1;
		}
		Py_DECREF(method);
	}
	PyObject *bases = PyTuple_Pack(1, type);
	int r = bases != NULL ? add_type(module, "CanopyIndex", PyType_FromSpecWithBases(&canopy_spec, bases)) : -1;
	Py_XDECREF(bases);
	if (r < 0) {
		Py_DECREF(type);
		return -1;
	}
	return add_type(module, "Index", type);
}
