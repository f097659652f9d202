/* SPDX-License-Identifier: MIT */
#include "daemon/listeners.h"

#include "config/config.h"
#include "daemon/fdlist.h"
#include "daemon/listeners_change.h"
#include "daemon/log.h"
#include "daemon/maps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

/* Asked about every connection; ctx is the listener. */
static int filter(void *ctx, int fd)
{
        struct listener *listener = ctx;
        struct listeners *listeners = listener->owner;
        struct access_peer peer;
        unsigned count;

        if (access_allows(&listener->access, fd, &peer))
                return 1;
        count = refusals_add(
                &listeners->refusals, uv_now(listeners->loop), peer.text);
        if (count > 0 && log_limit_passes(listeners->log_limit))
                log_say(CONFIG_AREA_LISTEN, CONFIG_LOG_WARNING,
                        "refused %s on %s (%u times)", peer.text,
                        listener->endpoint, count);
        return 0;
}

/* Takes the lock that another daemon had. */
static void adopt_lock(struct listener *listener)
{
        struct fdlist *locks = listener->owner->inherited_locks;
        int fd = -ENOENT;

        if (listener->path != NULL && locks != NULL)
                fd = fdlist_claim(locks, listener->path);
        if (fd >= 0)
                lock_adopt(&listener->lock, listener->path, fd);
}

/* Gives the server all sockets of an endpoint, or none. */
static int give_sockets(
        const struct entry *entry, const struct socketmap_listen_options *to)
{
        struct socketmap_server *server = entry->listener->owner->server;
        int fd, r = 0;

        for (size_t n = 0; r == 0; n++) {
                fd = sockets_copy(&entry->sockets, n);
                if (fd == -ENOENT && n > 0)
                        return 0;
                r = fd < 0 ? fd : socketmap_server_listen_fd(server, fd, to);
        }
        socketmap_server_close_listener(server, entry->listener->endpoint);
        return r;
}

/* Lets the server listen on a new one's sockets. */
static int start_listening(
        const struct entry *entry, struct socketmap_maps *set)
{
        struct listener *listener = entry->listener;
        struct socketmap_listen_options *to = socketmap_listen_options_new();
        int r = socketmap_listen_options_set_name(to, listener->endpoint);

        if (r == 0)
                r = socketmap_listen_options_set_path(to, listener->path);
        if (r == 0) {
                socketmap_listen_options_set_filter(to, filter, listener);
                socketmap_listen_options_set_maps(to, set);
                r = give_sockets(entry, to);
        }
        if (r == 0)
                adopt_lock(listener);
        socketmap_listen_options_free(to);
        return r;
}

/* The queues of a listener that stays get their length by listening again. */
static void set_backlog(const struct listener *listener,
        const struct config_listener *options, uint64_t backlog)
{
        const char *name;
        int fd;

        if (options->endpoint.kind != CONFIG_ENDPOINT_UNIX &&
                options->endpoint.kind != CONFIG_ENDPOINT_INET)
                return;
        if (options->backlog > 0)
                backlog = options->backlog;
        for (size_t n = 0; socketmap_server_get_listener(
                                   listener->owner->server, n, &fd, &name) == 0;
                n++)
                if (strcmp(name, listener->endpoint) == 0)
                        listen(fd, (int)backlog);
}

/* Gives a listener that stays what is new of it. */
static void update(struct entry *entry)
{
        struct listener *kept = entry->kept, *next = entry->listener;
        struct access access = kept->access;

        kept->mode = next->mode;
        kept->uid = next->uid;
        kept->gid = next->gid;
        kept->access = next->access;
        next->access = access;
}

/* Returns a listener's own maps, or NULL when it has those of the server. */
static int select_maps(const struct config_listener *options,
        const struct maps *maps, struct socketmap_maps **ret_set)
{
        *ret_set = NULL;
        if (options->map_allow.count == 0)
                return 0;
        *ret_set = maps_select(maps, &options->map_allow);
        return *ret_set != NULL ? 0 : -ENOMEM;
}

