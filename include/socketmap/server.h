/* SPDX-License-Identifier: MIT */
/*
 * The server: maps, listeners, limits, and three ways to drive it.
 *
 * A server belongs to one thread, the one that runs or dispatches it: call
 * everything from there, its lookup functions and log function included, but
 * for socketmap_server_stop and socketmap_server_serve_fd, which any thread
 * may call. Two servers in a process know nothing of each other. After a fork
 * the child may only exec.
 *
 * The library never logs by itself, never exits, and never touches signal
 * handlers: it does not raise SIGPIPE, whatever the program does with it.
 */
#ifndef SOCKETMAP_SERVER_H
#define SOCKETMAP_SERVER_H

#include <socketmap/request.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct socketmap_server;
struct socketmap_maps;
struct socketmap_listen_options;

/*
 * Flags of a map.
 * SOCKETMAP_INLINE: the lookup function never blocks, and runs on the server's
 *   own thread: the fast path. A function that breaks this promise delays
 *   everybody.
 * SOCKETMAP_BINARY: keys may hold NUL bytes. Without it such a key (or name,
 * for a default map) is answered TEMP, since a strcmp would find another key's
 * value.
 */
#define SOCKETMAP_INLINE 0x1u
#define SOCKETMAP_BINARY 0x2u

/*
 * Creates a server, or returns NULL when there is no memory. A NULL server may
 * be passed to the functions below that return int: they return -ENOMEM.
 */
SOCKETMAP_API struct socketmap_server *socketmap_server_new(void);

/*
 * Ends the server: closes listeners and connections at once, waits for running
 * lookup functions (not for holders of requests) and frees it. A unix socket
 * that it made is removed. Not from a callback.
 */
SOCKETMAP_API void socketmap_server_free(struct socketmap_server *server);

/*
 * Maps, the short form. Set-up errors stick: socketmap_server_run returns the
 * first one, so a program may check there alone.
 *
 * add_map registers `lookup` under `name` (any bytes but NUL and space, copied;
 * the empty name is legal). set_default_map answers every name that is not
 * registered; without one such a request gets TEMP.
 *
 * Return 0, -EEXIST (name known), -EINVAL (name or flags), -ENOMEM.
 */
SOCKETMAP_API int socketmap_server_add_map(struct socketmap_server *server,
        const char *name, socketmap_lookup_fn *lookup, void *ctx,
        unsigned flags);
SOCKETMAP_API int socketmap_server_set_default_map(
        struct socketmap_server *server, socketmap_lookup_fn *lookup, void *ctx,
        unsigned flags);

/*
 * A set of maps, to be put into place as a whole. Fill it on one thread, hand
 * it to as many servers and listeners as you like, free it: each of them keeps
 * a reference. It can't be changed once it has been handed out (-EBUSY).
 */
SOCKETMAP_API struct socketmap_maps *socketmap_maps_new(void);
SOCKETMAP_API void socketmap_maps_free(struct socketmap_maps *maps);

/*
 * Adds a map to a set; a NULL name is the default map.
 *
 * free_ctx: NULL, or called once with ctx when nobody uses the map any more:
 * set freed, and swapped out of or ended with every server, and the last
 * request of it released. It runs on the thread where that happens, and is
 * called as well when this function fails.
 *
 * Returns 0, -EEXIST, -EINVAL, -EBUSY, -ENOMEM.
 */
SOCKETMAP_API int socketmap_maps_add(struct socketmap_maps *maps,
        const char *name, socketmap_lookup_fn *lookup, void *ctx,
        void (*free_ctx)(void *ctx), unsigned flags);

/* What can be set for one map of a set; no meaning with SOCKETMAP_INLINE. */
enum socketmap_map_option {
        SOCKETMAP_MAP_WORKERS = 1, /* threads: 1 to 1,024, default 4 */
        SOCKETMAP_MAP_QUEUE        /* requests waiting for one: default 1,024 */
};

