/* SPDX-License-Identifier: MIT */
#include "tables/mysql/timed.h"
#include "base/events.h"
#include "tables/support/openssl.h"
#include <errmsg.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>

/*
 * What a call needs that is suspended while it waits: TLS and the name service
 * take more than the library's own choice.
 */
#define STACK_SIZE ((size_t)256 * 1024)

bool timed_is_own_error(unsigned code)
{
        return (code >= CR_MIN_ERROR && code <= CR_MAX_ERROR) ||
               (code >= CER_MIN_ERROR && code <= CER_MAX_ERROR);
}

void timed_stop(MYSQL *mysql)
{
        int fd = (int)mysql_get_socket(mysql);

        if (fd >= 0)
                shutdown(fd, SHUT_RDWR);
}

/*
 * Ends what waits for a server. With TLS the library does not hear of the time,
 * but of a connection that has ended.
 */
static int give_up(MYSQL *mysql)
{
        timed_stop(mysql);
        return MYSQL_WAIT_TIMEOUT | MYSQL_WAIT_READ | MYSQL_WAIT_WRITE;
}

/* Waits for a part of `what`; returns which one it was. */
static int wait_for(MYSQL *mysql, int what, uint64_t deadline)
{
        struct pollfd entry = {.fd = mysql_get_socket(mysql)};
        uint64_t now = events_now();
        int r, ready = 0;

        entry.events = (short)(((what & MYSQL_WAIT_READ) != 0 ? POLLIN : 0) |
                               ((what & MYSQL_WAIT_WRITE) != 0 ? POLLOUT : 0) |
                               ((what & MYSQL_WAIT_EXCEPT) != 0 ? POLLPRI : 0));
        do {
                uint64_t left = deadline > now ? deadline - now : 0;

                if (left == 0)
                        return give_up(mysql);
                r = poll(&entry, 1, left < INT_MAX ? (int)left : INT_MAX);
                now = events_now();
        } while (r == 0 || (r < 0 && errno == EINTR));
        if ((entry.revents & POLLPRI) != 0)
                ready |= MYSQL_WAIT_EXCEPT;
        if ((entry.revents & POLLIN) != 0)
                ready |= MYSQL_WAIT_READ;
        if ((entry.revents & POLLOUT) != 0)
                ready |= MYSQL_WAIT_WRITE;
        /* Whatever else it is, the library will find it. */
        return ready != 0 ? ready : what & ~MYSQL_WAIT_TIMEOUT;
}

MYSQL *timed_new(void)
{
        const size_t stack_size = STACK_SIZE;
        MYSQL *mysql;

        openssl_keep();
        mysql = mysql_init(NULL);
        if (mysql != NULL &&
                mysql_options(mysql, MYSQL_OPT_NONBLOCK, &stack_size) != 0) {
                mysql_close(mysql);
                return NULL;
        }
        return mysql;
}

/*
 * What can't be read is not waited for; the last words go out, if there is
 * somebody to read them.
 */
void timed_free(MYSQL *mysql, bool is_lost)
{
        int fd;

        if (mysql == NULL)
                return;
        fd = (int)mysql_get_socket(mysql);
        if (is_lost)
                timed_stop(mysql);
        else if (fd >= 0)
                shutdown(fd, SHUT_RD);
        mysql_close(mysql);
}

bool timed_connect(
        MYSQL *mysql, const struct mysql_target *target, uint64_t deadline)
{
        MYSQL *result = NULL;
        int status = mysql_real_connect_start(&result, mysql, target->host,
                target->user, target->password, target->dbname, target->port,
                target->socket, target->flags);

        while (status != 0)
                status = mysql_real_connect_cont(
                        &result, mysql, wait_for(mysql, status, deadline));
        return result != NULL;
}

int timed_set_charset(MYSQL *mysql, const char *name, uint64_t deadline)
{
        int result = 1;
        int status = mysql_set_character_set_start(&result, mysql, name);

        while (status != 0)
                status = mysql_set_character_set_cont(
                        &result, mysql, wait_for(mysql, status, deadline));
        return result;
}

int timed_query(MYSQL *mysql, struct span text, uint64_t deadline)
{
        int result = 1;
        int status =
                mysql_real_query_start(&result, mysql, text.data, text.size);

        while (status != 0)
                status = mysql_real_query_cont(
                        &result, mysql, wait_for(mysql, status, deadline));
        return result;
}

int timed_next_result(MYSQL *mysql, uint64_t deadline)
{
        int result = 1;
        int status = mysql_next_result_start(&result, mysql);

        while (status != 0)
                status = mysql_next_result_cont(
                        &result, mysql, wait_for(mysql, status, deadline));
        return result;
}

MYSQL_ROW timed_fetch_row(MYSQL *mysql, MYSQL_RES *result, uint64_t deadline)
{
        MYSQL_ROW row = NULL;
        int status = mysql_fetch_row_start(&row, result);

        while (status != 0)
                status = mysql_fetch_row_cont(
                        &row, result, wait_for(mysql, status, deadline));
        return row;
}

int timed_prepare(MYSQL *mysql, MYSQL_STMT *statement, struct span text,
        uint64_t deadline)
{
        int result = 1;
        int status = mysql_stmt_prepare_start(
                &result, statement, text.data, text.size);

        while (status != 0)
                status = mysql_stmt_prepare_cont(
                        &result, statement, wait_for(mysql, status, deadline));
        return result;
}

int timed_execute(MYSQL *mysql, MYSQL_STMT *statement, uint64_t deadline)
{
        int result = 1;
        int status = mysql_stmt_execute_start(&result, statement);

        while (status != 0)
                status = mysql_stmt_execute_cont(
                        &result, statement, wait_for(mysql, status, deadline));
        return result;
}

int timed_fetch(MYSQL *mysql, MYSQL_STMT *statement, uint64_t deadline)
{
        int result = 1;
        int status = mysql_stmt_fetch_start(&result, statement);

        while (status != 0)
                status = mysql_stmt_fetch_cont(
                        &result, statement, wait_for(mysql, status, deadline));
        return result;
}

int timed_next_of_statement(
        MYSQL *mysql, MYSQL_STMT *statement, uint64_t deadline)
{
        int result = 1;
        int status = mysql_stmt_next_result_start(&result, statement);

        while (status != 0)
                status = mysql_stmt_next_result_cont(
                        &result, statement, wait_for(mysql, status, deadline));
        return result;
}
