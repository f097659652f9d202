/* SPDX-License-Identifier: MIT */
/* What the servers of the benchmark share. */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <stddef.h>

/* Prints why and exits with status 1: benchmarks don't recover. */
__attribute__((noreturn, format(printf, 1, 2))) void die(
        const char *format, ...);

/* Takes as many descriptors as this process may have. */
void raise_descriptors(void);

/*
 * Listens, without blocking, on "unix:PATH", or on loopback for "inet:PORT"
 * (0: a free one), and prints "listening on ENDPOINT". Returns the descriptor.
 */
int listen_on(const char *endpoint);

/*
 * The bare server: one thread, level-triggered epoll, one recv and one send
 * for what a wake-up brings. Serves the endpoints in argv, from the first
 * argument on, for ever.
 *
 * answer: writes the reply to a request's payload, framing included, to
 * `reply`, which has room for REPLY_ROOM bytes; returns its size.
 */
enum { REPLY_ROOM = 100100 };
typedef size_t answer_fn(const char *payload, size_t size, char *reply);
__attribute__((noreturn)) void serve(char **argv, answer_fn *answer);

/* Writes "SIZE:STATUSTEXT,", where the status ends in a space; returns its
 * size. */
size_t reply_format(
        const char *status, const char *text, size_t size, char *reply);

#endif
