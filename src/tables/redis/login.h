/* SPDX-License-Identifier: MIT */
/*
 * Where the servers of Redis are, and what is said to one before it is asked:
 * who asks, for which database, and whether it is ready. Sentinels are asked
 * where the master is.
 */
#ifndef TABLES_REDIS_LOGIN_H
#define TABLES_REDIS_LOGIN_H

#include "tables/redis/stream.h"
#include "tables/support/hosts.h"

/* How long connecting and greeting may take, in milliseconds. */
#define REDIS_LOGIN_TIME 3000

struct redis_login {
        struct hosts hosts; /* the sentinels if there is a master_name */
        const char *user, *password; /* NULL: none */
        uint64_t database;
        const char *master_name; /* NULL: the hosts are the servers */
        const char *sentinel_user, *sentinel_password;
};

/*
 * Makes the address of a host, by a port if it names none. Returns 0, or
 * -EINVAL with the reason.
 */
int redis_login_address(const struct host *host, const char *port,
        struct address *ret_address, struct reason *ret_reason);

/* What is said to a server, on its way. */
struct redis_greeting {
        const struct redis_login *login;
        bool is_sentinel;
        unsigned next; /* whose reply comes next */
};

/* Begins: writes all of it. Returns 0 or -ENOMEM. */
int redis_greeting_begin(struct redis_greeting *greeting,
        const struct redis_login *login, bool is_sentinel, struct bytes *out);

/*
 * Takes the replies that are there. Returns 1 when all were as they have to be:
 * the server can be asked, or *ret_master is where a sentinel says that it is;
 * 0: there is more to come; a negative errno with the reason.
 */
int redis_greeting_go_on(struct redis_greeting *greeting,
        struct redis_stream *stream, struct address *ret_master,
        struct reason *ret_reason);

#endif
