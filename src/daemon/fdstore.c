/* SPDX-License-Identifier: MIT */
#include "daemon/fdstore.h"

#include "config/config.h"
#include "daemon/activation.h"
#include "daemon/handover.h"
#include "daemon/log.h"
#include "daemon/notify.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Connections are stored as "conn-NUMBER-LISTENER"; those without unread bytes
 * need not be told apart: number 0.
 */
#define PREFIX "conn-"

/* How long the manager may take to read what was sent, in ms. */
enum { BARRIER = 5000 };

bool fdstore_is_there(void)
{
        return notify_store_size() > 0;
}

/* What the manager takes in a name, and '%' for the rest. */
static bool is_plain(char c)
{
        return isalnum((unsigned char)c) || strchr("/._-[]", c) != NULL;
}

static int format_name(
        char *name, size_t size, unsigned number, const char *listener)
{
        size_t used = (size_t)snprintf(name, size, PREFIX "%u-", number);

        for (const char *c = listener; *c != '\0'; c++) {
                if (used + sizeof("%XX") > size)
                        return -ENAMETOOLONG;
                used += (size_t)snprintf(name + used, size - used,
                        is_plain(*c) ? "%c" : "%%%02X", (unsigned char)*c);
        }
        return 0;
}

/* Restores in place what format_name has made of a listener's name. */
static void restore(char *text)
{
        char *to = text;

        for (const char *from = text; *from != '\0'; from++) {
                if (*from == '%' && isxdigit((unsigned char)from[1]) &&
                        isxdigit((unsigned char)from[2])) {
                        char digits[] = {from[1], from[2], '\0'};

                        *to++ = (char)strtoul(digits, NULL, 16);
                        from += 2;
                } else {
                        *to++ = *from;
                }
        }
        *to = '\0';
}

/* Sends one connection to the manager. */
static int store_one(
        struct fdstore *store, struct handover *handover, const char *listener)
{
        char name[NOTIFY_NAME_MAX + 1];
        unsigned number = handover->count > 1 ? ++store->number : 0;
        int r = format_name(name, sizeof(name), number, listener);

        if (r < 0)
                return r;
        if (handover->count > store->room)
                return -ENOSPC;
        r = notify_store(name, handover->fds, handover->count);
        /* A manager that doesn't hear keeps nobody waiting twice. */
        store->room = r < 0 ? 0 : store->room - handover->count;
        return r;
}

static void give_one(void *ctx, const struct socketmap_connection *connection)
{
        struct fdstore *store = ctx;
        struct handover handover;
        int r = handover_pack(&handover, connection);

        if (r == 0)
                r = store_one(store, &handover, connection->listener);
        if (r < 0)
                store->lost++;
        handover_fini(&handover);
}

/* Closes the listeners that nobody else keeps: their files go with them. */
static void close_own(
        struct socketmap_server *server, const struct config *config)
{
        const struct config_listener *listener;

        for (listener = config->listeners; listener != NULL;
                listener = listener->next) {
                if (listener->endpoint.kind == CONFIG_ENDPOINT_UNIX ||
                        listener->endpoint.kind == CONFIG_ENDPOINT_INET)
                        socketmap_server_close_listener(
                                server, listener->endpoint.text);
        }
}

int fdstore_give(struct fdstore *store, struct socketmap_server *server,
        const struct config *config)
{
        *store = (struct fdstore){.room = notify_store_size()};
        close_own(server, config);
        return socketmap_server_give(server, give_one, store);
}

void fdstore_settle(const struct fdstore *store)
{
        int r = notify_barrier(BARRIER);

        if (r < 0)
                log_say(CONFIG_AREA_LIFE, CONFIG_LOG_WARNING,
                        "the service manager may have lost "
                        "connections: %s",
                        strerror(-r));
        if (store->lost > 0)
                log_say(CONFIG_AREA_LIFE, CONFIG_LOG_WARNING,
                        "%u connections closed: the service manager "
                        "has no room for them (FileDescriptorStoreMax=)",
                        store->lost);
}

static bool is_socket(int fd)
{
        struct stat status;

        return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* A name that format_name has made, or nothing of ours: false. */
static bool parse_name(
        const char *name, unsigned *ret_number, const char **ret_listener)
{
        char *end;

        if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
                return false;
        *ret_number = (unsigned)strtoul(name + strlen(PREFIX), &end, 10);
        *ret_listener = end + 1;
        return *end == '-';
}

/*
 * Goes on with the connections of one name: many without unread bytes, or one
 * with them, and then never without. Returns how many there were.
 */
static unsigned take_named(struct socketmap_server *server, const char *name,
        unsigned number, const char *listener)
{
        struct handover with_bytes = {.fds = {-1, -1}};
        unsigned taken = 0;
        int fd;

        while ((fd = fdlist_claim(activation_list(), name)) >= 0) {
                struct handover handover = {.fds = {fd}, .count = 1};

                if (number > 0) {
                        int *place = &with_bytes.fds[is_socket(fd) ? 0 : 1];

                        if (*place >= 0)
                                close(*place);
                        *place = fd;
                } else if (handover_serve(&handover, server, listener) == 0) {
                        taken++;
                }
        }
        if (number == 0)
                return taken;
        with_bytes.count = 2;
        return handover_serve(&with_bytes, server, listener) == 0;
}

unsigned fdstore_take(struct socketmap_server *server)
{
        const struct fdlist *list = activation_list();
        unsigned taken = 0;
        size_t i = 0;

        while (i < list->count) {
                char name[NOTIFY_NAME_MAX + 1], listener[sizeof(name)];
                size_t size = strlen(list->entries[i].name) + 1;
                const char *escaped;
                unsigned number;

                if (size > sizeof(name) ||
                        !parse_name(list->entries[i].name, &number, &escaped)) {
                        i++;
                        continue;
                }
                memcpy(name, list->entries[i].name, size);
                memcpy(listener, escaped, strlen(escaped) + 1);
                restore(listener);
                taken += take_named(server, name, number, listener);
                notify_forget(name);
        }
        return taken;
}
