// What the two halves of the Python module agree on: the library, which is Go (this folder), and the extension, which is
// C (../src) and opens the library when it is first used. Both are built from this file. A change to it changes
// ANNOY_CLIB_VERSION: a library of another version is refused.
#ifndef ANNOYCLIB_H
#define ANNOYCLIB_H

#include <stdint.h>

#define ANNOY_CLIB_VERSION 3

// What a call returns: which exception is to be raised.
enum {
	ANNOY_OK = 0,
	ANNOY_RUNNING,   // of annoy_wait: not yet finished
	ANNOY_EXCEPTION, // what Annoy raises as Exception itself
	ANNOY_OS,        // OSError; annoy_error.number is errno, or 0
	ANNOY_VALUE,
	ANNOY_INDEX,
	ANNOY_KEY,
	ANNOY_MEMORY,
	ANNOY_RUNTIME,
	ANNOY_CANCELED,
	ANNOY_NEGATIVE, // an id below 0
	ANNOY_BEYOND,   // an id beyond the largest
};

// The message is the receiver's, to be given to annoy_free. After ANNOY_OK it is a warning, or NULL.
typedef struct {
	char *message;
	int32_t number;
} annoy_error;

// The layout of Go's Neighbor.
typedef struct {
	int64_t id;
	float distance;
} annoy_hit;

// Tells whether an id is in the filter: not 0 if so.
typedef int32_t (*annoy_contains)(void *data, int64_t id);

// Zeros are defaults, except where another is named.
typedef struct {
	int64_t search_k; // −1: default; below: exact, as in Annoy
	double recall;
	float max_distance; // below 0: none
	float min_product;
	int32_t exact;
	uintptr_t filter; // of annoy_filter_new
	annoy_contains contains;
	void *data;
} annoy_options;

// Vectors in the caller's memory, stride bytes from one to the next.
typedef struct {
	const float *data;
	int64_t count;
	int64_t stride;
} annoy_rows;

// Where the bytes of an index are in memory: at their addresses they are in forked children too. annoy_inherit reads all but there.
typedef struct {
	uintptr_t parts[2];
	int64_t sizes[2];
	int32_t there; // 0: there is no index
	int32_t mapped;
	int32_t trees;
	uint64_t seed;
} annoy_bytes;

#endif
