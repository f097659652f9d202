/* SPDX-License-Identifier: MIT */
#include "tables/http/easy.h"
#include "base/events.h"
#include "tables/http/setup.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>

/* All headers of a reply, and of those before it, may have so many bytes. */
#define HEADER_SIZE_MAX ((size_t)65536)

/* Of a request: what is there for most, and the most that libcurl can do. */
#define HEAD_SIZE 65536
#define HEAD_SIZE_MAX ((size_t)1024 * 1024)

/* Takes a piece of the body; what is no value's is thrown away. */
static size_t take_body(char *data, size_t one, size_t size, void *ctx)
{
        struct http_easy *easy = ctx;
        const struct http_config *config = easy->config;
        long status = 0;

        (void)one;
        curl_easy_getinfo(easy->curl, CURLINFO_RESPONSE_CODE, &status);
        if (http_meaning_of(&config->statuses, status) != HTTP_FOUND)
                return size;
        if (size > config->options.max_size - easy->body.size) {
                easy->is_too_large = true;
                return 0;
        }
        if (bytes_reserve(&easy->body, size) < 0)
                return 0;
        memcpy(easy->body.data + easy->body.size, data, size);
        easy->body.size += size;
        return size;
}

/*
 * Looks at a line of the head. libcurl takes half of one for a whole one, when
 * the server closes the connection in it.
 */
static size_t take_header(char *data, size_t one, size_t size, void *ctx)
{
        struct http_easy *easy = ctx;

        (void)one;
        if (size >= 5 && memcmp(data, "HTTP/", 5) == 0)
                easy->has_head = false;
        else if (size > 0 && (data[0] == '\r' || data[0] == '\n'))
                easy->has_head = true;
        easy->header_size += size;
        return easy->header_size <= HEADER_SIZE_MAX ? size : 0;
}

#define SET(option, value) \
        (curl_easy_setopt(easy->curl, (option), (value)) == CURLE_OK)

static bool set_callbacks(struct http_easy *easy)
{
        return SET(CURLOPT_PRIVATE, easy) &&
               SET(CURLOPT_ERRORBUFFER, easy->error) &&
               SET(CURLOPT_WRITEFUNCTION, take_body) &&
               SET(CURLOPT_WRITEDATA, easy) &&
               SET(CURLOPT_HEADERFUNCTION, take_header) &&
               SET(CURLOPT_HEADERDATA, easy) &&
               SET(CURLOPT_HTTPHEADER, &easy->id);
}

static void begin_arena(struct http_easy *easy)
{
        arena_init(&easy->arena, easy->memory, sizeof(easy->memory), SIZE_MAX);
}

/*
 * Of a URL that does not matter for anything but the request libcurl need not
 * know more than the server: reading it would take as long as all that is ours.
 */
static int set_server(struct http_easy *easy)
{
        const struct http_config *config = easy->config;
        const char *proxy = config->options.proxy;

        if (!config->url.is_plain || config->options.redirects ||
                (proxy != NULL && *proxy != '\0'))
                return 0;
        easy->server = curl_url();
        if (easy->server == NULL || curl_url_set(easy->server, CURLUPART_URL,
                                            config->url.server, 0) != CURLUE_OK)
                return -ENOMEM;
        return SET(CURLOPT_CURLU, easy->server) ? 0 : -ENOTSUP;
}

int http_easy_init(struct http_easy *easy, const struct http_config *config)
{
        int r;

        *easy = (struct http_easy){.config = config, .kept = CURL_SOCKET_BAD};
        easy->id.data = easy->id_line;
        easy->id.next = config->headers;
        begin_arena(easy);
        if (getrandom(&easy->random, sizeof(easy->random), 0) < 0)
                return -errno;
        easy->curl = curl_easy_init();
        if (easy->curl == NULL)
                return -ENOMEM;
        if (!set_callbacks(easy))
                return -ENOTSUP;
        r = set_server(easy);
        return r < 0 ? r : http_setup(easy->curl, config);
}

void http_easy_fini(struct http_easy *easy)
{
        curl_easy_cleanup(easy->curl);
        easy->curl = NULL;
        curl_url_cleanup(easy->server);
        http_easy_end(easy);
        bytes_free(&easy->body);
}

/* Makes the name by which both sides find a request in their logs. */
static void name_request(struct http_easy *easy)
{
        snprintf(easy->id_line, sizeof(easy->id_line),
                "X-Request-Id: %016" PRIx64 "-%" PRIu64, easy->random,
                ++easy->count);
}

/*
 * What a socket does not take at once goes by libcurl's buffer, whose size it
 * must not exceed: of the rest of a head, libcurl 7.88 loses what is more.
 */
