#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32

#include <windows.h>

void *file_open_library(const char *path) {
	wchar_t wide[32768];
	if (MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, 32768) == 0) {
		PyErr_Format(PyExc_ImportError, "annoy: the path of the library is too long: %s", path);
		return NULL;
	}
	HMODULE m = LoadLibraryW(wide);
	if (m == NULL)
		PyErr_Format(PyExc_ImportError, "annoy: cannot open the library %s: error %lu", path, GetLastError());
	return (void *)m;
}

// There is no fork on Windows.
void *file_open_library_copy(const char *path) { return file_open_library(path); }

void *file_symbol(void *library, const char *name) { return (void *)GetProcAddress((HMODULE)library, name); }

void file_keep(KeptFile *f, const char *path) {
	(void)path;
	f->fd = -1;
}

void file_drop(KeptFile *f) { f->fd = -1; }

int file_name(const KeptFile *f, char *name, size_t size) {
	(void)f, (void)name, (void)size;
	return 0;
}

#else

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

// The library's file as it was opened first: an upgrade may have replaced it when a child needs a copy.
static KeptFile library_file = {-1, 0, 0};

void *file_open_library(const char *path) {
	file_keep(&library_file, path);
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL)
		PyErr_Format(PyExc_ImportError, "annoy: cannot open the library: %s", dlerror());
	return handle;
}

void *file_symbol(void *library, const char *name) { return dlsym(library, name); }

// still tells whether the descriptor is of the file that it was opened for: programs that become daemons close them all.
static int still(const KeptFile *f) {
	struct stat s;
	return f->fd >= 0 && fstat(f->fd, &s) == 0 && (unsigned long long)s.st_dev == f->device && (unsigned long long)s.st_ino == f->inode;
}

void file_keep(KeptFile *f, const char *path) {
	struct stat s;
	f->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0)
		return;
	if (fstat(f->fd, &s) != 0) {
		close(f->fd);
		f->fd = -1;
		return;
	}
	f->device = (unsigned long long)s.st_dev;
	f->inode = (unsigned long long)s.st_ino;
}

void file_drop(KeptFile *f) {
	if (still(f))
		close(f->fd);
	f->fd = -1;
}

int file_name(const KeptFile *f, char *name, size_t size) {
	if (!still(f))
		return 0;
#ifdef __linux__
	snprintf(name, size, "/proc/self/fd/%d", f->fd);
#else
	snprintf(name, size, "/dev/fd/%d", f->fd);
#endif
	return access(name, R_OK) == 0;
}

// copy_all copies a file from its beginning.
static int copy_all(int from, int to) {
	static char block[1 << 16];
	off_t at = 0;
	for (;;) {
		ssize_t n = pread(from, block, sizeof block, at);
		if (n == 0)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += n;
		for (ssize_t done = 0; done < n;) {
			ssize_t w = write(to, block + done, (size_t)(n - done));
			if (w < 0 && errno != EINTR)
				return -1;
			done += w > 0 ? w : 0;
		}
	}
}

// source is a descriptor of the library's file, to be closed.
static int source(const char *path) {
	if (still(&library_file))
		return dup(library_file.fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

#ifdef __linux__

// in_memory opens a copy in a file of memory. Its name has to differ from those of the processes before: their copies are
// still known to the loader, and a number of a process or a descriptor may come again. So the name gets longer.
static void *in_memory(int from) {
	static int copies;
	char name[4096];
	int to = memfd_create("libannoy", MFD_CLOEXEC);
	if (to < 0)
		return NULL;
	void *handle = NULL;
	if (copy_all(from, to) == 0) {
		int n = snprintf(name, sizeof name, "/proc/%ld/", (long)getpid());
		for (int i = 0; i < copies % 1000; i++)
			n += snprintf(name + n, sizeof name - (size_t)n, "./");
		copies++;
		snprintf(name + n, sizeof name - (size_t)n, "fd/%d", to);
		handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	}
	close(to);
	return handle;
}

#else

static void *in_memory(int from) {
	(void)from;
	return NULL;
}

#endif

// in_folder opens a copy in a temporary file.
static void *in_folder(int from, const char *folder) {
	char name[4096];
	if (snprintf(name, sizeof name, "%s/libannoy-XXXXXX", folder) >= (int)sizeof name)
		return NULL;
	int to = mkstemp(name);
	if (to < 0)
		return NULL;
	void *handle = NULL;
	if (copy_all(from, to) == 0)
		handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	close(to);
	unlink(name);
	return handle;
}

void *file_open_library_copy(const char *path) {
	int from = source(path);
	if (from < 0) {
		PyErr_SetFromErrnoWithFilename(PyExc_OSError, path);
		return NULL;
	}
	void *handle = in_memory(from);
	const char *folder = getenv("TMPDIR");
	if (handle == NULL && folder != NULL)
		handle = in_folder(from, folder);
	if (handle == NULL)
		handle = in_folder(from, "/tmp");
	if (handle == NULL) {
		const char *why = dlerror();
		PyErr_Format(PyExc_ImportError, "annoy: this process was forked from one that used annoy, and a private copy of the library cannot be opened in memory, TMPDIR or /tmp: %s",
			why != NULL ? why : strerror(errno));
	}
	close(from);
	return handle;
}

#endif
