/* SPDX-License-Identifier: MIT */
#include "tables/http/config.h"
#include "base/secret.h"
#include "tables/http/headers.h"
#include "tables/http/proxy.h"
#include "tables/support/pem.h"
#include <errno.h>
#include <stdlib.h>

/* What is being read. */
struct reading {
        const struct table_env *env;
        struct cf cf;
        struct http_config *config;
        struct file_state state;
        bool must_be_tls;
        struct reason *reason; /* for the caller */
};

static int refuse(struct reading *reading, int code, const char *text)
{
        return cf_refuse(&reading->cf, code, text, reading->reason);
}

static int refuse_memory(struct reading *reading)
{
        return cf_refuse_memory(reading->cf.file, reading->reason);
}

static int read_method(struct reading *reading)
{
        static const char *const names[] = {
                [HTTP_GET] = "GET",
                [HTTP_HEAD] = "HEAD",
                [HTTP_POST] = "POST",
                [HTTP_PUT] = "PUT",
        };
        const char *method = reading->config->options.method;

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (strcmp(method, names[i]) == 0) {
                        reading->config->method = (enum http_method)i;
                        return 0;
                }
        return refuse(
                reading, -EBADMSG, "method: there are GET, HEAD, POST and PUT");
}

static int read_url(struct reading *reading)
{
        struct http_config *config = reading->config;
        const struct http_options *options = &config->options;
        const struct db_common_options common = {
                .query = options->url,
                .query_name = "url",
                .result_format = options->result_format,
                .domain = options->domain,
                .expansion_limit = options->expansion_limit,
        };
        struct reason why;
        int r;

        if (options->url == NULL)
                return refuse(reading, -EBADMSG, "url is missing");
        r = http_url_parse(options->url, &config->arena, &config->url, &why);
        if (r < 0)
                return refuse(reading, r, why.text);
        if (reading->must_be_tls && !config->url.is_tls)
                return refuse(reading, -EBADMSG,
                        "url: no https: write http: before the file's name");
        config->common = db_common_open(reading->env, &common, &why);
        if (config->common == NULL)
                return refuse(reading, why.code, why.text);
        return 0;
}

static int read_body(struct reading *reading)
{
        struct http_config *config = reading->config;
        const struct http_options *options = &config->options;
        bool may_have =
                config->method == HTTP_POST || config->method == HTTP_PUT;
        struct reason why;
        int r = 0;

        if (options->body != NULL && !may_have)
                return refuse(
                        reading, -EBADMSG, "body: only POST and PUT have one");
        config->has_body = may_have;
        if (options->body != NULL)
                r = http_body_parse(options->body, options->content_type,
                        &config->arena, &config->body, &why);
        return r < 0 ? refuse(reading, r, why.text) : 0;
}

static int read_result(struct reading *reading)
{
        struct http_config *config = reading->config;
        struct http_options *options = &config->options;
        struct reason why;
        int r = http_statuses_parse(options->found_status,
                options->notfound_status, &config->statuses, &why);

        if (options->result == NULL)
                options->result =
                        config->method == HTTP_HEAD ? "status" : "body";
        if (r == 0)
                r = http_result_parse(options->result, options->notfound_result,
                        &config->arena, &config->result, &why);
        if (r < 0)
                return refuse(reading, r, why.text);
        if (config->method == HTTP_HEAD &&
                config->result.kind != HTTP_RESULT_STATUS)
                return refuse(reading, -EBADMSG,
                        "result: replies to HEAD have nothing but a status");
        return 0;
}

static int read_headers(struct reading *reading)
{
        struct http_config *config = reading->config;
        struct reason why;
        int r = http_headers_parse(
                config->options.headers, &config->headers, &why);

        if (r == 0 && config->options.body != NULL)
                r = http_headers_add("Content-Type",
                        config->options.content_type, &config->headers, &why);
        /* No reply says "go on" before a body that is that short. */
        if (r == 0 && config->has_body)
                r = http_headers_omit("Expect", &config->headers, &why);
        return r < 0 ? refuse(reading, r, why.text) : 0;
}

