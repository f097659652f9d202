/* SPDX-License-Identifier: MIT */
/*
 * The calls of libmariadb that wait for a server, each until a deadline
 * (events_now) at most. Past it they fail, and the connection is of no more
 * use. They return what libmariadb's own calls do.
 */
#ifndef TABLES_MYSQL_TIMED_H
#define TABLES_MYSQL_TIMED_H

#include "base/span.h"
#include <mysql.h>
#include <stdint.h>

/* Where to connect to, and as whom; NULL: what libmariadb assumes. */
struct mysql_target {
        const char *host, *socket;
        unsigned port; /* 0: the usual one */
        const char *user, *password, *dbname;
        unsigned long flags; /* CLIENT_... */
};

/* Returns one for these calls, or NULL when there is no memory. */
MYSQL *timed_new(void);

/* Whether an error is the library's own, as when the connection is lost. */
bool timed_is_own_error(unsigned code);

/* Ends whatever is sent to a connection or by it: nobody waits for that. */
void timed_stop(MYSQL *mysql);

/* Frees it without waiting for anybody. A server is told, unless it is lost. */
void timed_free(MYSQL *mysql, bool is_lost);

/* Returns whether it is connected. */
bool timed_connect(
        MYSQL *mysql, const struct mysql_target *target, uint64_t deadline);

int timed_set_charset(MYSQL *mysql, const char *name, uint64_t deadline);
int timed_query(MYSQL *mysql, struct span text, uint64_t deadline);
int timed_next_result(MYSQL *mysql, uint64_t deadline);
MYSQL_ROW timed_fetch_row(MYSQL *mysql, MYSQL_RES *result, uint64_t deadline);

int timed_prepare(MYSQL *mysql, MYSQL_STMT *statement, struct span text,
        uint64_t deadline);
int timed_execute(MYSQL *mysql, MYSQL_STMT *statement, uint64_t deadline);
int timed_fetch(MYSQL *mysql, MYSQL_STMT *statement, uint64_t deadline);
int timed_next_of_statement(
        MYSQL *mysql, MYSQL_STMT *statement, uint64_t deadline);

#endif
