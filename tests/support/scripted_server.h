/* SPDX-License-Identifier: MIT */
/*
 * A socketmap server that does what a script says, also what no server should
 * do, on a thread of its own.
 */
#ifndef SUPPORT_SCRIPTED_SERVER_H
#define SUPPORT_SCRIPTED_SERVER_H

#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>

/*
 * What the server does next. A turn accepts a connection when there is none
 * (or the client has closed it), reads one request, and sends the bytes.
 */
struct turn {
        const char *bytes;
        size_t size;
        size_t chunk;      /* bytes a write, 0: all at once */
        const char *later; /* sent by another write, when the reply is out */
        int closes;        /* the connection, at the end */
        int unread;        /* closes without reading the request */
};

struct scripted_server {
        const struct turn *turns;
        size_t count;
        int listener;
        int reserved;   /* the port of ::1, -1: none */
        int connection; /* -1: none */
        pthread_t thread;
        sem_t turned; /* posted at the end of each turn */
        char directory[32];
        char endpoint[128];

        /* To be read when the server has been stopped. */
        size_t accepted;
        char *request; /* the last one's bytes, framing included */
        size_t request_size;
};

/*
 * Starts a server on a unix socket in a new directory, or on a free port of
 * 127.0.0.1 (nobody listens on the same port of ::1). Exits on failure.
 */
void scripted_server_start(struct scripted_server *server, int family,
        const struct turn *turns, size_t count);

/* Waits for the end of one more turn. */
void scripted_server_wait(struct scripted_server *server);

/* Ends it. The clients must have closed their connections before. */
void scripted_server_stop(struct scripted_server *server);

/* Frees what can be read after the stop. */
void scripted_server_fini(struct scripted_server *server);

#endif
