/* SPDX-License-Identifier: MIT */
#include "tables/ldap/session.h"
#include "base/events.h"
#include "tables/support/exchange.h"
#include <errno.h>
#include <ldap.h>
#include <openldap.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

/* For libldap's own options, which each session begins with. */
static pthread_mutex_t library = PTHREAD_MUTEX_INITIALIZER;

/* libldap frees them when the process ends, whatever the threads do. */
static void leave_library(void)
{
        pthread_mutex_lock(&library);
}

/* It sets itself up, and its TLS, at their first use, without locks. */
static void set_up_library(void)
{
        static const int is_server = 0;
        LDAP *ld;

        atexit(leave_library);
        if (ldap_create(&ld) != LDAP_SUCCESS)
                return;
        ldap_set_option(ld, LDAP_OPT_X_TLS_NEWCTX, &is_server);
        ldap_unbind_ext(ld, NULL, NULL);
}

void ldap_session_prepare(void)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;

        pthread_once(&once, set_up_library);
}

/* Between libldap, or its TLS, and the socket. */
static int set_up(Sockbuf_IO_Desc *layer, void *session)
{
        layer->sbiod_pvt = session;
        return 0;
}

static int remove_layer(Sockbuf_IO_Desc *layer)
{
        layer->sbiod_pvt = NULL;
        return 0;
}

/* There is nothing to be told, and nothing is ready that poll doesn't see. */
static int control(Sockbuf_IO_Desc *layer, int option, void *argument)
{
        (void)layer;
        (void)option;
        (void)argument;
        return 0;
}

static ber_slen_t receive(Sockbuf_IO_Desc *layer, void *bytes, ber_len_t size)
{
        struct ldap_session *session = layer->sbiod_pvt;
        ssize_t received;

        if (session->received >= LDAP_SESSION_BYTES) {
                errno = EMSGSIZE;
                return -1;
        }
        do
                received = recv(session->fd, bytes, size, MSG_DONTWAIT);
        while (received < 0 && errno == EINTR);
        if (received > 0)
                session->received += (size_t)received;
        if (received == 0)
                errno = 0; /* EAGAIN of old would be taken for "not yet" */
        return received;
}

