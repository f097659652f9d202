/* SPDX-License-Identifier: MIT */
#include "lib/connection.h"

#include <errno.h>
#include <socketmap/netstring.h>
#include <string.h>

/* Tells whether the unparsed bytes are the connection's own. */
static bool is_kept(const struct connection *c)
{
        return c->kept.size > 0;
}

int connection_feed(struct connection *c, char *bytes, size_t size)
{
        int r;

        if (!is_kept(c)) {
                c->next = bytes;
                c->unparsed = size;
                return 0;
        }
        /* Move the rest to the front, so that the buffer stays as small. */
        if (c->next != c->kept.data)
                memmove(c->kept.data, c->next, c->unparsed);
        c->kept.size = c->unparsed;
        c->next = c->kept.data;
        r = buffer_append(&c->kept, bytes, size);
        if (r < 0)
                return r;
        c->next = c->kept.data;
        c->unparsed = c->kept.size;
        return 0;
}

void connection_end(struct connection *c)
{
        c->ended = true;
}

/* Splits a request where it lies, making C strings of name and key. */
static enum asked ask(const struct connection_host *host, char *payload,
        size_t size, struct buffer *out)
{
        const char *name, *key;
        size_t name_size, key_size;
        char *space;

        payload[size] = '\0'; /* over the comma */
        if (socketmap_request_parse(
                    payload, size, &name, &name_size, &key, &key_size) < 0)
                return host->ask(host->ctx, payload, size, NULL, 0, out);
        space = payload + name_size;
        *space = '\0';
        return host->ask(
                host->ctx, payload, name_size, space + 1, key_size, out);
}

enum connection_next connection_run(struct connection *c,
        const struct connection_host *host, struct buffer *out)
{
        while (!c->waiting && c->fault == CONNECTION_SOUND) {
                const char *payload;
                size_t length, size;
                enum asked asked;
                int r;

                if (out->size >= CONNECTION_OUT_MAX)
                        return CONNECTION_WRITE;
                r = socketmap_netstring_parse(c->next, c->unparsed,
                        host->request_limit, &payload, &length, &size);
                if (r == 0)
                        return c->ended ? CONNECTION_CLOSE : CONNECTION_READ;
                if (r < 0) {
                        c->fault = r == -EMSGSIZE ? CONNECTION_TOO_LARGE
                                                  : CONNECTION_BAD_FRAME;
                        break;
                }
                c->next += size;
                c->unparsed -= size;
                c->asked++;
                asked = ask(host, c->next - length - 1, length, out);
                c->waiting = asked == ASKED_LATER;
                if (asked == ASKED_FAILED)
                        c->fault = CONNECTION_FAILED;
        }
        return c->waiting ? CONNECTION_WAIT : CONNECTION_CLOSE;
}

int connection_keep(struct connection *c)
{
        int r;

        if (c->unparsed == 0) {
                /* An idle connection costs no buffer. */
                buffer_clear(&c->kept);
                c->next = NULL;
                return 0;
        }
        if (is_kept(c))
                return 0;
        r = buffer_append(&c->kept, c->next, c->unparsed);
        c->next = c->kept.data;
        return r;
}

void connection_answered(struct connection *c)
{
        c->waiting = false;
}

void connection_fini(struct connection *c)
{
        buffer_clear(&c->kept);
        c->next = NULL;
        c->unparsed = 0;
}
