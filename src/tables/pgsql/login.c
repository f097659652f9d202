/* SPDX-License-Identifier: MIT */
#include "tables/pgsql/login.h"
#include "base/events.h"
#include "tables/support/address.h"
#include "tables/support/exchange.h"
#include <errno.h>
#include <libpq-fe.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

/* For each of a host's addresses, in milliseconds. */
#define ADDRESS_TIME 2000

#define USUAL_PORT "5432"

/* What libpq is told; it knows some forty keywords. */
struct parameters {
        const char *keywords[80], *values[80];
        size_t count;
        PQconninfoOption *uri; /* the memory of some of them */
};

struct pgsql_login *pgsql_login_new(void)
{
        struct pgsql_login *login = calloc(1, sizeof(*login));

        if (login == NULL)
                return NULL;
        arena_init(&login->arena, NULL, 0, SIZE_MAX);
        atomic_init(&login->references, 1);
        return login;
}

struct pgsql_login *pgsql_login_ref(struct pgsql_login *login)
{
        atomic_fetch_add(&login->references, 1);
        return login;
}

void pgsql_login_unref(struct pgsql_login *login)
{
        if (login == NULL || atomic_fetch_sub(&login->references, 1) != 1)
                return;
        arena_fini(&login->arena);
        free(login);
}

static void set(
        struct parameters *parameters, const char *keyword, const char *value)
{
        const size_t limit = sizeof(parameters->values) / sizeof(char *) - 1;
        size_t i = 0;

        if (value == NULL || *value == '\0')
                return;
        while (i < parameters->count &&
                strcmp(parameters->keywords[i], keyword) != 0)
                i++;
        if (i == limit)
                return;
        parameters->keywords[i] = keyword;
        parameters->values[i] = value;
        if (i == parameters->count)
                parameters->count++;
}

static const char *get(const struct parameters *parameters, const char *keyword)
{
        for (size_t i = 0; i < parameters->count; i++)
                if (strcmp(parameters->keywords[i], keyword) == 0)
                        return parameters->values[i];
        return NULL;
}

/* What libpq says of a URI may show it: that is for nobody. */
static int set_uri(struct parameters *parameters, const char *uri,
        struct reason *ret_reason)
{
        char *message = NULL;

        parameters->uri = PQconninfoParse(uri, &message);
        PQfreemem(message);
        if (parameters->uri == NULL) {
                reason_set(ret_reason, "libpq cannot read this URI");
                return -EINVAL;
        }
        for (PQconninfoOption *at = parameters->uri; at->keyword != NULL; at++)
                set(parameters, at->keyword, at->val);
        return 0;
}

static int set_all(struct parameters *parameters,
        const struct pgsql_login *login, const struct host *host,
        struct reason *ret_reason)
{
        if (host->kind == HOST_URI) {
                int r = set_uri(parameters, host->address, ret_reason);

                if (r < 0)
                        return r;
        } else {
                set(parameters, "host", host->address);
                set(parameters, "port", host->port);
                set(parameters, "user", login->user);
                set(parameters, "password", login->password);
                set(parameters, "dbname", login->dbname);
        }
        set(parameters, "client_encoding", login->encoding);
        set(parameters, "fallback_application_name", "socketmap");
        return 0;
}

int pgsql_login_check(const struct host *host, struct reason *ret_reason)
{
        struct parameters parameters = {.count = 0};
        struct reason why;
        int r;

        if (host->kind != HOST_URI)
                return 0;
        r = set_uri(&parameters, host->address, &why);
        if (r < 0)
                reason_set(
                        ret_reason, "hosts: \"%s\": %s", host->name, why.text);
        PQconninfoFree(parameters.uri);
        return r;
}

void pgsql_reason(PGconn *conn, struct reason *ret_reason)
{
        const char *text = PQerrorMessage(conn);

        reason_set(ret_reason, "%.*s", (int)strcspn(text, "\n"), text);
        ret_reason->code = -ENOTCONN;
}