static int read_token(struct reading *reading)
{
        struct http_config *config = reading->config;
        struct reason why;
        int r;

        if (config->options.token_file == NULL)
                return 0;
        r = secret_read(config->options.token_file, &config->arena,
                &config->token, &why);
        if (r < 0) {
                struct reason text;

                reason_set(&text, "token_file: %s", why.text);
                return refuse(reading, r, text.text);
        }
        if (!http_headers_can_hold(config->token))
                return refuse(reading, -EBADMSG,
                        "token_file: it holds what can be no token");
        return 0;
}

static int check_secrets(struct reading *reading)
{
        const struct http_config *config = reading->config;
        const struct http_options *options = &config->options;
        bool has_user = options->user != NULL;

        if (has_user != (options->password != NULL))
                return refuse(reading, -EBADMSG,
                        has_user ? "user: without a password"
                                 : "password: without a user");
        if (has_user && config->token != NULL)
                return refuse(reading, -EBADMSG,
                        "token_file and user: write one of them");
        if (has_user && (strchr(options->user, ':') != NULL ||
                                !http_headers_can_hold(options->user)))
                return refuse(reading, -EBADMSG,
                        "user: basic authentication has no such names");
        return 0;
}

/* Files that it names, for the reader of the rest. */
struct named_file {
        const char *option, *name;
        bool is_pem;
};

#define NAMED_FILES 4

static void list_files(
        const struct http_options *options, struct named_file *files)
{
        files[0] = (struct named_file){"ca_file", options->ca_file, true};
        files[1] = (struct named_file){"cert_file", options->cert_file, true};
        files[2] = (struct named_file){"key_file", options->key_file, false};
        files[3] =
                (struct named_file){"unix_socket", options->unix_socket, false};
}

static int check_file(struct reading *reading, const struct named_file *file)
{
        struct reason why, text;
        int r;

        if (file->name == NULL)
                return 0;
        if (file->name[0] != '/') {
                reason_set(&text, "%s: write an absolute path", file->option);
                return refuse(reading, -EBADMSG, text.text);
        }
        if (!file->is_pem)
                return 0;
        r = pem_check(file->name, &why);
        if (r == 0)
                return 0;
        reason_set(&text, "%s: %s", file->option, why.text);
        return refuse(reading, r, text.text);
}

/* Files that only libcurl reads: each connection may, so they are looked at. */
static int check_files(struct reading *reading)
{
        const struct http_options *options = &reading->config->options;
        struct named_file files[NAMED_FILES];
        int r = 0;

        list_files(options, files);
        for (size_t i = 0; i < NAMED_FILES && r == 0; i++)
                r = check_file(reading, &files[i]);
        if (r == 0 && options->key_file != NULL && options->cert_file == NULL)
                r = refuse(reading, -EBADMSG, "key_file: without a cert_file");
        return r;
}

static int check_proxy(struct reading *reading)
{
        const char *proxy = reading->config->options.proxy;
        struct reason why;
        int r = proxy != NULL ? http_proxy_check(proxy, &why) : 0;

        return r < 0 ? refuse(reading, r, why.text) : 0;
}

static void warn(struct reading *reading)
{
        const struct http_config *config = reading->config;
        const struct http_options *options = &config->options;
        bool is_local = config->url.is_local || options->unix_socket != NULL;

        if (config->url.is_tls && !options->verify)
                cf_warn(&reading->cf,
                        "verify: anybody on the way can answer for the server");
        if ((config->token != NULL || options->user != NULL) &&
                !config->url.is_tls && !is_local)
                cf_warn(&reading->cf,
                        "url: the token or password is sent unencrypted");
}

