/* SPDX-License-Identifier: MIT */
#include "tables/http/table.h"
#include "tables/http/client.h"
#include "tables/http/easy.h"
#include "tables/http/setup.h"
#include "tables/support/aside.h"
#include "tables/support/path.h"
#include <errno.h>
#include <stdlib.h>

struct http_table {
        struct table table;
        struct http_config *config;
        struct aside *aside; /* has the config; NULL: only those who wait ask */
        bool has_easy;
        struct http_easy easy; /* for those who wait */
};

static int begin_easy(struct http_table *http, struct reason *ret_reason)
{
        int r;

        if (http->has_easy)
                return 0;
        r = http_easy_init(&http->easy, http->config);
        if (r == 0) {
                http->has_easy = true;
                return 0;
        }
        http_easy_fini(&http->easy);
        reason_set_errno(ret_reason, r, "libcurl");
        return r;
}

static void end_easy(struct http_table *http)
{
        if (http->has_easy)
                http_easy_fini(&http->easy);
        http->has_easy = false;
}

void http_close(struct table *table)
{
        struct http_table *http = (struct http_table *)table;

        end_easy(http);
        if (http->aside == NULL)
                http_config_close(http->config);
        aside_close(http->aside);
        free(http);
}

/* Returns 0 or -ENOMEM. */
static int open_aside(struct http_table *http, const struct table_env *env)
{
        struct http_client *client = http_client_new(env, http->config);

        if (client == NULL)
                return -ENOMEM;
        http->aside = aside_new(env, &http_client_type, client);
        if (http->aside != NULL)
                return 0;
        http->config = NULL; /* the client's */
        http_client_type.end(client);
        return -ENOMEM;
}

/* Tries what libcurl can do, too: that is better told before it is asked. */
static int open_parts(struct http_table *http, const struct table_env *env,
        const char *file, bool must_be_tls, struct reason *ret_reason)
{
        int r = http_setup_check(ret_reason);

        if (r < 0)
                return r;
        http->config = http_config_open(env, file, must_be_tls, ret_reason);
        if (http->config == NULL)
                return ret_reason->code;
        r = begin_easy(http, ret_reason);
        if (r < 0)
                return r;
        end_easy(http);
        r = env->events != NULL ? open_aside(http, env) : 0;
        if (r < 0)
                reason_set_errno(ret_reason, r, "%s", file);
        return r;
}

struct table *http_open(const struct table_env *env,
        const struct table_type *type, const char *file, bool must_be_tls,
        struct reason *ret_reason)
{
        struct http_table *http;

        if (path_check_cf(type->name, file, ret_reason) < 0)
                return NULL;
        http = calloc(1, sizeof(*http));
        if (http == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "%s", file);
                return NULL;
        }
        if (open_parts(http, env, file, must_be_tls, ret_reason) < 0) {
                http_close(&http->table);
                return NULL;
        }
        http->table = (struct table){
                .type = type,
                .files = http->config->files,
                .file_count = http->config->file_count,
                .entries = SIZE_MAX,
                .pends = true,
        };
        return &http->table;
}

static enum progress wait(struct http_table *http, struct lookup *lookup)
{
        struct reason reason;

        if (begin_easy(http, &reason) < 0)
                return lookup_failed(lookup, "%s", reason.text);
        http_easy_wait(&http->easy, lookup);
        http_easy_end(&http->easy);
        if (http->aside != NULL)
                end_easy(http);
        return LOOKUP_DONE;
}

enum progress http_start(struct table *table, struct lookup *lookup)
{
        struct http_table *http = (struct http_table *)table;
        int r = http_config_allows(http->config, lookup);

        if (r < 0)
                return LOOKUP_DONE;
        if (r == 0)
                return lookup_absent(lookup);
        if (lookup->finish == NULL)
                return wait(http, lookup);
        return aside_start(http->aside, lookup);
}

void http_cancel(struct table *table, struct lookup *lookup)
{
        aside_cancel(((struct http_table *)table)->aside, lookup);
}
