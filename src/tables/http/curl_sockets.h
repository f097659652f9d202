/* SPDX-License-Identifier: MIT */
/*
 * The sockets of a multi handle of libcurl's: those that it waits for, and kept
 * connections that nobody waits for. What a server says on one of these is no
 * answer to what it will be asked next: such a connection is ended. libcurl
 * (before 8.0) would take it for one.
 *
 * In one epoll, whose descriptor is readable when there is something to do.
 */
#ifndef TABLES_HTTP_CURL_SOCKETS_H
#define TABLES_HTTP_CURL_SOCKETS_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct curl_socket {
        bool is_connection; /* that libcurl may keep */
        bool is_shared;     /* it may say more than replies: HTTP/2 */
        bool is_idle;
        uint32_t watched; /* what the epoll has; 0: it hasn't this one */
};

struct curl_sockets {
        int epoll;
        struct curl_socket *list; /* by descriptor */
        size_t size;
        uint64_t looked_at; /* microseconds */
};

/* Returns 0 or a negative errno; then there is nothing to close. */
int curl_sockets_open(struct curl_sockets *sockets);
void curl_sockets_close(struct curl_sockets *sockets);

/* A connection's socket: made, and to be closed by libcurl. */
void curl_sockets_made(struct curl_sockets *sockets, int fd);
void curl_sockets_closed(struct curl_sockets *sockets, int fd);

/*
 * Waits for a socket to be ready, as CURLMOPT_SOCKETFUNCTION is told. One that
 * cannot be watched for want of memory is not told of, or libcurl would have
 * nothing to do with any socket any more: its request ends by its deadline.
 */
void curl_sockets_wait(struct curl_sockets *sockets, int fd, int what);

/* A connection on which requests share what a server says. */
void curl_sockets_share(struct curl_sockets *sockets, int fd);

struct curl_ready {
        int fd, mask; /* as curl_multi_socket_action takes them */
};

/*
 * Ends kept connections that are not quiet. Returns how many others are ready,
 * up to a limit.
 */
size_t curl_sockets_look(
        struct curl_sockets *sockets, struct curl_ready *ret_ready, size_t max);

/*
 * Ends kept connections that are not quiet, unless that was done a moment ago:
 * what comes within that is no later than what comes while a request is on its
 * way, which nobody can tell from its reply.
 */
void curl_sockets_settle(struct curl_sockets *sockets);

#endif
