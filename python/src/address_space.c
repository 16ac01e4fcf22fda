#include "address_space.h"

#ifdef __linux__

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define MIB (1ULL << 20)

// What Go's runtime reserves when it starts, little of it ever used: 0.6 GiB of tables of its heap and 64 MiB of heap; and for each of its
// threads, some more than processors, a stack and 64 MiB of the C library's heap. The whole was 1.6 GiB on 2 processors (VmPeak).
static unsigned long long needed(void) {
	struct rlimit stack;
	unsigned long long each = 8 * MIB;
	if (getrlimit(RLIMIT_STACK, &stack) == 0 && stack.rlim_cur != RLIM_INFINITY)
		each = (unsigned long long)stack.rlim_cur;
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	return 1280 * MIB + (unsigned long long)(processors > 0 ? processors + 4 : 5) * (each + 64 * MIB);
}

// taken is the size of the address space now, 0 where that is not known.
static unsigned long long taken(void) {
	unsigned long long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%llu", &pages) != 1)
		pages = 0;
	fclose(f);
	return pages * (unsigned long long)sysconf(_SC_PAGESIZE);
}

int address_space_check(void) {
	struct rlimit limit;
	if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return 0;
	unsigned long long now = taken(), most = now + needed();
	if ((unsigned long long)limit.rlim_cur >= most)
		return 0;
	PyErr_Format(PyExc_MemoryError, "annoy: the address space of this process is limited to %llu KiB (ulimit -v), of which %llu are taken. "
		"The library reserves much and uses little of it: it needs a limit of %llu KiB or more", (unsigned long long)limit.rlim_cur >> 10, now >> 10, (most >> 10) + 1);
	return -1;
}

#else

int address_space_check(void) { return 0; }

#endif
