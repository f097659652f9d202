/* SPDX-License-Identifier: MIT */
/*
 * socketmap doctor: whether Postfix's daemons come to the socket: its path and
 * the directories above it, its owner and mode.
 */
#include "cli/doctor_reach.h"

#include "cli/text.h"

#include "config/config.h"

#include <grp.h>
#include <string.h>

const char *reach_who(const struct reach *reach)
{
        return text_format(&reach->doctor->arena, "%s: %s(8)%s",
                reach->use->setting->name, reach->view.daemon,
                reach->view.chrooted ? ", chrooted," : "");
}

static bool has_view(
        struct doctor *doctor, const struct use *use, bool chrooted)
{
        struct view views[VIEWS_MAX];
        size_t count = use_views(doctor->postconf, use, views);

        for (size_t i = 0; i < count; i++)
                if (views[i].chrooted == chrooted)
                        return true;
        return false;
}

bool reach_is_first(const struct reach *reach, unsigned parts)
{
        struct doctor *doctor = reach->doctor;
        const struct use *mine = reach->use, *use;

        for (use = doctor->uses; use != mine; use = use->next)
                if (doctor_counts(doctor, use) &&
                        strcmp(use->endpoint, mine->endpoint) == 0 &&
                        (!(parts & PART_MAP) ||
                                strcmp(use->map, mine->map) == 0) &&
                        (!(parts & PART_SETTING) ||
                                use->setting == mine->setting) &&
                        has_view(doctor, use, reach->view.chrooted))
                        return false;
        return true;
}

/* Our listener that may have been meant by a path where there is none. */
static const struct config_listener *guess_listener(
        const struct config *config, const char *path)
{
        const char *name = strrchr(path, '/'), *other;
        const struct config_listener *listener, *guess = NULL;

        name = name != NULL ? name + 1 : path;
        for (listener = config->listeners; listener != NULL;
                listener = listener->next) {
                if (listener->endpoint.kind != CONFIG_ENDPOINT_UNIX)
                        continue;
                if (strcmp(listener->endpoint.rest, path) == 0)
                        return listener;
                other = strrchr(listener->endpoint.rest, '/') + 1;
                if (guess == NULL || strcmp(other, name) == 0)
                        guess = listener;
        }
        return guess;
}

/* Where there is no unix socket of ours: the line that makes one. */
static const char *listen_there(const struct reach *reach)
{
        struct doctor *doctor = reach->doctor;
        const struct config_listener *listener;

        for (listener = doctor->config->listeners; listener != NULL;
                listener = listener->next)
                if (listener->endpoint.kind == CONFIG_ENDPOINT_SYSTEMD)
                        return text_format(&doctor->arena,
                                "socketmapd.socket: ListenStream=%s",
                                reach->sight.path);
        return text_format(&doctor->arena,
                "%s: [listen postfix] endpoint = unix:%s", doctor->file,
                reach->sight.path);
}

/* The line that brings both together: in the one file or in the other. */
static const char *meet(const struct reach *reach)
{
        struct doctor *doctor = reach->doctor;
        const char *path = endpoint_path(reach->use->endpoint);
        const struct config_listener *guess =
                guess_listener(doctor->config, path);
        const char *endpoint;

        if (guess == NULL)
                return listen_there(reach);
        endpoint = endpoint_for_postfix(
                reach->looker.directory, guess, &doctor->arena);
        if (*endpoint_path(endpoint) == '/' &&
                (reach->view.chrooted || *path != '/'))
                return doctor_fix_listener(
                        doctor, guess, "endpoint = unix:%s", reach->sight.path);
        return use_fix(
                doctor->postconf, reach->use, endpoint, NULL, &doctor->arena);
}

static void tell_missing(const struct reach *reach)
{
        struct doctor *doctor = reach->doctor;
        const struct path_sight *sight = &reach->sight;

        if (reach->listener == NULL) {
                if (reach_is_first(reach, PART_ENDPOINT | PART_SETTING))
                        doctor_find(doctor, meet(reach),
                                "%s looks for %s, and %s isn't there",
                                reach_who(reach), sight->path, sight->at);
                return;
        }
        if (!reach_is_first(reach, PART_ENDPOINT))
                return;
        if (sight->at != sight->path &&
                reach->listener->directory_mode == (mode_t)-1)
                doctor_find(doctor,
                        doctor_fix_listener(doctor, reach->listener,
                                "directory_mode = 0755"),
                        "%s looks for %s, and the directory %s isn't there",
                        reach_who(reach), sight->path, sight->at);
        else
                doctor_find(doctor, "run: systemctl start socketmapd",
                        "%s looks for %s, and socketmapd doesn't listen there",
                        reach_who(reach), sight->path);
}

static const char *group_name(gid_t gid, struct arena *arena)
{
        const struct group *entry = getgrgid(gid);

        if (entry != NULL)
                return text_copy(arena, span_of(entry->gr_name));
        return text_format(arena, "%ld", (long)gid);
}