/* Adds a file to those that the table is made of, as it is now. */
static int note_file(
        struct reading *reading, const char *option, const char *name)
{
        struct http_config *config = reading->config;
        struct table_file *file = &config->files[config->file_count];
        struct reason text;
        int r;

        if (name == NULL)
                return 0;
        file->name = arena_copy(&config->arena, span_of(name));
        if (file->name == NULL)
                return refuse_memory(reading);
        r = file_state_get(name, &file->state);
        if (r < 0) {
                reason_set_errno(&text, r, "%s: %s", option, name);
                return refuse(reading, r, text.text);
        }
        config->file_count++;
        return 0;
}

/*
 * The file with the options, those of the list of domains, and what it names:
 * tokens and certificates are replaced from time to time.
 */
static int note_files(struct reading *reading)
{
        struct http_config *config = reading->config;
        const struct http_options *options = &config->options;
        const char *token = options->token_file;
        struct table_file own = {reading->cf.file, reading->state};
        size_t count;
        const struct table_file *more = db_common_files(config->common, &count);
        int r;

        config->files = arena_alloc(&config->arena,
                (count + 1 + NAMED_FILES) * sizeof(*config->files));
        own.name = arena_copy(&config->arena, span_of(own.name));
        if (config->files == NULL || own.name == NULL)
                return refuse_memory(reading);
        config->files[0] = own;
        if (count > 0)
                memcpy(config->files + 1, more, count * sizeof(*more));
        config->file_count = count + 1;
        r = note_file(reading, "ca_file", options->ca_file);
        if (r == 0)
                r = note_file(reading, "cert_file", options->cert_file);
        if (r == 0)
                r = note_file(reading, "key_file", options->key_file);
        if (r == 0 && token != NULL && token[0] == '/')
                r = note_file(reading, "token_file", token);
        return r;
}

static int read_options(struct reading *reading)
{
        struct http_config *config = reading->config;
        int r = file_state_get(reading->cf.file, &reading->state);

        if (r < 0) {
                reason_set_errno(reading->reason, r, "%s", reading->cf.file);
                return r;
        }
        r = cf_load(&reading->cf, &config->options, reading->reason);
        if (r < 0)
                return r;
        if (config->options.headers == NULL)
                config->options.headers = "";
        if (config->options.notfound_result == NULL)
                config->options.notfound_result = "";
        return 0;
}

/* What a file holds is read after its state. */
static int (*const steps[])(struct reading *reading) = {
        read_options,
        read_method,
        read_url,
        read_body,
        read_result,
        read_headers,
        check_proxy,
        check_files,
        note_files,
        read_token,
        check_secrets,
};

struct http_config *http_config_open(const struct table_env *env,
        const char *file, bool must_be_tls, struct reason *ret_reason)
{
        struct reading reading = {
                .env = env,
                .cf = {.file = file,
                        .options = http_config_options,
                        .report = env->report},
                .config = calloc(1, sizeof(*reading.config)),
                .must_be_tls = must_be_tls,
                .reason = ret_reason,
        };

        if (reading.config == NULL) {
                refuse_memory(&reading);
                return NULL;
        }
        arena_init(&reading.config->arena, NULL, 0, SIZE_MAX);
        reading.cf.arena = &reading.config->arena;
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
                if (steps[i](&reading) == 0)
                        continue;
                http_config_close(reading.config);
                return NULL;
        }
        warn(&reading);
        return reading.config;
}

void http_config_close(struct http_config *config)
{
        if (config == NULL)
                return;
        curl_slist_free_all(config->headers);
        db_common_close(config->common);
        arena_fini(&config->arena);
        free(config);
}

int http_config_allows(const struct http_config *config, struct lookup *lookup)
{
        int r = db_common_allows(config->common, lookup, lookup->key);

        if (r <= 0 || config->options.body == NULL)
                return r;
        if (template_needs_met(&config->body.template.needs, lookup->key))
                return 1;
        lookup_trace(lookup, "the key lacks what body needs of it: not asked");
        return 0;
}
