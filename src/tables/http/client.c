/* SPDX-License-Identifier: MIT */
#include "tables/http/client.h"
#include "base/events.h"
#include "tables/http/curl_events.h"
#include "tables/http/easy.h"
#include "tables/support/health.h"
#include "tables/support/questions.h"
#include <errno.h>
#include <stdlib.h>

/* How long a server that cannot be reached rests, in milliseconds. */
#define REST 1000

/* One request at a time; which connection it takes is libcurl's business. */
struct connection {
        struct http_client *client;
        struct connection *next; /* of the idle ones */
        struct event *event;     /* for the deadline */
        uint64_t wakes;          /* when that comes; UINT64_MAX: never */
        struct question *question;
        struct curl_events *curl; /* that the request was begun on; or NULL */
        struct http_easy easy;
};

struct http_client {
        struct http_config *config;
        struct events *events;
        struct questions questions;
        struct curl_events *curl; /* for new requests; NULL: none yet */
        struct curl_events *old;  /* those on it are to end; NULL: none */
        bool shares;              /* HTTP/2: requests share a connection */
        struct connection *idle;
        size_t count, busy;
        struct health health;
};

struct http_client *http_client_new(
        const struct table_env *env, struct http_config *config)
{
        struct http_client *client = calloc(1, sizeof(*client));

        if (client == NULL)
                return NULL;
        if (health_init(&client->health, env, config->url.server) < 0) {
                free(client);
                return NULL;
        }
        client->config = config;
        questions_init(&client->questions, env->queue > 0 ? env->queue : 1);
        return client;
}

static void free_connection(struct connection *connection)
{
        event_free(connection->event);
        http_easy_fini(&connection->easy);
        connection->client->count--;
        free(connection);
}

static void never_ready(void *ctx, unsigned what)
{
        (void)ctx;
        (void)what;
}

static void on_late(void *ctx);
static void on_active(void *ctx, struct curl_events *curl_events);

/* Returns NULL when there is no memory. */
static struct connection *make_connection(struct http_client *client)
{
        struct connection *connection = calloc(1, sizeof(*connection));

        if (connection == NULL)
                return NULL;
        connection->client = client;
        connection->wakes = UINT64_MAX;
        client->count++;
        connection->event =
                event_new(client->events, never_ready, on_late, connection);
        if (http_easy_init(&connection->easy, client->config) == 0 &&
                connection->event != NULL)
                return connection;
        free_connection(connection);
        return NULL;
}

static struct connection *take_idle(struct http_client *client)
{
        struct connection *connection = client->idle;

        if (connection != NULL)
                client->idle = connection->next;
        else if (client->count < client->config->options.connections)
                connection = make_connection(client);
        return connection;
}

/* Takes the question off a connection, which is idle then. */
static struct question *release(struct connection *connection)
{
        struct http_client *client = connection->client;
        struct question *question = connection->question;

        if (connection->curl != NULL)
                curl_events_remove(connection->curl, connection->easy.curl);
        connection->curl = NULL;
        http_easy_end(&connection->easy);
        connection->question = NULL;
        connection->next = client->idle;
        client->idle = connection;
        client->busy--;
        return question;
}

/* The last thing that happens to a question. */
static void finish(struct question *question)
{
        struct lookup *lookup = question->lookup;

        lookup->state = NULL;
        lookup->finish(lookup);
}

/* Others that are under way may yet reach the server. */
static void note_health(
        struct http_client *client, CURLcode code, const struct lookup *lookup)
{
        struct health *health = &client->health;

        if (lookup->answer != ANSWER_FAILED) {
                health_answered(health);
                health_end_rest(health);
        } else if (http_easy_is_unreachable(code) && client->busy == 0) {
                health_rest(health, lookup->reason.text, REST);
        } else {
                health_failed(health, lookup->reason.text);
        }
}

static void end_request(struct connection *connection, CURLcode code)
{
        struct http_client *client = connection->client;
        struct question *question = connection->question;

        http_easy_answer(&connection->easy, code, question->lookup);
        if (http_easy_shares(&connection->easy)) {
                client->shares = true;
                curl_events_share(connection->curl, connection->easy.curl);
        }
        release(connection);
        note_health(client, code, question->lookup);
        finish(question);
}

/* Answers all whose requests have finished. */
static void collect(struct curl_events *curl_events)
{
        CURLcode code = CURLE_OK;
        CURL *curl;

        while ((curl = curl_events_next(curl_events, &code)) != NULL) {
                struct http_easy *easy = NULL;

                curl_easy_getinfo(curl, CURLINFO_PRIVATE, (char **)&easy);
                end_request((struct connection *)((char *)easy -
                                                  offsetof(struct connection,
                                                          easy)),
                        code);
        }
}

