// Vectors and matrices as Python has them, as float32.
#ifndef VECTOR_H
#define VECTOR_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../clib/annoyclib.h"

// A vector of dim components. An array of float32 is used where it is, all else is converted into room.
typedef struct {
	const float *data;
	float *own; // from the heap; NULL where room was enough
	Py_buffer view;
	int viewed;
	float room[1024];
} Vector;

// Takes any sequence of dim numbers, with the exceptions of Annoy. −1 with an exception set, and nothing to release.
int vector_get(PyObject *, int dim, Vector *);
void vector_release(Vector *);

// Rows of dim components each. A matrix of float32 is used where it is if the components of a row lie side by side.
typedef struct {
	annoy_rows rows;
	float *own;
	Py_buffer view;
	int viewed;
} Matrix;

int matrix_get(PyObject *, int dim, Matrix *);
void matrix_release(Matrix *);

#endif
