// The library: Go code that is opened when it is first used, and again, as a private copy, in a process that was forked
// from one that used it, because Go's runtime does not survive a fork.
#ifndef LIBRARY_H
#define LIBRARY_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../clib/annoyclib.h"

// What the library exports, as python/clib declares it: X(result, name, arguments).
#define ANNOY_FUNCTIONS(X) \
	X(int32_t, version, (void)) \
	X(void, free, (void *)) \
	X(int32_t, new, (int32_t dim, const char *metric, int32_t canopy, uintptr_t *h, annoy_error *)) \
	X(void, delete, (uintptr_t)) \
	X(int64_t, len, (uintptr_t)) \
	X(int32_t, trees, (uintptr_t)) \
	X(int32_t, built, (uintptr_t)) \
	X(int32_t, shape, (uintptr_t, int32_t *dim, char **metric, annoy_error *)) \
	X(void, set_seed, (uintptr_t, uint64_t)) \
	X(void, set_verbose, (uintptr_t, int32_t)) \
	X(int32_t, add, (uintptr_t, int64_t id, const float *, annoy_error *)) \
	X(int32_t, add_many, (uintptr_t, const int64_t *ids, const annoy_rows *, annoy_error *)) \
	X(int32_t, add_key, (uintptr_t, const char *key, int64_t size, const float *, annoy_error *)) \
	X(int32_t, vector, (uintptr_t, int64_t id, float *out, annoy_error *)) \
	X(int32_t, distance, (uintptr_t, int64_t i, int64_t j, float *out, annoy_error *)) \
	X(int32_t, search, (uintptr_t, const float *, int64_t id, int64_t n, const annoy_options *, annoy_hit *out, int64_t room, int64_t *count, annoy_error *)) \
	X(int32_t, search_many, (uintptr_t, const annoy_rows *, int64_t n, const annoy_options *, int32_t jobs, int64_t *ids, float *distances, uintptr_t *job, annoy_error *)) \
	X(int32_t, build, (uintptr_t, const char *json, const annoy_rows *queries, uintptr_t *job, annoy_error *)) \
	X(int32_t, verify, (uintptr_t, uintptr_t *job, annoy_error *)) \
	X(int32_t, wait, (uintptr_t job, int64_t milliseconds, int64_t *done, int64_t *total, annoy_error *)) \
	X(void, cancel, (uintptr_t job)) \
	X(int32_t, on_disk_build, (uintptr_t, const char *path, annoy_error *)) \
	X(int32_t, unbuild, (uintptr_t, annoy_error *)) \
	X(int32_t, unload, (uintptr_t, annoy_error *)) \
	X(int32_t, save, (uintptr_t, const char *path, int32_t prefault, annoy_error *)) \
	X(int32_t, load, (uintptr_t, const char *path, int32_t prefault, const char *access, annoy_error *)) \
	X(int32_t, load_bytes, (uintptr_t, const void *, int64_t size, annoy_error *)) \
	X(void, where, (uintptr_t, annoy_bytes *)) \
	X(int32_t, inherit, (uintptr_t, const annoy_bytes *, const char *path, const char *access, annoy_error *)) \
	X(int32_t, size, (uintptr_t, int64_t *, annoy_error *)) \
	X(int32_t, write, (uintptr_t, void *to, int64_t size, annoy_error *)) \
	X(int32_t, stats, (uintptr_t, char **json, annoy_error *)) \
	X(int32_t, metadata, (uintptr_t, void **, int64_t *size, annoy_error *)) \
	X(int32_t, key, (uintptr_t, int64_t id, void **key, int64_t *size, annoy_error *)) \
	X(int32_t, lookup, (uintptr_t, const char *key, int64_t size, int64_t *id, annoy_error *)) \
	X(int32_t, filter_ids, (const int64_t *, int64_t count, uintptr_t *h, annoy_error *)) \
	X(int32_t, filter_mask, (const uint8_t *, int64_t count, uintptr_t *h, annoy_error *)) \
	X(int32_t, filter_roaring, (const void *, int64_t size, int32_t bits, uintptr_t *h, annoy_error *)) \
	X(void, filter_delete, (uintptr_t))

typedef struct {
#define X(result, name, arguments) result(*name) arguments;
	ANNOY_FUNCTIONS(X)
#undef X
} Library;

// The functions of the library, once library_open has returned 0 in this process.
extern Library lib;

// Which process this is, counted from the first by forks. What was made with the library of another does not exist here.
extern unsigned process;

// Tells where the library's file is. Borrows nothing.
int library_set_path(const char *path);

// Prepares for forks.
int library_init(void);

// Opens the library if it is not open in this process. −1 with an exception set if that is not possible. The caller has the GIL.
int library_open(void);

// The exception for what a call returned; always NULL.
PyObject *library_raise(int32_t status, annoy_error *error);

// Gives a warning that came with success. −1 with an exception set where warnings are errors.
int library_warn(annoy_error *error);

#endif