/* One that wakes too early is cheaper than to set it for each request. */
static void wake_at(struct connection *connection, uint64_t time)
{
        if (time >= connection->wakes)
                return;
        connection->wakes = time;
        event_at(connection->event, time);
}

/* Returns 0, or -ENOMEM and the lookup has failed. */
static int send_request(struct connection *connection, struct lookup *lookup)
{
        struct http_client *client = connection->client;
        unsigned connections = (unsigned)client->config->options.connections;

        if (client->curl == NULL)
                client->curl = curl_events_new(
                        client->events, connections, on_active, client);
        if (client->curl != NULL &&
                curl_events_add(client->curl, connection->easy.curl) == 0) {
                connection->curl = client->curl;
                return 0;
        }
        lookup_failed(lookup, "out of memory");
        return -ENOMEM;
}

static void begin(struct connection *connection, struct question *question)
{
        struct http_client *client = connection->client;
        struct lookup *lookup = question->lookup;
        int r;

        connection->question = question;
        question->connection = connection;
        client->busy++;
        r = http_easy_begin(&connection->easy, lookup);
        if (r == 0)
                r = send_request(connection, lookup);
        if (r == 0)
                wake_at(connection, question->deadline);
        else
                finish(release(connection));
}

static bool is_resting(const struct http_client *client)
{
        return client->busy == 0 && health_rests(&client->health);
}

/* Begins what waits, as far as there are connections. */
static void dispatch(struct http_client *client)
{
        while (client->questions.count > 0 && !is_resting(client)) {
                struct connection *connection = take_idle(client);
                struct question *question;

                if (connection == NULL)
                        break;
                question = questions_take(&client->questions, UINT64_MAX);
                begin(connection, question);
                if (client->curl != NULL)
                        collect(client->curl);
        }
        if (is_resting(client))
                questions_fail(&client->questions, &client->health.reason);
        if (client->old != NULL && curl_events_is_idle(client->old)) {
                curl_events_free(client->old);
                client->old = NULL;
        }
}

static void on_active(void *ctx, struct curl_events *curl_events)
{
        struct http_client *client = ctx;

        collect(curl_events);
        dispatch(client);
}

/*
 * A connection of one request is closed with it. One that is shared stays, and
 * may be dead: no more requests are to go there.
 */
static void leave_connections(const struct connection *connection)
{
        struct http_client *client = connection->client;

        if (!client->shares || client->old != NULL ||
                connection->curl != client->curl)
                return;
        client->old = client->curl;
        client->curl = NULL;
}

/* There was no answer in time. */
static void give_up(struct connection *connection)
{
        struct lookup *lookup = connection->question->lookup;

        leave_connections(connection);
        http_easy_answer(&connection->easy, CURLE_OPERATION_TIMEDOUT, lookup);
        health_failed(&connection->client->health, lookup->reason.text);
}

static void on_late(void *ctx)
{
        struct connection *connection = ctx;
        struct http_client *client = connection->client;
        const struct question *question = connection->question;

        connection->wakes = UINT64_MAX;
        if (question == NULL)
                return;
        if (events_now() < question->deadline) {
                wake_at(connection, question->deadline);
                return;
        }
        give_up(connection);
        finish(release(connection));
        dispatch(client);
}

static void begin_client(void *ctx, struct events *events)
{
        struct http_client *client = ctx;

        client->events = events;
}

static enum progress start(void *ctx, struct lookup *lookup)
{
        struct http_client *client = ctx;

        if (questions_open(&client->questions, client->events) < 0)
                return lookup_failed(lookup, "out of memory");
        if (is_resting(client))
                return lookup_failed(lookup, "%s", client->health.reason.text);
        if (questions_add(&client->questions, lookup,
                    http_easy_deadline(client->config, lookup)) == NULL)
                return LOOKUP_DONE;
        dispatch(client);
        return LOOKUP_PENDING;
}

static void cancel(void *ctx, struct lookup *lookup)
{
        struct http_client *client = ctx;
        struct question *question = lookup->state;
        struct connection *connection = question->connection;

        lookup->state = NULL;
        if (connection == NULL) {
                questions_forget(&client->questions, question);
                return;
        }
        if (questions_is_late(question))
                give_up(connection);
        release(connection);
        dispatch(client);
}

static void end(void *ctx)
{
        struct http_client *client = ctx;

        while (client->idle != NULL) {
                struct connection *connection = client->idle;

                client->idle = connection->next;
                free_connection(connection);
        }
        curl_events_free(client->curl);
        curl_events_free(client->old);
        questions_close(&client->questions);
        health_fini(&client->health);
        http_config_close(client->config);
        free(client);
}

const struct aside_type http_client_type = {
        .begin = begin_client,
        .start = start,
        .cancel = cancel,
        .end = end,
};