/*
 * Sets an option of the map `name` (NULL: the default map). Workers start when
 * they are needed. When the queue is full, or every worker is stuck in a
 * lookup past its deadline, requests to that map are answered TEMP at once.
 *
 * Returns 0, -ENOENT (no such map), -EINVAL (option), -ERANGE, -EBUSY.
 */
SOCKETMAP_API int socketmap_maps_set_option(struct socketmap_maps *maps,
        const char *name, enum socketmap_map_option option, uint64_t value);

/*
 * Replaces all maps of the server (those of its add_map included) by this set,
 * between two requests. Requests under way end on the old maps.
 *
 * Returns 0 or -ENOMEM.
 */
SOCKETMAP_API int socketmap_server_set_maps(
        struct socketmap_server *server, struct socketmap_maps *maps);

/*
 * What a listener may have besides its endpoint.
 * mode: of a unix socket's file; else the process's umask decides.
 * owner: of that file; (uid_t)-1 and (gid_t)-1 leave it as it is.
 * maps: its own set instead of the server's. Those of one name have the set of
 *   the last one that was opened.
 * name: by which it is found again, copied; any text, best one of its own.
 * filter: is asked about every new connection, on the server's thread, with
 *   the descriptor (borrowed); one that it answers 0 for is closed at once, and
 *   counted as refused.
 * path: of a unix socket given to listen_fd that is to be removed at the end
 *   as if the server had made it (takeover from another process).
 */
SOCKETMAP_API struct socketmap_listen_options *socketmap_listen_options_new(
        void);
SOCKETMAP_API void socketmap_listen_options_free(
        struct socketmap_listen_options *options);
SOCKETMAP_API void socketmap_listen_options_set_mode(
        struct socketmap_listen_options *options, mode_t mode);
SOCKETMAP_API void socketmap_listen_options_set_owner(
        struct socketmap_listen_options *options, uid_t uid, gid_t gid);
SOCKETMAP_API void socketmap_listen_options_set_maps(
        struct socketmap_listen_options *options, struct socketmap_maps *maps);
SOCKETMAP_API int socketmap_listen_options_set_name(
        struct socketmap_listen_options *options, const char *name);
SOCKETMAP_API void socketmap_listen_options_set_filter(
        struct socketmap_listen_options *options,
        int (*filter)(void *ctx, int fd), void *ctx);
SOCKETMAP_API int socketmap_listen_options_set_path(
        struct socketmap_listen_options *options, const char *path);

/*
 * Listens on an endpoint in Postfix's notation: "unix:PATH",
 * "inet:HOST:PORT", "inet:PORT" (localhost), "inet:[::1]:PORT". Port 0 takes a
 * free one. A host name is resolved here, which may block; every address it
 * has is listened on.
 *
 * A unix socket appears under its path with mode and owner already right. A
 * socket file that nobody answers on is replaced; one that somebody answers on
 * is -EADDRINUSE; what is not a socket is left alone: -EEXIST. A path that a
 * unix address cannot hold is -ENAMETOOLONG.
 *
 * options: NULL, or borrowed. Returns 0 or a negative errno, -ECANCELED when
 * the server drains.
 */
SOCKETMAP_API int socketmap_server_listen(struct socketmap_server *server,
        const char *endpoint, const struct socketmap_listen_options *options);

/*
 * Listens on a stream socket that already listens (socket activation). Takes
 * the descriptor: it is closed with the listener, and also on failure. Its
 * path, if any, is never removed.
 */
SOCKETMAP_API int socketmap_server_listen_fd(struct socketmap_server *server,
        int fd, const struct socketmap_listen_options *options);

/*
 * Serves one connected stream socket with the server's maps. Takes the
 * descriptor, also on failure. Any thread.
 */
SOCKETMAP_API int socketmap_server_serve_fd(
        struct socketmap_server *server, int fd);

/*
 * Writes the endpoint of the n-th listening socket (from 0), with the port it
 * really has, to `buffer`. Returns 0, -ENOENT, -ENOBUFS.
 */
