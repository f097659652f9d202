/* SPDX-License-Identifier: MIT */
#include "tables/support/http_client.h"
#include "base/events.h"
#include "tables/support/curl_events.h"
#include "tables/support/http_easy.h"
#include "tables/support/questions.h"
#include <errno.h>
#include <stdlib.h>

/* Who cancels so shortly before the deadline has had no answer in time. */
#define LATE 50

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
        const struct http_config *config;
        struct events *events;
        struct questions questions;
        struct curl_events *curl; /* for new requests; NULL: none yet */
        struct curl_events *old;  /* those on it are to end; NULL: none */
        bool shares;              /* HTTP/2: requests share a connection */
        struct connection *idle;
        size_t count, busy;
        uint64_t rests_until;
        struct reason reason; /* why it rests */
};

struct http_client *http_client_new(
        const struct table_env *env, const struct http_config *config)
{
        struct http_client *client = calloc(1, sizeof(*client));

        if (client == NULL)
                return NULL;
        client->config = config;
        client->events = env->events;
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

/* Others that are under way show whether the server is there. */
static void note_reach(
        struct http_client *client, CURLcode code, const struct lookup *lookup)
{
        if (!http_easy_is_unreachable(code)) {
                client->rests_until = 0;
        } else if (client->busy == 0) {
                client->rests_until = events_now() + HTTP_REST;
                client->reason = lookup->reason;
        }
}

/*
 * Answers all whose requests have finished. The first is left to be told by
 * the caller, if it wants one; the others are told later.
 */
static void collect(struct http_client *client, struct curl_events *curl_events,
        struct lookup **ret_first)
{
        CURLcode code = CURLE_OK;
        CURL *curl;

        while ((curl = curl_events_next(curl_events, &code)) != NULL) {
                struct http_easy *easy = NULL;
                struct connection *connection;
                struct question *question;

                curl_easy_getinfo(curl, CURLINFO_PRIVATE, (char **)&easy);
                connection = (struct connection *)((char *)easy -
                                                   offsetof(struct connection,
                                                           easy));
                http_easy_answer(easy, code, connection->question->lookup);
                client->shares |= http_easy_shares(easy);
                question = release(connection);
                note_reach(client, code, question->lookup);
                if (ret_first != NULL && *ret_first == NULL)
                        *ret_first = question->lookup;
                else
                        questions_tell(&client->questions, question);
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
                questions_tell(&client->questions, release(connection));
}

static bool is_resting(const struct http_client *client)
{
        return client->rests_until > 0 && client->busy == 0 &&
               events_now() < client->rests_until;
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
                        collect(client, client->curl, NULL);
        }
        if (is_resting(client))
                questions_fail(&client->questions, &client->reason);
        if (client->old != NULL && curl_events_is_idle(client->old)) {
                curl_events_free(client->old);
                client->old = NULL;
        }
}

/* To tell an asker is the last thing: it may close the client. */
static void on_active(void *ctx, struct curl_events *curl_events)
{
        struct http_client *client = ctx;
        struct lookup *first = NULL;

        collect(client, curl_events, &first);
        dispatch(client);
        if (first == NULL)
                return;
        first->state = NULL;
        first->finish(first);
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
        http_easy_answer(
                &connection->easy, CURLE_OPERATION_TIMEDOUT, question->lookup);
        leave_connections(connection);
        questions_tell(&client->questions, release(connection));
        dispatch(client);
}

enum progress http_client_start(
        struct http_client *client, struct lookup *lookup)
{
        if (questions_open(&client->questions, client->events) < 0)
                return lookup_failed(lookup, "out of memory");
        if (is_resting(client))
                return lookup_failed(lookup, "%s", client->reason.text);
        if (questions_add(&client->questions, lookup,
                    http_easy_deadline(client->config, lookup)) == NULL)
                return LOOKUP_DONE;
        dispatch(client);
        return LOOKUP_PENDING;
}

void http_client_cancel(struct http_client *client, struct lookup *lookup)
{
        struct question *question = lookup->state;

        lookup->state = NULL;
        if (question->connection == NULL) {
                questions_forget(&client->questions, question);
                return;
        }
        if (events_now() + LATE >= question->deadline)
                leave_connections(question->connection);
        release(question->connection);
        dispatch(client);
}

void http_client_close(struct http_client *client)
{
        if (client == NULL)
                return;
        while (client->idle != NULL) {
                struct connection *connection = client->idle;

                client->idle = connection->next;
                free_connection(connection);
        }
        curl_events_free(client->curl);
        curl_events_free(client->old);
        questions_close(&client->questions);
        free(client);
}
