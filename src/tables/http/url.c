/* SPDX-License-Identifier: MIT */
#include "tables/http/url.h"
#include "tables/support/template.h"
#include <curl/curl.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

/* It has all that a template may need of a key. */
#define SAMPLE_KEY "u@a.b.c.d.e.f.g.h.i.j"

static bool is_unreserved(char byte)
{
        return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
               (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' ||
               byte == '_' || byte == '~';
}

int http_url_quote(void *ctx, struct span part, struct arena *arena,
        struct span *ret_quoted)
{
        static const char digits[] = "0123456789ABCDEF";
        size_t size = 0;
        char *quoted;

        (void)ctx;
        if (part.size > SIZE_MAX / 3 - 1)
                return -ENOMEM;
        quoted = arena_bytes(arena, part.size * 3 + 1);
        if (quoted == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < part.size; i++) {
                unsigned char byte = (unsigned char)part.data[i];

                if (is_unreserved(part.data[i])) {
                        quoted[size++] = part.data[i];
                        continue;
                }
                quoted[size++] = '%';
                quoted[size++] = digits[byte >> 4];
                quoted[size++] = digits[byte & 15];
        }
        *ret_quoted = (struct span){quoted, size};
        return 0;
}

/* Returns what follows "scheme://", or NULL. */
static const char *find_authority(const char *url)
{
        const char *colon = strstr(url, "://");

        return colon != NULL ? colon + strlen("://") : NULL;
}

/* Takes the next byte off the path as a server reads it. */
static char take_byte(const char **path, bool *ret_is_coded)
{
        const char *at = *path;
        char code[3] = {'\0'};

        *ret_is_coded = false;
        (*path)++;
        if (*at != '%' || at[1] == '\0' || at[2] == '\0')
                return *at;
        memcpy(code, at + 1, 2);
        *ret_is_coded = true;
        *path += 2;
        return (char)strtoul(code, NULL, 16);
}

static bool is_slash(char byte)
{
        return byte == '/' || byte == '\\';
}

bool http_url_is_ambiguous(const char *url)
{
        const char *path = find_authority(url);
        size_t size = 0, dots = 0;
        bool is_after_coded = false, is_coded;

        path += strcspn(path, "/?#");
        if (*path != '/')
                return false;
        path++;
        for (;;) {
                bool is_end = *path == '\0' || *path == '?' || *path == '#';
                char byte = is_end ? '/' : take_byte(&path, &is_coded);

                if (!is_slash(byte)) {
                        size++;
                        dots += byte == '.';
                        continue;
                }
                is_coded = !is_end && is_coded;
                if (size == dots && (size == 1 || size == 2))
                        return true;
                if (size == 0 && (is_coded || is_after_coded))
                        return true;
                if (is_end)
                        return false;
                is_after_coded = is_coded;
                size = dots = 0;
        }
}

static int refuse(struct reason *ret_reason, const char *text)
{
        reason_set(ret_reason, "url: %s", text);
        return -EINVAL;
}

static int refuse_memory(struct reason *ret_reason)
{
        reason_set_errno(ret_reason, -ENOMEM, "url");
        return -ENOMEM;
}

/* Says whether "url" names a server of one of these names of this host. */
static bool is_local(const char *host)
{
        return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
               strncmp(host, "127.", 4) == 0;
}

/* Whether it is a path, maybe with a query, that needs no reading. */
static bool is_plain(const char *target)
{
        if (*target != '/')
                return false;
        while (*target > ' ' && *target <= '~' && *target != '#')
                target++;
        return *target == '\0';
}

/* Takes the URL to pieces by the library that is going to use it. */
static int read_parts(CURLU *parts, const char *sample, struct arena *arena,
        struct http_url *url, struct reason *ret_reason)
{
        const char *start = find_authority(sample);
        size_t size = (size_t)(start - sample) + strcspn(start, "/?#");
        char *scheme = NULL, *host = NULL, *user = NULL;
        CURLUcode code = curl_url_set(parts, CURLUPART_URL, sample, 0);
        int r = 0;

        if (code == CURLUE_OK)
                code = curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0);
        if (code == CURLUE_OK)
                code = curl_url_get(parts, CURLUPART_HOST, &host, 0);
        if (code != CURLUE_OK) {
                r = refuse(ret_reason, curl_url_strerror(code));
        } else if (curl_url_get(parts, CURLUPART_USER, &user, 0) == CURLUE_OK) {
                r = refuse(ret_reason,
                        "no names and passwords here: write user and "
                        "password_file");
        } else {
                url->is_tls = strcmp(scheme, "https") == 0;
                url->is_local = is_local(host);
                url->is_plain = is_plain(sample + size);
                if (!url->is_tls && strcmp(scheme, "http") != 0)
                        r = refuse(ret_reason, "neither http nor https");
        }
        curl_free(scheme);
        curl_free(host);
        curl_free(user);
        if (r < 0)
                return r;
        url->server = arena_copy(arena, (struct span){sample, size});
        return url->server != NULL ? 0 : refuse_memory(ret_reason);
}

/* Makes the URL of a key that is harmless. */
static int make_sample(const char *text, struct arena *arena,
        const char **ret_sample, struct reason *ret_reason)
{
        struct template template;
        struct reason why;
        struct span sample;
        int r = template_parse(
                span_of(text), TEMPLATE_QUERY, arena, &template, &why);

        if (r < 0) {
                reason_set(ret_reason, "url: %s", why.text);
                ret_reason->code = r;
                return r;
        }
        if (template_expand_key(&template, span_of(SAMPLE_KEY), http_url_quote,
                    NULL, arena, &sample) < 0)
                return refuse_memory(ret_reason);
        *ret_sample = sample.data;
        return 0;
}

int http_url_parse(const char *text, struct arena *arena,
        struct http_url *ret_url, struct reason *ret_reason)
{
        const char *authority = find_authority(text), *sample;
        struct http_url url = {.server = NULL};
        CURLU *parts;
        size_t size;
        int r;

        if (authority == NULL)
                return refuse(ret_reason, "expected http://... or https://...");
        size = (size_t)(authority - text) + strcspn(authority, "/?#");
        if (memchr(text, '%', size) != NULL)
                return refuse(ret_reason,
                        "no part of a key may tell the server: whoever sends "
                        "the mail would");
        r = make_sample(text, arena, &sample, ret_reason);
        if (r < 0)
                return r;
        parts = curl_url();
        if (parts == NULL)
                return refuse_memory(ret_reason);
        r = read_parts(parts, sample, arena, &url, ret_reason);
        curl_url_cleanup(parts);
        if (r == 0 && http_url_is_ambiguous(sample))
                r = refuse(ret_reason, "\".\" or \"..\" in its path");
        if (r == 0)
                *ret_url = url;
        return r;
}