static bool set_size(struct http_easy *easy, size_t url_size)
{
        long size = HEAD_SIZE;

        if (url_size > HEAD_SIZE_MAX - HEAD_SIZE)
                return false;
        if (url_size > HEAD_SIZE / 2)
                size += (long)url_size;
        if (size == easy->head_size)
                return true;
        easy->head_size = size;
        return SET(CURLOPT_UPLOAD_BUFFERSIZE, size);
}

static bool tell_url(struct http_easy *easy, const char *url)
{
        if (easy->server == NULL)
                return SET(CURLOPT_URL, url);
        url += strlen(easy->config->url.server);
        return SET(CURLOPT_REQUEST_TARGET, url);
}

static int set_url(struct http_easy *easy, struct lookup *lookup)
{
        const struct http_config *config = easy->config;
        struct span url;
        int r = template_expand_key(db_common_template(config->common),
                lookup->key, http_url_quote, NULL, &easy->arena, &url);

        if (r <= 0) {
                lookup_failed(lookup, "no url for this key");
                return r < 0 ? r : -EINVAL;
        }
        if (http_url_is_ambiguous(url.data)) {
                lookup_failed(lookup,
                        "%s: the server could take the path with this key for "
                        "another one: write the key behind a \"?\"",
                        config->url.server);
                return -EINVAL;
        }
        if (config->options.unix_socket != NULL)
                lookup_trace(lookup, "asks at %s", config->options.unix_socket);
        lookup_trace(lookup, "%s %s", config->options.method, url.data);
        if (set_size(easy, url.size) && tell_url(easy, url.data))
                return 0;
        lookup_failed(lookup, "the url is too long with this key");
        return -ENOMEM;
}

/* libcurl sends it from where it stands. */
static int set_body(struct http_easy *easy, struct lookup *lookup)
{
        const struct http_config *config = easy->config;
        struct span body = {"", 0};
        int r = 1;

        if (config->options.body != NULL)
                r = template_expand_key(&config->body.template, lookup->key,
                        config->body.quote, NULL, &easy->arena, &body);
        if (r == -EILSEQ) {
                lookup_failed(lookup, "the key is not UTF-8, as JSON is");
                return r;
        }
        if (config->options.body != NULL && r > 0)
                lookup_trace(lookup, "body: %s", body.data);
        if (r > 0 && SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size) &&
                SET(CURLOPT_POSTFIELDS, body.data))
                return 0;
        lookup_failed(lookup, "no body for this key");
        return r < 0 ? r : -EINVAL;
}

int http_easy_begin(struct http_easy *easy, struct lookup *lookup)
{
        int r;

        name_request(easy);
        r = set_url(easy, lookup);
        if (r == 0 && easy->config->has_body)
                r = set_body(easy, lookup);
        if (r == 0)
                lookup_trace(lookup, "%s", easy->id_line);
        return r;
}

void http_easy_end(struct http_easy *easy)
{
        arena_fini(&easy->arena);
        begin_arena(easy);
        if (easy->body.capacity > HTTP_EASY_MEMORY)
                bytes_free(&easy->body);
        easy->body.size = 0;
        easy->header_size = 0;
        easy->has_head = false;
        easy->is_too_large = false;
        easy->error[0] = '\0';
}

bool http_easy_is_unreachable(CURLcode code)
{
        return code == CURLE_COULDNT_CONNECT ||
               code == CURLE_COULDNT_RESOLVE_HOST ||
               code == CURLE_COULDNT_RESOLVE_PROXY;
}

bool http_easy_shares(const struct http_easy *easy)
{
        long version = 0;

        curl_easy_getinfo(easy->curl, CURLINFO_HTTP_VERSION, &version);
        return version >= CURL_HTTP_VERSION_2_0;
}

/* Returns a header of the last reply, or NULL: there are not so many of it. */
static const struct curl_header *find_header(
        const struct http_easy *easy, const char *name, size_t index)
{
        struct curl_header *header;

        return curl_easy_header(easy->curl, name, index, CURLH_HEADER, -1,
                       &header) == CURLHE_OK
                       ? header
                       : NULL;
}

/* Whether there are two lengths, of which libcurl takes one. */
static bool has_two_lengths(const struct http_easy *easy)
{
        const char *name = "Content-Length";
        const struct curl_header *header = find_header(easy, name, 0);
        char first[32];

        if (header == NULL || header->amount < 2)
                return false;
        snprintf(first, sizeof(first), "%s", header->value);
        for (size_t i = 1; (header = find_header(easy, name, i)) != NULL; i++)
                if (strcmp(first, header->value) != 0)
                        return true;
        return false;
}

