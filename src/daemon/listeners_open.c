/* SPDX-License-Identifier: MIT */
/* The first half of a change: what may fail. */
#include "config/config.h"
#include "daemon/directory.h"
#include "daemon/fdlist.h"
#include "daemon/listeners.h"
#include "daemon/listeners_change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static int set_file_access(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
        if ((uid != (uid_t)-1 || gid != (gid_t)-1) &&
                lchown(path, uid, gid) < 0)
                return -errno;
        return chmod(path, mode) < 0 ? -errno : 0;
}

/* Gives the file of a socket that stays its new mode and owner. */
static int change_file(struct entry *entry, struct reason *ret_reason)
{
        const struct listener *now = entry->kept, *next = entry->listener;
        int r;

        if (next->path == NULL ||
                (next->mode == now->mode && next->uid == now->uid &&
                        next->gid == now->gid))
                return 0;
        r = lstat(next->path, &entry->before) < 0 ? -errno : 0;
        if (r == 0) {
                entry->has_before = true;
                r = set_file_access(
                        next->path, next->mode, next->uid, next->gid);
        }
        if (r < 0)
                reason_set_errno(ret_reason, r, "%s", next->path);
        return r;
}

static void restore_file(const struct entry *entry)
{
        if (entry->has_before)
                set_file_access(entry->listener->path,
                        entry->before.st_mode & 07777, entry->before.st_uid,
                        entry->before.st_gid);
}

static bool is_locked_before(
        const struct listeners *listeners, const char *path)
{
        return listeners->inherited_locks != NULL &&
               fdlist_get(listeners->inherited_locks, path, 0) >= 0;
}

/* Makes or takes the sockets of a listener that is new. */
static int open_entry(
        struct entry *entry, uint64_t backlog, struct reason *ret_reason)
{
        const struct config_listener *options = entry->options;
        struct listener *listener = entry->listener;
        const struct fdlist *inherited = listener->owner->inherited;
        int r = -ENOENT;

        if (inherited != NULL)
                r = sockets_inherit(
                        &entry->sockets, options, inherited, ret_reason);
        if (r != -ENOENT)
                return r;
        if (listener->path != NULL &&
                !is_locked_before(listener->owner, listener->path)) {
                r = directory_make(options, ret_reason);
                if (r == 0)
                        r = lock_open(
                                &listener->lock, listener->path, ret_reason);
                if (r < 0)
                        return r;
        }
        return sockets_open(&entry->sockets, options, backlog, ret_reason);
}

/* Adds one listener to the change. */
static int add_entry(struct listeners_change *change, struct entry ***end,
        const struct config_listener *options, uint64_t backlog,
        struct reason *ret_reason)
{
        struct listeners *listeners = change->listeners;
        struct entry *entry = calloc(1, sizeof(*entry));

        if (entry != NULL)
                entry->listener = listener_new(listeners, options);
        if (entry == NULL || entry->listener == NULL) {
                free(entry);
                reason_set_errno(
                        ret_reason, -ENOMEM, "%s", options->endpoint.text);
                return -ENOMEM;
        }
        entry->options = options;
        **end = entry;
        *end = &entry->next;
        entry->kept = listener_find(listeners, options->endpoint.text);
        if (entry->kept != NULL)
                return change_file(entry, ret_reason);
        return open_entry(entry, backlog, ret_reason);
}

static int status_of(int code)
{
        if (code == -EACCES || code == -EPERM)
                return EX_NOPERM;
        return code == -ENOMEM ? EX_OSERR : EX_UNAVAILABLE;
}

struct listeners_change *listeners_open(struct listeners *listeners,
        const struct config *config, struct report *report, int *ret_status)
{
        struct listeners_change *change = calloc(1, sizeof(*change));
        const struct config_listener *options;
        struct entry **end;
        struct reason reason;
        int r, status = EX_OK;

        if (change == NULL) {
                report_at(report, SEVERITY_ERROR, NULL, "%s", strerror(ENOMEM));
                *ret_status = EX_OSERR;
                return NULL;
        }
        change->listeners = listeners;
        end = &change->entries;
        for (options = config->listeners; options != NULL;
                options = options->next) {
                r = add_entry(
                        change, &end, options, config->server.backlog, &reason);
                if (r == 0)
                        continue;
                report_at(report, SEVERITY_ERROR, &options->place,
                        "[listen %s] %s", options->name, reason.text);
                if (status == EX_OK)
                        status = status_of(r);
        }
        if (status == EX_OK)
                return change;
        listeners_abandon(change);
        *ret_status = status;
        return NULL;
}

void listeners_abandon(struct listeners_change *change)
{
        if (change == NULL)
                return;
        while (change->entries != NULL) {
                struct entry *entry = change->entries;

                change->entries = entry->next;
                restore_file(entry);
                sockets_close(&entry->sockets);
                listener_free(entry->listener);
                free(entry);
        }
        free(change);
}
