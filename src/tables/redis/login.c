/* SPDX-License-Identifier: MIT */
#include "tables/redis/login.h"
#include "tables/redis/command.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* In this order; a server or a sentinel is not asked all of it. */
enum step { STEP_AUTH, STEP_SELECT, STEP_PING, STEP_ROLE, STEP_MASTER, STEPS };

static bool copy_text(char *buffer, size_t size, const char *text)
{
        size_t length = strlen(text);

        if (length >= size)
                return false;
        memcpy(buffer, text, length + 1);
        return true;
}

int redis_login_address(const struct host *host, const char *port,
        struct address *ret_address, struct reason *ret_reason)
{
        struct address address = {.is_unix = host->kind == HOST_UNIX};
        bool is_good = false;

        if (host->port != NULL)
                port = host->port;
        if (host->kind == HOST_UNIX)
                is_good = copy_text(
                        address.path, sizeof(address.path), host->address);
        else if (host->kind == HOST_INET)
                is_good = copy_text(address.host, sizeof(address.host),
                                  host->address) &&
                          copy_text(address.port, sizeof(address.port), port);
        if (!is_good) {
                reason_set(ret_reason,
                        "hosts: expected HOST:PORT or unix:PATH, not \"%s\"",
                        host->name);
                return -EINVAL;
        }
        *ret_address = address;
        return 0;
}

static const char *user_of(const struct redis_greeting *greeting)
{
        return greeting->is_sentinel ? greeting->login->sentinel_user
                                     : greeting->login->user;
}

static const char *password_of(const struct redis_greeting *greeting)
{
        return greeting->is_sentinel ? greeting->login->sentinel_password
                                     : greeting->login->password;
}

static bool is_said(const struct redis_greeting *greeting, enum step step)
{
        const struct redis_login *login = greeting->login;

        switch (step) {
        case STEP_AUTH:
                return password_of(greeting) != NULL;
        case STEP_SELECT:
                return !greeting->is_sentinel && login->database > 0;
        case STEP_PING: /* it may be loading its data, or want a password */
                return !greeting->is_sentinel;
        case STEP_ROLE: /* the sentinel may not know yet */
                return !greeting->is_sentinel && login->master_name != NULL;
        case STEP_MASTER:
                return greeting->is_sentinel;
        case STEPS:
        default:
                return false;
        }
}

static void skip_unsaid(struct redis_greeting *greeting)
{
        while (greeting->next < STEPS && !is_said(greeting, greeting->next))
                greeting->next++;
}

static int write_auth(const struct redis_greeting *greeting, struct bytes *out)
{
        const char *user = user_of(greeting);
        struct span words[] = {SPAN_LITERAL("AUTH"), {NULL, 0}, {NULL, 0}};
        size_t count = 1;

        if (user != NULL)
                words[count++] = span_of(user);
        words[count++] = span_of(password_of(greeting));
        return redis_words_write(words, count, out);
}

static int write_select(const struct redis_login *login, struct bytes *out)
{
        char number[24];
        struct span words[] = {SPAN_LITERAL("SELECT"), {number, 0}};
        int size =
                snprintf(number, sizeof(number), "%" PRIu64, login->database);

        words[1].size = (size_t)size;
        return redis_words_write(words, 2, out);
}

static int write_master(const struct redis_login *login, struct bytes *out)
{
        const struct span words[] = {SPAN_LITERAL("SENTINEL"),
                SPAN_LITERAL("get-master-addr-by-name"),
                span_of(login->master_name)};

        return redis_words_write(words, 3, out);
}

static int write_step(const struct redis_greeting *greeting, enum step step,
        struct bytes *out)
{
        static const struct span ping = {"PING", 4}, role = {"ROLE", 4};

        switch (step) {
        case STEP_AUTH:
                return write_auth(greeting, out);
        case STEP_SELECT:
                return write_select(greeting->login, out);
        case STEP_PING:
                return redis_words_write(&ping, 1, out);
        case STEP_ROLE:
                return redis_words_write(&role, 1, out);
        case STEP_MASTER:
                return write_master(greeting->login, out);
        case STEPS:
        default:
                return 0;
        }
}

int redis_greeting_begin(struct redis_greeting *greeting,
        const struct redis_login *login, bool is_sentinel, struct bytes *out)
{
        int r = 0;

        *greeting = (struct redis_greeting){
                .login = login, .is_sentinel = is_sentinel};
        for (unsigned step = 0; step < STEPS && r == 0; step++)
                if (is_said(greeting, step))
                        r = write_step(greeting, step, out);
        skip_unsaid(greeting);
        return r;
}

