// The object behind AnnoyIndex and Canopy, and filters.
#ifndef INDEX_H
#define INDEX_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "file.h"
#include "library.h"

typedef struct {
	PyObject_HEAD
	int f;
	int canopy;
	unsigned process; // that the handle is of
	uintptr_t handle;
	char metric[16];
	int asking;  // searches whose filter is a function: Python code that runs within them
	int unsaved;  // there are items that no index holds, or were when another thread changed it while the process was forked
	int changing; // calls that may replace the index
	// Where the index comes from, so that a forked process can open it again. Only the forking thread goes on in the child: what is here is
	// changed under Python's lock.
	annoy_bytes bytes; // of the index, where it is not being changed
	PyObject *path;    // bytes; NULL: not from a file
	PyObject *content; // bytes; NULL: not from bytes
	PyObject *on_disk; // bytes: path of the file that a build will write
	KeptFile file;     // of access cold, which reads it
	char access[16];
} Index;

// Makes the handle one of this process. −1 with an exception set, where an index of the parent was never saved.
int index_ready(Index *);

// The same for a call that gives up what there is.
int index_renew(Index *);

// Whether the state of the index may be changed now. −1 with an exception set.
int index_changeable(Index *);

// Around a call of the library that may replace the index, but for one that is under Python's lock all along: from begin on a child must
// not rely on the bytes that there are. end finds where those are that there are now.
void index_begin_change(Index *);
void index_end_change(Index *);

// Remembers that the index is now the file at path (bytes), or what content (bytes) holds, or neither.
void index_is_file(Index *, PyObject *path, const char *access);
void index_is_content(Index *, PyObject *content);
void index_is_memory(Index *);

// The same after a build: the index is in memory, or the file that it was to be built in.
void index_is_built(Index *);

// What a filter that is a function needs during a search.
typedef struct {
	PyObject *function;
	PyObject *type, *value, *traceback; // of the first exception
	int failed;
	volatile int stopped; // nothing is in the filter any more
} Asking;

// Waits for a job, and cancels it when Python has a signal to handle. progress(done, total) may be NULL or None; asking, the
// filter of a search, NULL. −1 with an exception set.
int job_wait(uintptr_t job, PyObject *progress, Asking *asking);

// Options of one search, from Python's keywords.
typedef struct {
	annoy_options options;
	Asking asking;
	PyObject *filter; // a Filter, held
} Search;

// Fills in all but search_k. Objects may be NULL or None. −1 with an exception set.
int search_begin(Search *, Index *, int64_t search_k, PyObject *recall, PyObject *filter, PyObject *max_distance, PyObject *min_product);

// Gives up what search_begin took. −1 with an exception set where the filter raised one.
int search_end(Search *, Index *);

// Methods of the two halves of the type.
#define ANNOY_METHOD(name) PyObject *name(Index *, PyObject *args, PyObject *keywords)
ANNOY_METHOD(index_add_item);
ANNOY_METHOD(index_build);
ANNOY_METHOD(index_get_nns_by_item);
ANNOY_METHOD(index_get_nns_by_vector);
ANNOY_METHOD(index_load);
ANNOY_METHOD(index_on_disk_build);
ANNOY_METHOD(index_save);
PyObject *index_get_distance(Index *, PyObject *args);
PyObject *index_get_item_vector(Index *, PyObject *args);
PyObject *index_get_n_items(Index *, PyObject *);
PyObject *index_get_n_trees(Index *, PyObject *);
PyObject *index_set_seed(Index *, PyObject *args);
PyObject *index_unbuild(Index *, PyObject *);
PyObject *index_unload(Index *, PyObject *);
PyObject *index_verbose(Index *, PyObject *args);

extern PyMethodDef index_more_methods[]; // of more.c

int index_type(PyObject *module);
int filter_type(PyObject *module);

#endif
