/* SPDX-License-Identifier: MIT */
#include "tables/redis/wait.h"
#include "base/events.h"
#include "tables/support/exchange.h"
#include <errno.h>

/* Sends all that is to be sent. Returns 0, or -errno with the reason. */
static int send_all(struct redis_stream *stream, uint64_t deadline,
        struct reason *ret_reason)
{
        int r;

        while ((r = redis_stream_send(stream)) == -EAGAIN) {
                r = exchange_wait_for(
                        stream->channel.fd, EVENT_WRITE, deadline);
                if (r < 0)
                        break;
        }
        if (r < 0)
                reason_set_errno(ret_reason, r, "send");
        return r;
}

/* Waits for something to come. Returns 0, or -errno with the reason. */
static int receive_some(struct redis_stream *stream, uint64_t deadline,
        struct reason *ret_reason)
{
        int r = exchange_wait_for(stream->channel.fd, EVENT_READ, deadline);

        if (r == 0)
                r = redis_stream_receive(stream);
        if (r == -EAGAIN)
                return 0;
        if (r == -ECONNRESET) {
                reason_set(ret_reason, "the server closed the connection");
                ret_reason->code = r;
        } else if (r < 0) {
                reason_set_errno(ret_reason, r, "receive");
        }
        return r;
}

static int greet(const struct redis_login *login, struct redis_stream *stream,
        bool is_sentinel, uint64_t deadline, struct address *ret_master,
        struct reason *ret_reason)
{
        struct redis_greeting greeting;
        int r = redis_greeting_begin(
                &greeting, login, is_sentinel, &stream->channel.out);

        if (r < 0)
                reason_set_errno(ret_reason, r, "login");
        else
                r = send_all(stream, deadline, ret_reason);
        while (r == 0) {
                r = redis_greeting_go_on(
                        &greeting, stream, ret_master, ret_reason);
                if (r != 0)
                        break;
                r = receive_some(stream, deadline, ret_reason);
        }
        return r;
}

/* Connects to an address and greets. Returns 0, or -errno with the reason. */
static int open_stream(const struct redis_login *login,
        const struct address *address, bool is_sentinel, uint64_t deadline,
        struct redis_stream **ret_stream, struct address *ret_master,
        struct reason *ret_reason)
{
        struct redis_stream *stream = NULL;
        struct targets targets;
        struct channel channel;
        int r = address_resolve(address, &targets, ret_reason);

        if (r < 0)
                return r;
        channel_init(&channel);
        r = exchange_connect(&channel, &targets, deadline);
        if (r == 0)
                stream = redis_stream_new(channel.fd);
        if (stream == NULL) {
                r = r < 0 ? r : -ENOMEM;
                reason_set_errno(ret_reason, r, "connect");
                return r;
        }
        r = greet(login, stream, is_sentinel, deadline, ret_master, ret_reason);
        if (r < 0) {
                redis_stream_free(stream);
                return r;
        }
        *ret_stream = stream;
        return 0;
}

static int open_host(const struct redis_login *login, const struct host *host,
        uint64_t deadline, struct redis_stream **ret_stream,
        struct reason *ret_reason)
{
        bool is_sentinel = login->master_name != NULL;
        uint64_t soon = events_now() + REDIS_LOGIN_TIME;
        struct address address, master;
        struct redis_stream *sentinel;
        int r = redis_login_address(
                host, is_sentinel ? "26379" : "6379", &address, ret_reason);

        if (soon < deadline)
                deadline = soon;
        if (r < 0)
                return r;
        if (!is_sentinel)
                return open_stream(login, &address, false, deadline, ret_stream,
                        &master, ret_reason);
        r = open_stream(login, &address, true, deadline, &sentinel, &master,
                ret_reason);
        if (r < 0)
                return r;
        redis_stream_free(sentinel);
        return open_stream(login, &master, false, deadline, ret_stream, &master,
                ret_reason);
}

/* Connects to any host. Returns 0, or -ENOTCONN: the lookup has failed. */
static int open_waiter(struct redis_waiter *waiter, struct redis_login *login,
        struct lookup *lookup, uint64_t deadline)
{
        struct hosts *hosts = &login->hosts;

        if (waiter->stream != NULL && !redis_stream_is_quiet(waiter->stream))
                redis_waiter_close(waiter);
        while (waiter->stream == NULL) {
                uint64_t now = events_now();
                struct reason reason;
                struct host *host =
                        hosts_choose_until(hosts, now, deadline, &reason);

                if (host == NULL) {
                        lookup_failed(lookup, "%s", reason.text);
                        return -ENOTCONN;
                }
                lookup_trace(lookup, "redis: connects to %s", host->name);
                if (open_host(login, host, deadline, &waiter->stream, &reason) <
                        0) {
                        hosts_down(hosts, host, events_now(), &reason);
                        continue;
                }
                hosts_up(hosts, host);
                waiter->host = host;
        }
        return 0;
}

void redis_waiter_close(struct redis_waiter *waiter)
{
        redis_stream_free(waiter->stream);
        waiter->stream = NULL;
}

/* Returns 0 with the verdict, or a negative errno with the reason. */
static int ask(struct redis_waiter *waiter, const struct redis_query *query,
        struct lookup *lookup, uint64_t deadline,
        enum redis_verdict *ret_verdict, struct reason *ret_reason)
{
        struct redis_stream *stream = waiter->stream;
        const struct redis_reply *reply = NULL;
        int r = redis_command_write(&query->command, lookup->key, lookup->arena,
                &stream->channel.out);

        if (r < 0) {
                reason_set_errno(ret_reason, r, "command");
                return r;
        }
        redis_query_trace(query, waiter->host->name, lookup);
        r = send_all(stream, deadline, ret_reason);
        while (r == 0) {
                r = redis_stream_next(stream, &reply, ret_reason);
                if (r != 0)
                        break;
                r = receive_some(stream, deadline, ret_reason);
        }
        if (r < 0)
                return r;
        *ret_verdict =
                redis_query_answer(query, waiter->host->name, reply, lookup);
        return 0;
}

enum progress redis_wait(struct redis_waiter *waiter, struct redis_login *login,
        const struct redis_query *query, struct lookup *lookup,
        uint64_t deadline)
{
        /* Once more on another connection. */
        for (int tries = 0; tries < 2; tries++) {
                enum redis_verdict verdict = REDIS_LOST;
                struct reason reason;
                int r;

                if (open_waiter(waiter, login, lookup, deadline) < 0)
                        break;
                r = ask(waiter, query, lookup, deadline, &verdict, &reason);
                if (r == 0 && verdict == REDIS_ANSWERED)
                        break;
                if (r < 0)
                        lookup_failed(lookup, "%s: %s", waiter->host->name,
                                reason.text);
                redis_waiter_close(waiter);
                if (r == -ETIMEDOUT || r == -EMSGSIZE)
                        break;
        }
        return LOOKUP_DONE;
}
