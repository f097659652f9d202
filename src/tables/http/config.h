/* SPDX-License-Identifier: MIT */
/* What the FILE.cf of an HTTP table says, checked and taken to pieces. */
#ifndef TABLES_HTTP_CONFIG_H
#define TABLES_HTTP_CONFIG_H

#include "base/cf.h"
#include "tables/http/body.h"
#include "tables/http/result.h"
#include "tables/http/status.h"
#include "tables/http/url.h"

struct curl_slist;

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT };

/* The options, by their names. */
struct http_options {
        const char *url, *method, *headers, *body, *content_type, *user_agent;
        const char *found_status, *notfound_status, *result, *notfound_result;
        const char *result_format, *domain;
        uint64_t expansion_limit;
        const char *token_file, *user, *password;
        bool verify, redirects;
        const char *ca_file, *cert_file, *key_file, *unix_socket, *proxy;
        uint64_t max_size, timeout, connections;
};

extern const struct cf_option http_config_options[];

/* Constant once it is open: for any thread. */
struct http_config {
        struct http_options options;
        enum http_method method;
        struct db_common *common; /* its query is the URL */
        struct http_url url;
        struct http_body body;
        bool has_body;
        struct http_statuses statuses;
        struct http_result result;
        struct curl_slist *headers;
        const char *token; /* NULL: none */
        struct table_file *files;
        size_t file_count;
        struct arena arena;
};

/*
 * Reads a file. must_be_tls: other URLs than https are refused. No server is
 * asked. Returns NULL with the reason: -EBADMSG for what is wrong in the file.
 */
struct http_config *http_config_open(const struct table_env *env,
        const char *file, bool must_be_tls, struct reason *ret_reason);

/* NULL does nothing. */
void http_config_close(struct http_config *config);

/* Whether a key has all that the URL, the body and the result need of it. */
int http_config_allows(const struct http_config *config, struct lookup *lookup);

#endif
