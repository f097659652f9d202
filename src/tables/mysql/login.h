/* SPDX-License-Identifier: MIT */
/* Connections to servers of MySQL and MariaDB. */
#ifndef TABLES_MYSQL_LOGIN_H
#define TABLES_MYSQL_LOGIN_H

#include "tables/support/hosts.h"

struct st_mysql; /* libmariadb's MYSQL */

/* As whom to connect, and how. For any thread. NULL: what libmariadb assumes.
 */
struct mysql_login {
        const char *user, *password, *dbname;
        const char *charset; /* not NULL */
        const char *option_file, *option_group;
        const char *tls_key_file, *tls_cert_file;
        const char *tls_CAfile, *tls_CApath, *tls_ciphers;
        bool tls_verify_cert;
};

/*
 * Says whether a host can be connected to; one that is the server's usual unix
 * socket becomes one of these. Returns 0, or -EINVAL with the reason.
 */
int mysql_login_check(struct host *host, struct reason *ret_reason);

/*
 * Connects, with all that it takes: it may block for the name service, and else
 * until the deadline (events_now). Returns 0, or a negative errno with the
 * reason, without the host's name.
 */
int mysql_login_connect(const struct mysql_login *login,
        const struct host *host, uint64_t deadline, struct st_mysql **ret_mysql,
        struct reason *ret_reason);

/* Writes what libmariadb says of a connection. */
void mysql_login_reason(struct st_mysql *mysql, struct reason *ret_reason);

#endif
