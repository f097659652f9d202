/* SPDX-License-Identifier: MIT */
/*
 * Reading files that are mapped into memory. Such a file may be cut short or
 * hold anything at all: where a plain read would return an error, there is a
 * signal that ends the process. Here it ends the reading instead.
 */
#ifndef TABLES_SUPPORT_MAPPED_H
#define TABLES_SUPPORT_MAPPED_H

#include "base/span.h"

/*
 * Calls read(ctx). Returns 0 when it has returned; -EIO when it was broken off
 * since this thread could not read the mapping: by SIGBUS inside of `area`. An
 * area without data is a library's own, of unknown place, for one that does
 * not check what it reads: then SIGBUS, SIGSEGV and SIGFPE anywhere break it
 * off.
 *
 * What `read` was doing just stops, so while it may be broken off it must
 * neither hold a lock nor be inside of malloc. Any thread; not nested. It costs
 * no system call.
 */
int mapped_read(struct span area, void (*read)(void *ctx), void *ctx);

/* Breaks off the reading of this thread, from inside of it. */
_Noreturn void mapped_break_off(void);

#endif
