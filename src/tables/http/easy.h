/* SPDX-License-Identifier: MIT */
/*
 * One request at a time, and its reply: a handle of libcurl's with all that it
 * needs. Connections are kept by it, or by the multi handle that it is in.
 */
#ifndef TABLES_HTTP_EASY_H
#define TABLES_HTTP_EASY_H

#include "tables/http/config.h"
#include "tables/support/channel.h"
#include <curl/curl.h>
#include <stddef.h>

/* What most requests, and most replies, need not more than, in bytes. */
#define HTTP_EASY_MEMORY 1024

struct http_easy {
        CURL *curl;
        const struct http_config *config;
        struct arena arena; /* the request's, while it is under way */
        max_align_t memory[HTTP_EASY_MEMORY / sizeof(max_align_t)]; /* of it */
        CURLU *server;     /* NULL: each request has a whole URL */
        long head_size;    /* that a head may have, so far; 0: not set */
        struct bytes body; /* of the reply */
        size_t header_size;
        bool has_head; /* whole, of the last reply */
        bool is_too_large;
        curl_socket_t kept;   /* of the last one that has waited */
        struct curl_slist id; /* before the headers of the config */
        char id_line[64];     /* the header of this request alone */
        uint64_t random, count;
        char error[CURL_ERROR_SIZE];
};

/*
 * Begins in the caller's memory, which must not move; borrows the config.
 * Returns 0; -ENOMEM, -ENOTSUP, or that there are no random numbers. To be
 * ended in any case.
 */
int http_easy_init(struct http_easy *easy, const struct http_config *config);
void http_easy_fini(struct http_easy *easy);

/*
 * Prepares the request for a key. Returns 0; or a negative errno, and the
 * lookup has failed.
 */
int http_easy_begin(struct http_easy *easy, struct lookup *lookup);

/* Gives the lookup its answer, from what libcurl says became of it. */
void http_easy_answer(
        struct http_easy *easy, CURLcode code, struct lookup *lookup);

/* Says that the server could not be reached at all. */
bool http_easy_is_unreachable(CURLcode code);

/* Says that the reply came over a connection that has several at a time. */
bool http_easy_shares(const struct http_easy *easy);

/* Lets go of the request and its reply, answered or not. */
void http_easy_end(struct http_easy *easy);

/* Asks, and waits for the reply. */
void http_easy_wait(struct http_easy *easy, struct lookup *lookup);

/* Returns when the lookup has to be answered, by its deadline and timeout. */
uint64_t http_easy_deadline(
        const struct http_config *config, const struct lookup *lookup);

#endif