SOCKETMAP_API int socketmap_server_get_endpoint(
        const struct socketmap_server *server, size_t n, char *buffer,
        size_t size);

/*
 * The n-th listening socket (from 0): its descriptor, borrowed, and the name it
 * was given ("" without one), borrowed as long as it is open. Returns 0 or
 * -ENOENT.
 */
SOCKETMAP_API int socketmap_server_get_listener(
        const struct socketmap_server *server, size_t n, int *ret_fd,
        const char **ret_name);

/*
 * Closes all listeners of that name; their connections stay. Returns how many
 * there were.
 */
SOCKETMAP_API int socketmap_server_close_listener(
        struct socketmap_server *server, const char *name);

/*
 * Gives all listeners of that name, and their connections, another set of maps
 * of their own; NULL: the server's. Between two requests, as
 * socketmap_server_set_maps does it. Returns 0, -ENOENT or -ENOMEM.
 */
SOCKETMAP_API int socketmap_server_set_listener_maps(
        struct socketmap_server *server, const char *name,
        struct socketmap_maps *maps);

/* A connection on its way from one server to another. */
struct socketmap_connection {
        int fd;
        const char *listener; /* its name, or "" */
        const void *unread;   /* bytes of a request that is not complete */
        size_t unread_size;
};

/*
 * Gives the server's sockets away, to a process that goes on with them: stops
 * accepting, without removing the files of unix sockets, and calls `give` for
 * each connection as soon as no lookup is under way on it and its replies are
 * sent. give takes the descriptor; the rest is borrowed until it returns. It
 * runs on the server's thread. run returns when none is left; a drain bounds
 * how long that may take.
 *
 * Returns 0, or -EALREADY when the server drains or gives already.
 */
SOCKETMAP_API int socketmap_server_give(struct socketmap_server *server,
        void (*give)(void *ctx, const struct socketmap_connection *connection),
        void *ctx);

/*
 * Serves a connection that was given away: by the maps of the listener of that
 * name, if there is one, else by the server's. Takes the descriptor, also on
 * failure; copies the unread bytes. Returns 0 or a negative errno, -ECANCELED
 * when the server drains.
 */
SOCKETMAP_API int socketmap_server_take(struct socketmap_server *server,
        const struct socketmap_connection *connection);

/* Limits; all can be changed while the server runs. */
enum socketmap_limit {
        /* Largest payload of a request, bytes: 131,072 (1 to 16 MiB). */
        SOCKETMAP_LIMIT_REQUEST_SIZE = 1,
        /* Largest payload of a reply, bytes: 100,000 (64 to 16 MiB). */
        SOCKETMAP_LIMIT_REPLY_SIZE,
        /* From a request's last byte to TIMEOUT, ms: 4,000 (1 to 90,000). */
        SOCKETMAP_LIMIT_DEADLINE,
        /* For the rest of a begun request, ms: 100,000 (1 to a day). */
        SOCKETMAP_LIMIT_PARTIAL,
        /* For a client that doesn't take its reply, ms: 100,000 (same). */
        SOCKETMAP_LIMIT_STALL,
        /* Connections: 4,096 (1 to 1,000,000). */
        SOCKETMAP_LIMIT_CONNECTIONS,
        /* Unfinished requests and unsent replies, bytes: 32 MiB. */
        SOCKETMAP_LIMIT_MEMORY,
        /* Length of the queue of a new listener: SOMAXCONN. */
        SOCKETMAP_LIMIT_BACKLOG
};

/* Sets a limit. Returns 0, -EINVAL (no such limit) or -ERANGE. */
SOCKETMAP_API int socketmap_server_set_limit(struct socketmap_server *server,
        enum socketmap_limit limit, uint64_t value);

/*
 * Serves until no listener and no connection is left, until the end of a
 * drain, or until a stop. Returns 0, or the first set-up error.
 */
SOCKETMAP_API int socketmap_server_run(struct socketmap_server *server);