static int poll_until_connected(
        PGconn *conn, uint64_t deadline, struct reason *ret_reason)
{
        PostgresPollingStatusType status = PGRES_POLLING_WRITING;

        while (status != PGRES_POLLING_OK) {
                int r = exchange_wait_for(PQsocket(conn),
                        status == PGRES_POLLING_READING ? EVENT_READ
                                                        : EVENT_WRITE,
                        deadline);

                if (r < 0) {
                        reason_set_errno(ret_reason, r, "connect");
                        return r;
                }
                status = PQconnectPoll(conn);
                if (status == PGRES_POLLING_FAILED) {
                        pgsql_reason(conn, ret_reason);
                        return ret_reason->code;
                }
        }
        return 0;
}

/* Notices would go to stderr. */
static void ignore_notice(void *ctx, const PGresult *result)
{
        (void)ctx;
        (void)result;
}

static int connect_once(struct parameters *parameters, uint64_t deadline,
        PGconn **ret_conn, struct reason *ret_reason)
{
        PGconn *conn;
        int r;

        parameters->keywords[parameters->count] = NULL;
        parameters->values[parameters->count] = NULL;
        conn = PQconnectStartParams(
                parameters->keywords, parameters->values, 0);
        if (conn == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "connect");
                return -ENOMEM;
        }
        PQsetNoticeReceiver(conn, ignore_notice, NULL);
        if (PQstatus(conn) == CONNECTION_BAD) {
                pgsql_reason(conn, ret_reason);
                r = ret_reason->code;
        } else {
                r = poll_until_connected(conn, deadline, ret_reason);
        }
        if (r == 0 && PQsetnonblocking(conn, 1) < 0) {
                pgsql_reason(conn, ret_reason);
                r = ret_reason->code;
        }
        if (r < 0)
                PQfinish(conn);
        else
                *ret_conn = conn;
        return r;
}

/* Whether the name service has to be asked; then *ret_address is whom for. */
static bool has_name(
        const struct parameters *parameters, struct address *ret_address)
{
        const char *host = get(parameters, "host");
        const char *port = get(parameters, "port");

        if (host == NULL || *host == '/' || *host == '@' ||
                strchr(host, ',') != NULL ||
                get(parameters, "hostaddr") != NULL)
                return false;
        if (port == NULL)
                port = USUAL_PORT;
        if (strlen(host) >= sizeof(ret_address->host) ||
                strlen(port) >= sizeof(ret_address->port))
                return false;
        *ret_address = (struct address){.is_unix = false};
        memcpy(ret_address->host, host, strlen(host));
        memcpy(ret_address->port, port, strlen(port));
        return true;
}

/* libpq itself would stay with an address that doesn't answer. */
static int connect_to_any(struct parameters *parameters,
        const struct address *address, uint64_t deadline, PGconn **ret_conn,
        struct reason *ret_reason)
{
        struct targets targets;
        int r = address_resolve(address, &targets, ret_reason);

        if (r < 0)
                return r;
        reason_set_errno(ret_reason, -EADDRNOTAVAIL, "connect");
        r = -EADDRNOTAVAIL;
        for (unsigned i = 0; i < targets.count && r < 0; i++) {
                const struct target *target = &targets.list[i];
                uint64_t end = events_now() + ADDRESS_TIME;
                char text[NI_MAXHOST];

                if (getnameinfo((const struct sockaddr *)&target->address,
                            target->size, text, sizeof(text), NULL, 0,
                            NI_NUMERICHOST) != 0)
                        continue;
                set(parameters, "hostaddr", text);
                r = connect_once(parameters, end < deadline ? end : deadline,
                        ret_conn, ret_reason);
        }
        return r;
}

int pgsql_connect(const struct pgsql_login *login, const struct host *host,
        uint64_t deadline, PGconn **ret_conn, struct reason *ret_reason)
{
        struct parameters parameters = {.count = 0};
        struct address address;
        int r = set_all(&parameters, login, host, ret_reason);

        if (r == 0 && has_name(&parameters, &address))
                r = connect_to_any(
                        &parameters, &address, deadline, ret_conn, ret_reason);
        else if (r == 0)
                r = connect_once(&parameters, deadline, ret_conn, ret_reason);
        PQconninfoFree(parameters.uri);
        return r;
}
