// Faults of mapped files.
//
// A page of a mapping that cannot be read (the file was cut short under it) is a signal, which Go's handler makes an
// error. Python's faulthandler, if it was enabled before the library was opened, gets from Go all signals that
// are not Go's. If it is enabled later it stands in front of Go's handler and would end the process. So a call that reads a
// mapping looks who stands in front, and if that is not Go puts a handler there which gives Go what comes from Go's code, and
// everything else to whom it found.
#ifndef SIGNALS_H
#define SIGNALS_H

// Around the opening of the library; code is an address within it.
void signals_before_library(void);
void signals_after_library(void *code);

// Before a call that reads a mapping. It costs one system call.
void signals_check(void);

#endif