/* Without a length, half of a body looks like a whole one. */
static bool is_whole(const struct http_easy *easy)
{
        const struct curl_header *header;
        curl_off_t length = -1;

        if (http_easy_shares(easy))
                return true;
        header = find_header(easy, "Transfer-Encoding", 0);
        if (header != NULL)
                return strcasestr(header->value, "chunked") != NULL;
        curl_easy_getinfo(
                easy->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
        return length >= 0 && !has_two_lengths(easy);
}

static void answer_reply(struct http_easy *easy, struct lookup *lookup)
{
        const struct http_config *config = easy->config;
        const char *server = config->url.server;
        const struct span body = {easy->body.data, easy->body.size};
        long status = 0;

        curl_easy_getinfo(easy->curl, CURLINFO_RESPONSE_CODE, &status);
        lookup_trace(lookup, "status %ld, %zu bytes", status, body.size);
        switch (http_meaning_of(&config->statuses, status)) {
        case HTTP_NOT_FOUND:
                lookup_absent(lookup);
                return;
        case HTTP_FOUND:
                if (config->method == HTTP_HEAD || is_whole(easy))
                        http_result_answer(&config->result, server,
                                config->common, status, body, lookup);
                else
                        lookup_failed(lookup,
                                "%s: the reply does not tell one length: it "
                                "may be half of one",
                                server);
                return;
        case HTTP_FAILED:
        default:
                lookup_failed(lookup, "%s: status %ld: %s", server, status,
                        http_status_advice(status));
        }
}

/* libcurl would tell after how many milliseconds, too: no two are the same. */
static void fail_connect(const struct http_easy *easy, struct lookup *lookup)
{
        const char *server = easy->config->url.server;
        const char *text = curl_easy_strerror(CURLE_COULDNT_CONNECT);
        long error = 0;

        curl_easy_getinfo(easy->curl, CURLINFO_OS_ERRNO, &error);
        if (error != 0)
                lookup_failed(lookup, "%s: %s: %s", server, text,
                        strerror((int)error));
        else
                lookup_failed(lookup, "%s: %s", server, text);
}

void http_easy_answer(
        struct http_easy *easy, CURLcode code, struct lookup *lookup)
{
        const struct http_config *config = easy->config;
        const char *server = config->url.server;

        if (code == CURLE_OK && easy->has_head)
                answer_reply(easy, lookup);
        else if (code == CURLE_OK)
                lookup_failed(lookup,
                        "%s: the connection was closed in the head of the "
                        "reply",
                        server);
        else if (easy->is_too_large)
                lookup_failed(lookup,
                        "%s: the reply has more than %" PRIu64
                        " bytes (max_size)",
                        server, config->options.max_size);
        else if (easy->header_size > HEADER_SIZE_MAX)
                lookup_failed(lookup,
                        "%s: the headers of the reply are too long", server);
        else if (code == CURLE_OPERATION_TIMEDOUT)
                lookup_failed(lookup, "%s: no answer in time", server);
        else if (code == CURLE_COULDNT_CONNECT)
                fail_connect(easy, lookup);
        else
                lookup_failed(lookup, "%s: %s", server,
                        easy->error[0] != '\0' ? easy->error
                                               : curl_easy_strerror(code));
}

uint64_t http_easy_deadline(
        const struct http_config *config, const struct lookup *lookup)
{
        uint64_t last = events_now() + config->options.timeout * 1000;

        return lookup->deadline < last ? lookup->deadline : last;
}

/*
 * Whether nothing was said on the kept connection since its last reply: that
 * would be no answer to the next request.
 */
static bool is_quiet(const struct http_easy *easy)
{
        char byte;

        return easy->kept == CURL_SOCKET_BAD || http_easy_shares(easy) ||
               (recv(easy->kept, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
                       errno == EAGAIN);
}

static CURLcode perform(struct http_easy *easy)
{
        CURLcode code = curl_easy_perform(easy->curl);

        curl_easy_getinfo(easy->curl, CURLINFO_ACTIVESOCKET, &easy->kept);
        return code;
}

void http_easy_wait(struct http_easy *easy, struct lookup *lookup)
{
        uint64_t now = events_now();
        uint64_t deadline = http_easy_deadline(easy->config, lookup);

        if (now >= deadline) {
                lookup_failed(lookup, "%s: no time left to ask",
                        easy->config->url.server);
                return;
        }
        if (http_easy_begin(easy, lookup) < 0)
                return;
        if (!SET(CURLOPT_TIMEOUT_MS, (long)(deadline - now)) ||
                !SET(CURLOPT_FRESH_CONNECT, is_quiet(easy) ? 0L : 1L)) {
                lookup_failed(lookup, "out of memory");
                return;
        }
        http_easy_answer(easy, perform(easy), lookup);
}
