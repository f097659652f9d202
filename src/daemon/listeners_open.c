/* SPDX-License-Identifier: MIT */
/* The first half of a change: what may fail. */
#include "config/config.h"
#include "daemon/directory.h"
#include "daemon/fdlist.h"
#include "daemon/listeners.h"
#include "daemon/listeners_change.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* Opens the file of a socket, only to look at it or change its rights. */
static int open_file(const char *path, struct stat *ret_status)
{
        int r, fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0)
                return -errno;
        r = fstat(fd, ret_status) < 0 ? -errno : 0;
        if (r == 0 && !S_ISSOCK(ret_status->st_mode))
                r = -ENOTSOCK;
        if (r == 0)
                return fd;
        close(fd);
        return r;
}

/* Whatever the path leads to by now, it is this file that changes. */
static int set_rights(int fd, mode_t mode, uid_t uid, gid_t gid)
{
        char path[64];

        if ((uid != (uid_t)-1 || gid != (gid_t)-1) &&
                fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
                return -errno;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        return chmod(path, mode) < 0 ? -errno : 0;
}

static bool has_rights(const struct stat *status, const struct listener *wanted)
{
        return (status->st_mode & 07777) == wanted->mode &&
               (wanted->uid == (uid_t)-1 || wanted->uid == status->st_uid) &&
               (wanted->gid == (gid_t)-1 || wanted->gid == status->st_gid);
}

/* Gives the file of a socket that stays the mode and owner it is to have. */
static int change_file(struct entry *entry, struct reason *ret_reason)
{
        const struct listener *next = entry->listener;
        int fd = open_file(next->path, &entry->before), r = fd;

        if (r >= 0 && !has_rights(&entry->before, next)) {
                entry->has_before = true;
                r = set_rights(fd, next->mode, next->uid, next->gid);
        }
        if (fd >= 0)
                close(fd);
        if (r < 0)
                reason_set_errno(ret_reason, r, "%s", next->path);
        return r < 0 ? r : 0;
}

/* What a person has changed by hand stays, until the section changes. */
static int change_kept(struct entry *entry, struct reason *ret_reason)
{
        const struct listener *now = entry->kept, *next = entry->listener;

        if (next->path == NULL ||
                (next->mode == now->mode && next->uid == now->uid &&
                        next->gid == now->gid))
                return 0;
        return change_file(entry, ret_reason);
}

static void restore_file(const struct entry *entry)
{
        const struct stat *before = &entry->before;
        struct stat now;
        int fd;

        if (!entry->has_before)
                return;
        fd = open_file(entry->listener->path, &now);
        if (fd < 0)
                return;
        set_rights(fd, before->st_mode & 07777, before->st_uid, before->st_gid);
        close(fd);
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
        if (r == 0 && listener->path != NULL)
                return change_file(entry, ret_reason);
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
                return change_kept(entry, ret_reason);
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