static int refuse(const char *step, struct span why, struct reason *ret_reason)
{
        reason_set(ret_reason, "%s: %.*s", step, (int)why.size, why.data);
        ret_reason->code = -ECONNREFUSED;
        return -ECONNREFUSED;
}

static bool begins_with(struct span text, const char *word)
{
        size_t size = strlen(word);

        return text.size >= size && memcmp(text.data, word, size) == 0;
}

/* A server that doesn't know the command repeats what it was given. */
static int refuse_auth(const struct redis_greeting *greeting, struct span why,
        struct reason *ret_reason)
{
        const char *password = password_of(greeting);

        if (*password != '\0' &&
                memmem(why.data, why.size, password, strlen(password)) != NULL)
                why = SPAN_LITERAL("the server does not know this command");
        return refuse("AUTH", why, ret_reason);
}

/* Users may be allowed to do nothing but read. */
static int take_error(const struct redis_greeting *greeting, enum step step,
        struct span why, struct reason *ret_reason)
{
        switch (step) {
        case STEP_AUTH:
                return refuse_auth(greeting, why, ret_reason);
        case STEP_SELECT:
                return refuse("SELECT", why, ret_reason);
        case STEP_PING:
                return begins_with(why, "NOPERM")
                               ? 0
                               : refuse("PING", why, ret_reason);
        case STEP_ROLE:
                return begins_with(why, "NOPERM")
                               ? 0
                               : refuse("ROLE", why, ret_reason);
        case STEP_MASTER:
        case STEPS:
        default:
                return refuse("SENTINEL", why, ret_reason);
        }
}

static int take_role(const struct redis_reply *reply, struct reason *ret_reason)
{
        if (reply->kind == REDIS_LIST && reply->count > 0 &&
                span_equal(redis_value(reply, 0), SPAN_LITERAL("master")))
                return 0;
        return refuse("ROLE", SPAN_LITERAL("it is not the master any more"),
                ret_reason);
}

/* Copies a piece that is neither empty nor too long, and is a C string. */
static bool copy_span(char *buffer, size_t size, struct span piece)
{
        if (piece.size == 0 || piece.size >= size ||
                memchr(piece.data, '\0', piece.size) != NULL)
                return false;
        memcpy(buffer, piece.data, piece.size);
        buffer[piece.size] = '\0';
        return true;
}

static int take_master(const struct redis_login *login,
        const struct redis_reply *reply, struct address *ret_master,
        struct reason *ret_reason)
{
        struct address address = {.is_unix = false};

        if (reply->kind == REDIS_NIL) {
                reason_set(ret_reason, "the sentinel knows no master \"%s\"",
                        login->master_name);
                ret_reason->code = -ENOENT;
                return -ENOENT;
        }
        if (reply->kind != REDIS_LIST || reply->count != 2 ||
                !copy_span(address.host, sizeof(address.host),
                        redis_value(reply, 0)) ||
                !copy_span(address.port, sizeof(address.port),
                        redis_value(reply, 1)))
                return refuse(
                        "SENTINEL", SPAN_LITERAL("no address"), ret_reason);
        *ret_master = address;
        return 0;
}

static int take_reply(const struct redis_greeting *greeting,
        const struct redis_reply *reply, struct address *ret_master,
        struct reason *ret_reason)
{
        enum step step = greeting->next;

        if (reply->kind == REDIS_ERROR)
                return take_error(greeting, step,
                        redis_value(reply, reply->count - 1), ret_reason);
        if (step == STEP_ROLE)
                return take_role(reply, ret_reason);
        if (step == STEP_MASTER)
                return take_master(
                        greeting->login, reply, ret_master, ret_reason);
        if (reply->kind == REDIS_VALUE)
                return 0;
        return refuse("login", SPAN_LITERAL("no reply of Redis"), ret_reason);
}

int redis_greeting_go_on(struct redis_greeting *greeting,
        struct redis_stream *stream, struct address *ret_master,
        struct reason *ret_reason)
{
        const struct redis_reply *reply;

        while (greeting->next < STEPS) {
                int r = redis_stream_next(stream, &reply, ret_reason);

                if (r > 0)
                        r = take_reply(greeting, reply, ret_master, ret_reason);
                else if (r == 0)
                        return 0;
                if (r < 0)
                        return r;
                greeting->next++;
                skip_unsaid(greeting);
        }
        return 1;
}
