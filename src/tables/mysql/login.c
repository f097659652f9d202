/* SPDX-License-Identifier: MIT */
#include "tables/mysql/login.h"
#include "base/events.h"
#include "tables/mysql/timed.h"
#include "tables/support/address.h"
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/un.h>

/* For each of a host's addresses, in milliseconds. */
#define ADDRESS_TIME 2000

#define USUAL_PORT "3306"

/* A place to connect to, as numbers. */
struct place_found {
        char host[NI_MAXHOST], port[NI_MAXSERV];
};

int mysql_login_check(struct host *host, struct reason *ret_reason)
{
        struct sockaddr_un address;

        if (host->kind == HOST_URI) {
                reason_set(ret_reason, "hosts: \"%s\": expected no URI",
                        host->name);
                return -EINVAL;
        }
        if (host->kind == HOST_UNIX) {
                if (strlen(host->address) < sizeof(address.sun_path))
                        return 0;
                reason_set(ret_reason,
                        "hosts: the path of a unix socket has at most %zu "
                        "bytes: \"%s\"",
                        sizeof(address.sun_path) - 1, host->name);
                return -EINVAL;
        }
        if (strcasecmp(host->address, "localhost") == 0) {
                host->kind = HOST_UNIX;
                host->address = NULL;
        }
        return 0;
}

void mysql_login_reason(MYSQL *mysql, struct reason *ret_reason)
{
        reason_set(ret_reason, "%s", mysql_error(mysql));
        ret_reason->code = -ENOTCONN;
}

static void set_text(MYSQL *mysql, enum mysql_option option, const char *text)
{
        if (text != NULL && *text != '\0')
                mysql_options(mysql, option, text);
}

static void set_tls(MYSQL *mysql, const struct mysql_login *login)
{
        const my_bool verifies = login->tls_verify_cert ? 1 : 0;

        set_text(mysql, MYSQL_OPT_SSL_KEY, login->tls_key_file);
        set_text(mysql, MYSQL_OPT_SSL_CERT, login->tls_cert_file);
        set_text(mysql, MYSQL_OPT_SSL_CA, login->tls_CAfile);
        set_text(mysql, MYSQL_OPT_SSL_CAPATH, login->tls_CApath);
        set_text(mysql, MYSQL_OPT_SSL_CIPHER, login->tls_ciphers);
        mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verifies);
        /* Else a server that has no TLS would be trusted all the same. */
        if (login->tls_verify_cert)
                mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &verifies);
}

/*
 * What is set here, the files with options may set otherwise: they are read
 * while it connects.
 */
static void set_options(
        MYSQL *mysql, const struct mysql_login *login, uint64_t deadline)
{
        const unsigned none = 0;
        uint64_t now = events_now();
        /*
         * In TLS handshakes the library counts it in milliseconds; elsewhere it
         * is in seconds, and too long to matter.
         */
        const unsigned left = deadline > now ? (unsigned)(deadline - now) : 1;

        mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &left);
        /* A server could have any file sent. */
        mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &none);
        mysql_options(mysql, MYSQL_SET_CHARSET_NAME, login->charset);
        set_text(mysql, MYSQL_READ_DEFAULT_FILE, login->option_file);
        set_text(mysql, MYSQL_READ_DEFAULT_GROUP, login->option_group);
        set_tls(mysql, login);
}

/*
 * Both sides have to agree on the encoding, or the one would escape what the
 * other reads as something else; some servers ignore what a login says of it.
 */
static bool settle(MYSQL *mysql, uint64_t deadline)
{
        const my_bool no = 0;

        mysql_options(mysql, MYSQL_OPT_RECONNECT, &no);
        return timed_set_charset(
                       mysql, mysql_character_set_name(mysql), deadline) == 0;
}

static int connect_once(const struct mysql_login *login,
        struct mysql_target *target, uint64_t deadline, MYSQL **ret_mysql,
        struct reason *ret_reason)
{
        MYSQL *mysql = timed_new();

        if (mysql == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "connect");
                return -ENOMEM;
        }
        target->user = login->user;
        target->password = login->password;
        target->dbname = login->dbname;
        target->flags = CLIENT_MULTI_RESULTS;
        set_options(mysql, login, deadline);
        if (timed_connect(mysql, target, deadline) && settle(mysql, deadline)) {
                *ret_mysql = mysql;
                return 0;
        }
        mysql_login_reason(mysql, ret_reason);
        timed_free(mysql, true);
        return ret_reason->code;
}

static int find(const struct host *host, struct targets *ret_targets,
        struct reason *ret_reason)
{
        struct address address = {.is_unix = false};
        const char *port = host->port != NULL ? host->port : USUAL_PORT;

        if (strlen(host->address) >= sizeof(address.host) ||
                strlen(port) >= sizeof(address.port)) {
                reason_set_errno(ret_reason, -ENAMETOOLONG, "connect");
                return -ENAMETOOLONG;
        }
        memcpy(address.host, host->address, strlen(host->address));
        memcpy(address.port, port, strlen(port));
        return address_resolve(&address, ret_targets, ret_reason);
}

static bool write_place(const struct target *target, struct place_found *ret)
{
        return getnameinfo((const struct sockaddr *)&target->address,
                       target->size, ret->host, sizeof(ret->host), ret->port,
                       sizeof(ret->port), NI_NUMERICHOST | NI_NUMERICSERV) == 0;
}

/* The library itself would stay with an address that doesn't answer. */
static int connect_to_any(const struct mysql_login *login,
        const struct host *host, uint64_t deadline, MYSQL **ret_mysql,
        struct reason *ret_reason)
{
        struct targets targets;
        int r = find(host, &targets, ret_reason);

        if (r < 0)
                return r;
        reason_set_errno(ret_reason, -EADDRNOTAVAIL, "connect");
        r = -EADDRNOTAVAIL;
        for (unsigned i = 0; i < targets.count && r < 0; i++) {
                uint64_t end = events_now() + ADDRESS_TIME;
                struct place_found place;
                struct mysql_target target = {.host = place.host};

                if (!write_place(&targets.list[i], &place))
                        continue;
                target.port = (unsigned)strtoul(place.port, NULL, 10);
                if (i + 1 == targets.count || end > deadline)
                        end = deadline;
                /* A certificate has the name; then only the library knows. */
                if (login->tls_verify_cert) {
                        target.host = host->address;
                        end = deadline;
                        targets.count = 1;
                }
                r = connect_once(login, &target, end, ret_mysql, ret_reason);
        }
        return r;
}

int mysql_login_connect(const struct mysql_login *login,
        const struct host *host, uint64_t deadline, MYSQL **ret_mysql,
        struct reason *ret_reason)
{
        struct mysql_target target = {.socket = host->address};

        if (host->kind == HOST_INET)
                return connect_to_any(
                        login, host, deadline, ret_mysql, ret_reason);
        return connect_once(login, &target, deadline, ret_mysql, ret_reason);
}
