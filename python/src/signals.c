#ifndef _GNU_SOURCE
#define _GNU_SOURCE // dl_iterate_phdr, REG_RIP
#endif
#include "signals.h"

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))

#include <link.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

// The signals that Go handles when it is a library.
static const int all[] = {SIGBUS, SIGSEGV, SIGFPE, SIGPIPE, SIGURG};
enum { ALL = sizeof all / sizeof all[0], FAULTS = 2 }; // the first are those that a mapping gives

static struct sigaction before[ALL]; // the library was opened
static struct sigaction go[ALL];
static struct sigaction next[FAULTS]; // whom our handler found in front of Go's
static volatile sig_atomic_t passed[FAULTS];
static int opened; // once
static uintptr_t text_start, text_end; // of the library

static void *function(const struct sigaction *a) {
	return a->sa_flags & SA_SIGINFO ? (void *)a->sa_sigaction : (void *)a->sa_handler;
}

static uintptr_t program_counter(const ucontext_t *u) {
#if defined(__x86_64__)
	return (uintptr_t)u->uc_mcontext.gregs[REG_RIP];
#else
	return (uintptr_t)u->uc_mcontext.pc;
#endif
}

// by_default lets the signal have the effect that it had before there was a library. A fault happens again on return.
static void by_default(int i, const siginfo_t *info) {
	sigaction(all[i], &before[i], NULL);
	if (info->si_code <= 0) // sent by somebody
		raise(all[i]);
}

static void handler(int sig, siginfo_t *info, void *context) {
	int i = sig == all[0] ? 0 : 1;
	uintptr_t pc = program_counter(context);
	if (info->si_code > 0 && pc >= text_start && pc < text_end) {
		go[i].sa_sigaction(sig, info, context);
		return;
	}
	// faulthandler, which is done with it, gives up its place and raises the signal again, to be handled by the one before.
	if (info->si_code <= 0 && passed[i]) {
		by_default(i, info);
		return;
	}
	passed[i] = 1;
	sigset_t this;
	sigemptyset(&this);
	sigaddset(&this, sig);
	pthread_sigmask(SIG_UNBLOCK, &this, NULL);
	void *f = function(&next[i]);
	if (f == (void *)SIG_DFL || f == (void *)SIG_IGN)
		by_default(i, info);
	else if (next[i].sa_flags & SA_SIGINFO)
		next[i].sa_sigaction(sig, info, context);
	else
		next[i].sa_handler(sig);
}

// segment looks for the code that an address is in.
static int segment(struct dl_phdr_info *info, size_t size, void *data) {
	(void)size;
	uintptr_t at = (uintptr_t)data;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + p->p_vaddr;
		if (p->p_type == PT_LOAD && p->p_flags & PF_X && at >= start && at < start + p->p_memsz) {
			text_start = start;
			text_end = start + p->p_memsz;
			return 1;
		}
	}
	return 0;
}

void signals_before_library(void) {
	for (int i = 0; i < ALL; i++) {
		struct sigaction now;
		sigaction(all[i], NULL, &now);
		if (opened && function(&now) == function(&go[i]))
			sigaction(all[i], &before[i], NULL);
		else if (i < FAULTS && function(&now) == (void *)handler)
			sigaction(all[i], &next[i], NULL);
		else if (opened)
			continue; // somebody's who came later; what was before the library stays known
		if (!opened)
			before[i] = now;
	}
}

void signals_after_library(void *code) {
	for (int i = 0; i < ALL; i++)
		sigaction(all[i], NULL, &go[i]);
	dl_iterate_phdr(segment, code);
	opened = 1;
}

void signals_check(void) {
	struct sigaction now;
	sigaction(SIGBUS, NULL, &now);
	void *f = function(&now);
	if (f == function(&go[0]) || f == (void *)handler)
		return;
	for (int i = 0; i < FAULTS; i++) {
		sigaction(all[i], NULL, &now);
		f = function(&now);
		if (f == (void *)handler || f == function(&go[i]))
			continue;
		next[i] = now;
		passed[i] = 0;
		struct sigaction mine = go[i]; // its stack and its mask, for Go
		mine.sa_sigaction = handler;
		sigaction(all[i], &mine, NULL);
	}
}

#else

void signals_before_library(void) {}
void signals_after_library(void *code) { (void)code; }
void signals_check(void) {}

#endif