/*
 * Makes run return (or dispatch return 0) soon; connections stay open until the
 * server is freed. Any thread, and signal handlers. NULL does nothing.
 */
SOCKETMAP_API void socketmap_server_stop(struct socketmap_server *server);

/*
 * Stops accepting, answers what has been read, and closes each connection when
 * its replies are sent; run returns when all are closed. What is still open
 * after `timeout` milliseconds is closed as it is; 0: no such bound, the
 * other limits hold. Returns 0.
 */
SOCKETMAP_API int socketmap_server_drain(
        struct socketmap_server *server, unsigned timeout);

/*
 * To drive the server from another event loop: a descriptor that polls
 * readable whenever socketmap_server_dispatch has something to do. It is the
 * server's own. Returns it or a negative errno.
 */
SOCKETMAP_API int socketmap_server_get_fd(struct socketmap_server *server);

/*
 * Does what is due, without blocking. Returns 1 while there is something to
 * serve, 0 when run would return, or the first set-up error. Not from a
 * callback.
 */
SOCKETMAP_API int socketmap_server_dispatch(struct socketmap_server *server);

/*
 * Copies the first set-up error to *ret_error (may be NULL). Returns 1, or 0
 * when there is none.
 */
SOCKETMAP_API int socketmap_server_get_error(
        const struct socketmap_server *server,
        struct socketmap_error *ret_error);

/* What the log function is told. */
enum socketmap_log_level {
        SOCKETMAP_LOG_ERROR = 1, /* the server cannot do its work */
        SOCKETMAP_LOG_WARNING,   /* a client or a lookup did wrong */
        SOCKETMAP_LOG_INFO       /* worth knowing */
};

/*
 * Sets a function that gets one line, without a newline, for each thing an
 * operator may want to know. It runs on the server's thread. NULL: none.
 */
SOCKETMAP_API void socketmap_server_set_log(struct socketmap_server *server,
        void (*log)(
                void *ctx, enum socketmap_log_level level, const char *line),
        void *ctx);

/* What a server counts, since it was made unless said otherwise. */
enum socketmap_counter {
        SOCKETMAP_COUNT_ACCEPTED = 1, /* connections taken */
        SOCKETMAP_COUNT_CONNECTIONS,  /* connections open now */
        SOCKETMAP_COUNT_REQUESTS,     /* requests read */
        SOCKETMAP_COUNT_OK,           /* replies, by status */
        SOCKETMAP_COUNT_NOTFOUND,
        SOCKETMAP_COUNT_TEMP,
        SOCKETMAP_COUNT_TIMEOUT,
        SOCKETMAP_COUNT_PERM,
        SOCKETMAP_COUNT_CANCELED,      /* client gone before the answer */
        SOCKETMAP_COUNT_BAD_FRAMES,    /* connections closed for framing */
        SOCKETMAP_COUNT_EXPIRED,       /* closed: partial or stalled */
        SOCKETMAP_COUNT_EVICTED,       /* closed to make room */
        SOCKETMAP_COUNT_ACCEPT_ERRORS, /* accept failed */
        SOCKETMAP_COUNT_QUEUE_FULL,    /* TEMP: no place among the workers */
        SOCKETMAP_COUNT_OVERRUNS,      /* lookups running past the deadline */
        SOCKETMAP_COUNT_MEMORY,        /* bytes of requests and replies now */
        SOCKETMAP_COUNT_REFUSED,       /* by a listener's filter */
        SOCKETMAP_COUNT_LATE           /* answers after the deadline */
};

/*
 * Returns a counter, 0 for one that doesn't exist; and its name, such as
 * "bad_frames", or NULL. Any thread.
 */
SOCKETMAP_API uint64_t socketmap_server_get_count(
        const struct socketmap_server *server, enum socketmap_counter counter);
SOCKETMAP_API const char *socketmap_counter_name(
        enum socketmap_counter counter);

#ifdef __cplusplus
}
#endif

#endif