static int commit_entry(struct entry *entry, const struct maps *maps)
{
        struct socketmap_server *server = entry->listener->owner->server;
        struct socketmap_maps *set;
        int r = select_maps(entry->options, maps, &set);

        if (r == 0 && entry->kept == NULL)
                r = start_listening(entry, set);
        else if (r == 0)
                r = socketmap_server_set_listener_maps(
                        server, entry->listener->endpoint, set);
        socketmap_maps_free(set);
        if (r < 0)
                log_say(CONFIG_AREA_LISTEN, CONFIG_LOG_ERROR, "%s: %s",
                        entry->listener->endpoint, strerror(-r));
        return r;
}

static bool is_wanted(
        const struct listeners_change *change, const struct listener *listener)
{
        for (const struct entry *entry = change->entries; entry != NULL;
                entry = entry->next)
                if (entry->kept == listener)
                        return true;
        return false;
}

/* At the start the whole list is told at once. */
static void tell_changes(const struct listeners_change *change)
{
        const struct listener *listener = change->listeners->list;

        if (listener == NULL)
                return;
        for (; listener != NULL; listener = listener->next)
                if (!is_wanted(change, listener))
                        log_say(CONFIG_AREA_LISTEN, CONFIG_LOG_INFO,
                                "no longer listening on %s",
                                listener->endpoint);
        for (const struct entry *entry = change->entries; entry != NULL;
                entry = entry->next)
                if (entry->kept == NULL && !entry->has_failed)
                        log_say(CONFIG_AREA_LISTEN, CONFIG_LOG_INFO,
                                "listening on %s", entry->listener->endpoint);
}

/* Closes the listeners that the configuration has no more. */
static void close_unwanted(const struct listeners_change *change)
{
        struct listener **place = &change->listeners->list;

        while (*place != NULL) {
                struct listener *listener = *place;

                if (is_wanted(change, listener)) {
                        place = &listener->next;
                        continue;
                }
                *place = listener->next;
                socketmap_server_close_listener(
                        change->listeners->server, listener->endpoint);
                listener_free(listener);
        }
}

/* Lists the listeners anew, in the order of the file. */
static void relist(struct listeners_change *change, const struct config *config)
{
        struct listener **end = &change->listeners->list;

        for (struct entry *entry = change->entries; entry != NULL;
                entry = entry->next) {
                if (entry->kept == NULL && entry->has_failed)
                        continue;
                entry->has_before = false;
                if (entry->kept != NULL) {
                        update(entry);
                        set_backlog(entry->kept, entry->options,
                                config->server.backlog);
                        *end = entry->kept;
                } else {
                        *end = entry->listener;
                        entry->listener = NULL;
                        sockets_leave(&entry->sockets);
                }
                end = &(*end)->next;
        }
        *end = NULL;
}

int listeners_commit(struct listeners_change *change,
        const struct config *config, const struct maps *maps)
{
        int r, first = 0;

        for (struct entry *entry = change->entries; entry != NULL;
                entry = entry->next) {
                r = commit_entry(entry, maps);
                entry->has_failed = r < 0;
                if (first == 0)
                        first = r;
        }
        tell_changes(change);
        close_unwanted(change);
        relist(change, config);
        listeners_abandon(change);
        return first;
}

void listeners_tell(const struct listeners *listeners, const char *what)
{
        char line[4096], *end = line;
        size_t room = sizeof(line);

        for (size_t n = 0;; n++) {
                int size = n == 0 ? 0 : snprintf(end, room, ", ");

                if (size < 0 || (size_t)size >= room ||
                        socketmap_server_get_endpoint(listeners->server, n,
                                end + size, room - (size_t)size) < 0) {
                        *end = '\0';
                        break;
                }
                room -= strlen(end);
                end += strlen(end);
        }
        log_say(CONFIG_AREA_LIFE, CONFIG_LOG_INFO, "%s: %s", what, line);
}

void listeners_close(struct listeners *listeners)
{
        while (listeners->list != NULL) {
                struct listener *listener = listeners->list;

                listeners->list = listener->next;
                listener_free(listener);
        }
}

void listeners_leave(struct listeners *listeners)
{
        for (struct listener *listener = listeners->list; listener != NULL;
                listener = listener->next)
                lock_leave(&listener->lock);
        listeners_close(listeners);
}