/* The line that gives the looker the bit to write to a socket. */
static const char *open_socket(
        const struct reach *reach, const struct stat *status)
{
        struct doctor *doctor = reach->doctor;
        const struct looker *looker = &reach->looker;
        const char *group = group_name(looker->gid, &doctor->arena);
        bool by_group =
                (status->st_mode & 020) != 0 && status->st_gid != looker->gid;

        if (reach->listener == NULL)
                return text_format(&doctor->arena, "run: %s %s %s",
                        by_group ? "chgrp" : "chmod", by_group ? group : "a+w",
                        reach->sight.path);
        if (by_group)
                return doctor_fix_listener(
                        doctor, reach->listener, "group = %s", group);
        return doctor_fix_listener(doctor, reach->listener, "mode = %s",
                status->st_gid == looker->gid ? "0660" : "0666");
}

static void tell_socket(const struct reach *reach, const struct stat *status)
{
        if (reach_is_first(reach, PART_ENDPOINT))
                doctor_find(reach->doctor, open_socket(reach, status),
                        "%s may not connect as %s to %s: mode %04o, user %ld, "
                        "group %s",
                        reach_who(reach), reach->looker.name, reach->sight.path,
                        (unsigned)status->st_mode & 0777, (long)status->st_uid,
                        group_name(status->st_gid, &reach->doctor->arena));
}

static void tell_directory(const struct reach *reach)
{
        const struct path_sight *sight = &reach->sight;

        if (reach_is_first(reach, PART_ENDPOINT))
                doctor_find(reach->doctor,
                        text_format(&reach->doctor->arena, "run: chmod %s %s",
                                sight->status.st_gid == reach->looker.gid
                                        ? "g+x"
                                        : "o+x",
                                sight->at),
                        "%s may not go through %s as %s on the way to %s: "
                        "mode %04o",
                        reach_who(reach), sight->at, reach->looker.name,
                        sight->path, (unsigned)sight->status.st_mode & 07777);
}

/* What the socket would be, of a daemon that doesn't run. */
static void check_planned(const struct reach *reach)
{
        const struct config_listener *listener = reach->listener;
        const struct config_server *server = &reach->doctor->config->server;
        struct stat status = {.st_mode = listener->mode};

        status.st_uid = listener->owner.name != NULL ? listener->owner.uid
                                                     : server->user.uid;
        status.st_gid = listener->group.name != NULL ? listener->group.gid
                        : server->group.name != NULL ? server->group.gid
                                                     : server->user.gid;
        /* Not told: whoever starts it. */
        if (status.st_uid != (uid_t)-1 && status.st_gid != (gid_t)-1 &&
                !endpoint_lets_in(&reach->looker, &status))
                tell_socket(reach, &status);
}

/* Returns whether the way to the socket is free. */
static bool check_way(struct reach *reach)
{
        const char *path = endpoint_path(reach->use->endpoint);
        struct path_sight *sight = &reach->sight;

        endpoint_look(&reach->looker, path, &reach->doctor->arena, sight);
        reach->listener = endpoint_find_listener(
                reach->doctor->config, sight->path, reach->use->endpoint);
        switch (sight->sight) {
        case SIGHT_FINE:
                return true;
        case SIGHT_MISSING:
                tell_missing(reach);
                if (reach->listener != NULL)
                        check_planned(reach);
                return false;
        case SIGHT_HIDDEN:
                if (reach_is_first(reach, PART_ENDPOINT))
                        doctor_find(reach->doctor,
                                text_format(&reach->doctor->arena,
                                        "run: sudo socketmap doctor -c %s",
                                        reach->doctor->file),
                                "%s: not checked: %s is not open to this user",
                                sight->path, sight->at);
                return false;
        case SIGHT_DIRECTORY:
                tell_directory(reach);
                return false;
        case SIGHT_NO_SOCKET:
                if (reach_is_first(reach, PART_ENDPOINT | PART_SETTING))
                        doctor_find(reach->doctor, meet(reach),
                                "%s looks for %s, which is no socket",
                                reach_who(reach), sight->path);
                return false;
        case SIGHT_SOCKET:
                tell_socket(reach, &sight->status);
                return false;
        }
        return false;
}

/*
 * Returns whether it can be asked. What the configuration says of users and
 * maps is the same in every view: is_told once it is wrong.
 */
static bool check_view(struct reach *reach, bool *is_told)
{
        const char *path = endpoint_path(reach->use->endpoint);
        bool is_free = true, is_served = true;

        if (path != NULL)
                is_free = check_way(reach);
        else
                reach->listener = endpoint_find_listener(
                        reach->doctor->config, NULL, reach->use->endpoint);
        if (reach->listener != NULL && !*is_told) {
                is_served = reach_is_served(reach);
                *is_told = !is_served;
        }
        return is_free && is_served && !*is_told;
}

void doctor_check_reach(struct doctor *doctor, const struct use *use)
{
        struct view views[VIEWS_MAX];
        size_t count = use_views(doctor->postconf, use, views);
        bool is_told = false;

        for (size_t i = 0; i < count; i++) {
                struct reach reach = {.doctor = doctor,
                        .use = use,
                        .view = views[i],
                        .looker = doctor->postfix};

                reach.looker.chrooted = views[i].chrooted;
                if (check_view(&reach, &is_told))
                        reach_ask(&reach);
        }
}
