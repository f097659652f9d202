/* SPDX-License-Identifier: MIT */
/*
 * A connection to a server of LDAP, driven by libldap over a socket of ours
 * that never blocks: whatever the server does, each call below is back in time.
 * For one thread at a time.
 */
#ifndef TABLES_LDAP_SESSION_H
#define TABLES_LDAP_SESSION_H

#include "tables/ldap/servers.h"

struct ldap;    /* libldap's LDAP */
struct ldapmsg; /* ... and LDAPMessage */

/* No more may be received for one lookup. */
#define LDAP_SESSION_BYTES ((size_t)16 * 1024 * 1024)

/* What a lookup has made of a session. */
enum ldap_verdict {
        LDAP_VERDICT_ANSWERED, /* the session is as good as before */
        LDAP_VERDICT_LOST,     /* the connection is: the lookup has failed */
        LDAP_VERDICT_FAILED    /* ... for another reason: close the session */
};

struct ldap_session {
        struct ldap *ld; /* NULL: there is none */
        int fd;
        size_t received; /* since somebody has set it to 0 */
};

/*
 * Has libldap set itself up, once, before the first session. Any thread.
 */
void ldap_session_prepare(void);

/*
 * Connects, and has libldap speak version 3 there; no TLS yet. It may block for
 * the name service, and else until the deadline (events_now). The session may
 * not move while it is open. Returns 0, or a negative errno with the reason.
 */
int ldap_session_open(struct ldap_session *session,
        const struct ldap_server *server, uint64_t deadline,
        struct reason *ret_reason);

/* Closes it if it is open. Never waits. */
void ldap_session_close(struct ldap_session *session);

/* Whether it is open, and nothing has come that nobody has asked for. */
bool ldap_session_is_quiet(const struct ldap_session *session);

/*
 * Waits for the next message that answers a request. Returns its type, with the
 * message; or a code of libldap, which is negative: LDAP_TIMEOUT at the
 * deadline, LDAP_SERVER_DOWN when the connection is lost, and others.
 */
int ldap_session_next(struct ldap_session *session, int request,
        uint64_t deadline, struct ldapmsg **ret_message);

/*
 * Waits for the one message that is the whole answer, and of this type. Returns
 * 0; or a code of libldap or of the server, with the reason: `what` and what
 * the code means.
 */
int ldap_session_finish(struct ldap_session *session, int request, int type,
        uint64_t deadline, const char *what, struct reason *ret_reason);

/* Writes "WHAT: " and what a code means, and what else the server says. */
void ldap_session_reason(const struct ldap_session *session, const char *what,
        int code, const char *more, struct reason *ret_reason);

/* Tells libldap how much time there is, for what it waits for by itself. */
void ldap_session_set_time(
        const struct ldap_session *session, uint64_t deadline);

#endif
