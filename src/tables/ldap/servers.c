/* SPDX-License-Identifier: MIT */
#include "tables/ldap/servers.h"
#include "base/braces.h"
#include "base/secret.h"
#include <errno.h>
#include <ldap.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* Where slapd of Debian listens, for URLs without a path. */
#define SOCKET_PATH "/var/run/slapd/ldapi"

/* The longest URL that makes sense: a path of 107 bytes, percent-encoded. */
#define URL_SIZE ((size_t)512)

static int refuse_memory(struct reason *ret_reason)
{
        reason_set_errno(ret_reason, -ENOMEM, "server_host");
        return -ENOMEM;
}

/* Makes a URL of a word, as Postfix does. Returns false when it is too long. */
static bool make_url(struct span word, unsigned port, char url[URL_SIZE])
{
        int size;

        if (word.size >= URL_SIZE || memchr(word.data, '\0', word.size) != NULL)
                return false;
        snprintf(url, URL_SIZE, "%.*s", (int)word.size, word.data);
        if (ldap_is_ldap_url(url))
                return true;
        if (memchr(word.data, ':', word.size) != NULL)
                size = snprintf(url, URL_SIZE, "ldap://%.*s", (int)word.size,
                        word.data);
        else
                size = snprintf(url, URL_SIZE, "ldap://%.*s:%u", (int)word.size,
                        word.data, port);
        return (size_t)size < URL_SIZE;
}

static bool set_path(const char *path, struct address *address)
{
        if (path == NULL || *path == '\0')
                path = SOCKET_PATH;
        address->is_unix = true;
        return path[0] == '/' && strlen(path) < sizeof(address->path) &&
               stpcpy(address->path, path) != NULL;
}

/* A host may stand in brackets, and need not stand there at all. */
static bool set_host(const char *host, int port, struct address *address)
{
        struct span name = span_of(host != NULL ? host : "");

        if (name.size >= 2 && name.data[0] == '[') {
                name.data++;
                name.size -= 2;
        }
        if (name.size == 0)
                name = SPAN_LITERAL("localhost");
        if (memchr(name.data, '@', name.size) != NULL)
                return false;
        if (name.size >= sizeof(address->host) || port < 0 || port > 65535)
                return false;
        memcpy(address->host, name.data, name.size);
        snprintf(address->port, sizeof(address->port), "%d", port);
        return true;
}

const char *ldap_server_parse(const char *url, struct ldap_server *server)
{
        LDAPURLDesc *parsed;
        bool is_set;

        if (ldap_url_parse(url, &parsed) != LDAP_URL_SUCCESS)
                return "no URL of LDAP";
        *server = (struct ldap_server){.url = url};
        server->is_tls = strcasecmp(parsed->lud_scheme, "ldaps") == 0;
        if (strcasecmp(parsed->lud_scheme, "ldapi") == 0)
                is_set = set_path(parsed->lud_host, &server->address);
        else if (server->is_tls || strcasecmp(parsed->lud_scheme, "ldap") == 0)
                is_set = set_host(
                        parsed->lud_host, parsed->lud_port, &server->address);
        else
                is_set = false;
        ldap_free_urldesc(parsed);
        return is_set ? NULL
                      : "expected ldap://HOST, ldaps://HOST or ldapi://PATH "
                        "with each / of the path as %2F";
}

/* Where a list of servers is read. */
struct reader {
        struct ldap_servers *servers;
        unsigned port;
        struct arena *arena;
        struct report *report;
        const struct place *place;
        size_t number; /* of the word, from 1 */
        bool may_hold_password;
};

/* It may have a password in it, which a comma may have cut. */
static void warn(
        const struct reader *reader, struct span word, const char *complaint)
{
        struct span shown = secret_without_login(word);

        if (reader->may_hold_password && shown.size == word.size)
                report_at(reader->report, SEVERITY_WARNING, reader->place,
                        "server_host: word %zu is left out: %s", reader->number,
                        complaint);
        else
                report_at(reader->report, SEVERITY_WARNING, reader->place,
                        "server_host: \"%.*s\" is left out: %s",
                        (int)shown.size, shown.data, complaint);
}

/* Adds a server, if that is one. Returns 0 or -ENOMEM. */
static int add(struct reader *reader, struct span word)
{
        struct ldap_server server = {.url = NULL};
        char url[URL_SIZE];
        const char *complaint = make_url(word, reader->port, url)
                                        ? ldap_server_parse(url, &server)
                                        : "too long";

        reader->number++;
        if (complaint != NULL) {
                warn(reader, word, complaint);
                return 0;
        }
        server.url = arena_copy(reader->arena, span_of(url));
        if (server.url == NULL)
                return -ENOMEM;
        reader->servers->list[reader->servers->count++] = server;
        return 0;
}

/* The hosts are the URLs of the servers. */
static int make_hosts(struct ldap_servers *servers, uint64_t retry_interval,
        struct arena *arena, struct reason *ret_reason)
{
        size_t size = 0;
        char *text, *end;
        int r;

        for (size_t i = 0; i < servers->count; i++)
                size += strlen(servers->list[i].url) + 1;
        text = malloc(size);
        if (text == NULL)
                return refuse_memory(ret_reason);
        end = text;
        for (size_t i = 0; i < servers->count; i++) {
                end = stpcpy(end, servers->list[i].url);
                *end++ = ' ';
        }
        r = hosts_parse((struct span){text, size}, retry_interval, arena,
                &servers->shared.hosts, ret_reason);
        free(text);
        servers->shared.hosts.is_in_order = true;
        return r;
}

int ldap_servers_parse(struct ldap_servers *ret_servers, struct span text,
        unsigned port, uint64_t retry_interval, struct arena *arena,
        struct report *report, const struct place *place,
        struct reason *ret_reason)
{
        struct reader reader = {
                .servers = ret_servers,
                .port = port,
                .arena = arena,
                .report = report,
                .place = place,
                .may_hold_password = memchr(text.data, '@', text.size) != NULL,
        };
        struct span word;
        size_t count = word_count(text);

        ret_servers->count = 0;
        ret_servers->list =
                arena_alloc(arena, (count + 1) * sizeof(*ret_servers->list));
        if (ret_servers->list == NULL)
                return refuse_memory(ret_reason);
        while (word_next(&text, &word))
                if (add(&reader, word) < 0)
                        return refuse_memory(ret_reason);
        if (ret_servers->count == 0) {
                reason_set(ret_reason, "server_host: there is none");
                return -EINVAL;
        }
        return make_hosts(ret_servers, retry_interval, arena, ret_reason);
}

const struct ldap_server *ldap_servers_choose(
        struct ldap_servers *servers, uint64_t *deadline, struct lookup *lookup)
{
        struct host *host =
                shared_hosts_choose(&servers->shared, deadline, lookup);

        if (host == NULL)
                return NULL;
        return &servers->list[host - servers->shared.hosts.list];
}

struct host *ldap_servers_host(
        struct ldap_servers *servers, const struct ldap_server *server)
{
        return &servers->shared.hosts.list[server - servers->list];
}