static ber_slen_t transmit(Sockbuf_IO_Desc *layer, void *bytes, ber_len_t size)
{
        const struct ldap_session *session = layer->sbiod_pvt;
        ssize_t sent;

        do
                sent = send(
                        session->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        while (sent < 0 && errno == EINTR);
        return sent;
}

static int close_socket(Sockbuf_IO_Desc *layer)
{
        struct ldap_session *session = layer->sbiod_pvt;

        if (session->fd >= 0)
                close(session->fd);
        session->fd = -1;
        return 0;
}

static Sockbuf_IO socket_layer = {
        .sbi_setup = set_up,
        .sbi_remove = remove_layer,
        .sbi_ctrl = control,
        .sbi_read = receive,
        .sbi_write = transmit,
        .sbi_close = close_socket,
};

/* Returns a descriptor, or a negative errno with the reason. */
static int open_socket(const struct ldap_server *server, uint64_t deadline,
        struct reason *ret_reason)
{
        struct channel channel;
        struct targets targets;
        int r = address_resolve(&server->address, &targets, ret_reason);

        if (r < 0)
                return r;
        channel_init(&channel);
        r = exchange_connect(&channel, &targets, deadline);
        if (r < 0)
                reason_set_errno(ret_reason, r, "connect");
        return r < 0 ? r : channel.fd;
}

/* What libldap wants to know of a server: the name that TLS has to prove. */
static void write_url(const struct ldap_server *server, char *url, size_t size)
{
        const struct address *address = &server->address;
        bool is_v6 = strchr(address->host, ':') != NULL;

        if (address->is_unix)
                snprintf(url, size, "ldapi:///");
        else
                snprintf(url, size, "%s://%s%s%s:%s",
                        server->is_tls ? "ldaps" : "ldap", is_v6 ? "[" : "",
                        address->host, is_v6 ? "]" : "", address->port);
}

/* Gives the socket to libldap. Returns 0 or a code of libldap. */
static int begin(struct ldap_session *session, const struct ldap_server *server)
{
        static const int version = LDAP_VERSION3;
        ber_len_t most = LDAP_SESSION_BYTES;
        Sockbuf *buffer = NULL;
        char url[sizeof(server->address.host) + sizeof(server->address.port) +
                 sizeof("ldaps://[]:")];
        int code;

        write_url(server, url, sizeof(url));
        pthread_mutex_lock(&library);
        code = ldap_init_fd(session->fd, LDAP_PROTO_EXT, url, &session->ld);
        pthread_mutex_unlock(&library);
        if (code != LDAP_SUCCESS) {
                session->ld = NULL;
                return code;
        }
        ldap_set_option(session->ld, LDAP_OPT_PROTOCOL_VERSION, &version);
        ldap_set_option(session->ld, LDAP_OPT_RESTART, LDAP_OPT_ON);
        ldap_get_option(session->ld, LDAP_OPT_SOCKBUF, &buffer);
        if (buffer == NULL)
                return LDAP_NO_MEMORY;
        ber_sockbuf_ctrl(buffer, LBER_SB_OPT_SET_MAX_INCOMING, &most);
        if (ber_sockbuf_add_io(buffer, &socket_layer, LBER_SBIOD_LEVEL_PROVIDER,
                    session) < 0)
                return LDAP_NO_MEMORY;
        return LDAP_SUCCESS;
}

int ldap_session_open(struct ldap_session *session,
        const struct ldap_server *server, uint64_t deadline,
        struct reason *ret_reason)
{
        int r = open_socket(server, deadline, ret_reason), code;

        if (r < 0)
                return r;
        *session = (struct ldap_session){.fd = r};
        code = begin(session, server);
        if (code == LDAP_SUCCESS)
                return 0;
        reason_set(ret_reason, "libldap: %s", ldap_err2string(code));
        ret_reason->code = -ENOTCONN;
        ldap_session_close(session);
        return ret_reason->code;
}

void ldap_session_close(struct ldap_session *session)
{
        if (session->ld != NULL)
                ldap_unbind_ext(session->ld, NULL, NULL);
        session->ld = NULL;
        if (session->fd >= 0)
                close(session->fd);
        session->fd = -1;
}

bool ldap_session_is_quiet(const struct ldap_session *session)
{
        char byte;

        return session->ld != NULL &&
               recv(session->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
               errno == EAGAIN;
}

/* A time that is never 0, which means something else to some calls. */
static struct timeval time_until(uint64_t deadline)
{
        uint64_t now = events_now(), left = deadline > now ? deadline - now : 1;

        if (left > INT32_MAX)
                left = INT32_MAX;
        return (struct timeval){
                .tv_sec = (time_t)(left / 1000),
                .tv_usec = (suseconds_t)(left % 1000 * 1000),
        };
}

void ldap_session_set_time(
        const struct ldap_session *session, uint64_t deadline)
{
        struct timeval time = time_until(deadline);

        ldap_set_option(session->ld, LDAP_OPT_NETWORK_TIMEOUT, &time);
}

int ldap_session_next(struct ldap_session *session, int request,
        uint64_t deadline, struct ldapmsg **ret_message)
{
        struct timeval time = time_until(deadline);
        int code = LDAP_SERVER_DOWN;
        int type = ldap_result(
                session->ld, request, LDAP_MSG_ONE, &time, ret_message);

        if (type > 0)
                return type;
        if (type == 0)
                return LDAP_TIMEOUT;
        ldap_get_option(session->ld, LDAP_OPT_RESULT_CODE, &code);
        return code < 0 ? code : LDAP_SERVER_DOWN;
}

void ldap_session_reason(const struct ldap_session *session, const char *what,
        int code, const char *more, struct reason *ret_reason)
{
        bool is_more = more != NULL && *more != '\0';
        const char *text = ldap_err2string(code);

        if (session->received >= LDAP_SESSION_BYTES)
                text = "the answer is too large";
        else if (code == LDAP_SERVER_DOWN)
                text = "the connection is lost";
        else if (code == LDAP_TIMEOUT)
                text = "no answer in time";
        reason_set(ret_reason, "%s: %s%s%s", what, text, is_more ? ": " : "",
                is_more ? more : "");
        ret_reason->code = code == LDAP_TIMEOUT ? -ETIMEDOUT : -ENOTCONN;
}

int ldap_session_finish(struct ldap_session *session, int request, int type,
        uint64_t deadline, const char *what, struct reason *ret_reason)
{
        struct ldapmsg *message;
        char *more = NULL;
        int r = ldap_session_next(session, request, deadline, &message);
        int code = r < 0 ? r : LDAP_DECODING_ERROR;

        if (r == type && ldap_parse_result(session->ld, message, &code, NULL,
                                 &more, NULL, NULL, false) != LDAP_SUCCESS)
                code = LDAP_DECODING_ERROR;
        if (r > 0)
                ldap_msgfree(message);
        if (code != LDAP_SUCCESS)
                ldap_session_reason(session, what, code, more, ret_reason);
        ldap_memfree(more);
        return code;
}
