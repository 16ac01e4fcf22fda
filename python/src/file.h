// What differs between systems in opening libraries and files.
#ifndef FILE_H
#define FILE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

// Opens a dynamic library; NULL with an exception set if that fails.
void *file_open_library(const char *path);

// Opens a copy of the library under a name that nothing was opened by, so that the loader does not take it for the one
// that is open; NULL with an exception set. The copy has no name afterwards.
void *file_open_library_copy(const char *path);

void *file_symbol(void *library, const char *name);

// A file that is kept open so that a forked process can open it again, whatever has become of its name.
typedef struct {
	int fd; // −1: none
	unsigned long long device, inode;
} KeptFile;

void file_keep(KeptFile *, const char *path);
void file_drop(KeptFile *);

// A name by which the kept file can be opened; 0 where it is not there any more, or the system has no such names.
int file_name(const KeptFile *, char *name, size_t size);

#endif
