// Whether the address space of this process has room for Go's runtime, which ends the process where it has not.
#ifndef ADDRESS_SPACE_H
#define ADDRESS_SPACE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

// −1 with MemoryError set where a limit (ulimit -v) leaves too little.
int address_space_check(void);

#endif
