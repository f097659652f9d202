/* SPDX-License-Identifier: MIT */
/*
 * socketmap doctor: whether Postfix's daemons are let in, find their map, and
 * get an answer.
 */
#include "cli/doctor_probe.h"
#include "cli/doctor_reach.h"
#include "cli/text.h"

#include "base/nearest.h"
#include "config/config.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>

static bool is_allowed_user(
        const struct config_users *users, const struct looker *looker)
{
        for (size_t i = 0; i < users->count; i++)
                if (users->items[i].uid == looker->uid)
                        return true;
        return false;
}

/* The daemon looks at all groups of the user. */
static bool is_allowed_group(
        const struct config_groups *groups, const struct looker *looker)
{
        enum { GROUPS_MAX = 256 };
        gid_t ids[GROUPS_MAX];
        int count = GROUPS_MAX;

        if (groups->count == 0 ||
                getgrouplist(looker->name, looker->gid, ids, &count) < 0)
                return false;
        for (size_t i = 0; i < groups->count; i++)
                for (int j = 0; j < count; j++)
                        if (groups->items[i].gid == ids[j])
                                return true;
        return false;
}

static bool check_users(const struct reach *reach)
{
        const struct config_listener *listener = reach->listener;
        struct doctor *doctor = reach->doctor;
        const char *users = "";

        if (listener == NULL || reach->looker.name == NULL ||
                listener->endpoint.kind != CONFIG_ENDPOINT_UNIX ||
                listener->allow_users.count + listener->allow_groups.count ==
                        0 ||
                is_allowed_user(&listener->allow_users, &reach->looker) ||
                is_allowed_group(&listener->allow_groups, &reach->looker))
                return true;
        for (size_t i = 0; i < listener->allow_users.count; i++)
                users = text_format(&doctor->arena, "%s%s, ", users,
                        listener->allow_users.items[i].name);
        if (reach_is_first(reach, PART_ENDPOINT))
                doctor_find(doctor,
                        doctor_fix_listener(doctor, listener,
                                "allow_users = %s%s", users,
                                reach->looker.name),
                        "%s is turned away from %s: the listener doesn't allow "
                        "the user %s",
                        reach_who(reach), reach->sight.path,
                        reach->looker.name);
        return false;
}

static void tell_no_map(const struct reach *reach)
{
        const struct use *use = reach->use;
        struct doctor *doctor = reach->doctor;
        struct nearest nearest = {0};
        const struct config_map *map;

        for (map = doctor->config->maps; map != NULL; map = map->next)
                nearest_add(&nearest, span_of(use->map), map->name);
        doctor_find(doctor,
                nearest.word != NULL
                        ? use_fix(doctor->postconf, use, NULL, nearest.word,
                                  &doctor->arena)
                        : text_format(&doctor->arena, "%s: [map %s]",
                                  doctor->file, use->map),
                "%s: there is no map %s in %s", use->setting->name, use->map,
                doctor->file);
}

/* Returns whether the map is there, at this listener, as far as is known. */
static bool check_map(const struct reach *reach)
{
        const struct config_listener *listener = reach->listener;
        const struct config_list *allowed;
        struct doctor *doctor = reach->doctor;
        const char *all = "";

        if (listener == NULL)
                return true;
        if (doctor_find_map(doctor, reach->use->map) == NULL) {
                if (reach_is_first(reach, PART_MAP | PART_SETTING))
                        tell_no_map(reach);
                return false;
        }
        allowed = &listener->map_allow;
        for (size_t i = 0; i < allowed->count; i++) {
                if (strcmp(allowed->items[i], reach->use->map) == 0)
                        return true;
                all = text_format(
                        &doctor->arena, "%s%s, ", all, allowed->items[i]);
        }
        if (allowed->count > 0 && reach_is_first(reach, PART_MAP))
                doctor_find(doctor,
                        doctor_fix_listener(doctor, listener,
                                "map_allow = %s%s", all, reach->use->map),
                        "%s: map %s can't be asked at the listener %s: it "
                        "isn't in its map_allow",
                        reach->use->setting->name, reach->use->map,
                        listener->name);
        return allowed->count == 0;
}

/* Somebody else's server; or is it ours that is meant? */
static const char *revive_other(const struct reach *reach)
{
        const struct use *use = reach->use;
        struct doctor *doctor = reach->doctor;
        const char *endpoint = NULL;

        if (doctor_find_map(doctor, use->map) != NULL)
                endpoint = endpoint_for_postfix(reach->looker.directory,
                        doctor->config->listeners, &doctor->arena);
        if (endpoint != NULL)
                return use_fix(
                        doctor->postconf, use, endpoint, NULL, &doctor->arena);
        return text_format(&doctor->arena,
                "run: socketmap query %s:%s postmaster", use->endpoint,
                use->map);
}

/* What to do about a server that doesn't answer. */
static const char *revive(const struct reach *reach, int error)
{
        const struct config_listener *listener = reach->listener;
        struct doctor *doctor = reach->doctor;
        const char *networks = "";

        if (listener == NULL)
                return revive_other(reach);
        if (error == -ECONNRESET && listener->allow_networks.count > 0) {
                for (size_t i = 0; i < listener->allow_networks.count; i++)
                        networks = text_format(&doctor->arena, "%s%s, ",
                                networks, listener->allow_networks.items[i]);
                return doctor_fix_listener(doctor, listener,
                        "allow_networks = %s127.0.0.0/8", networks);
        }
        return "run: systemctl restart socketmapd";
}

static void tell_probe(const struct reach *reach, const struct probe *probe)
{
        struct doctor *doctor = reach->doctor;
        const struct use *use = reach->use;
        const char *fix;

        if (probe->error < 0) {
                if (reach_is_first(reach, PART_ENDPOINT))
                        doctor_find(doctor, revive(reach, probe->error),
                                "%s gets no answer: %s", reach_who(reach),
                                probe->text);
                return;
        }
        if (probe->status == SOCKETMAP_OK ||
                probe->status == SOCKETMAP_NOTFOUND)
                return;
        if (reach->listener != NULL)
                fix = text_format(&doctor->arena,
                        "run: socketmap check --open -c %s", doctor->file);
        else
                fix = text_format(&doctor->arena,
                        "run: socketmap query %s:%s postmaster", use->endpoint,
                        use->map);
        doctor_find(doctor, fix, "%s gets %s from map %s: %s", reach_who(reach),
                socketmap_status_name(probe->status), use->map, probe->text);
}

bool reach_is_served(const struct reach *reach)
{
        bool is_let_in = check_users(reach);

        return check_map(reach) && is_let_in;
}

/* Without being root we can only ask as ourselves. */
void reach_ask(const struct reach *reach)
{
        struct looker looker = reach->looker;
        const char *endpoint = reach->use->endpoint;
        const char *path = endpoint_path(endpoint);
        struct probe result;

        if (!reach_is_first(reach, PART_ENDPOINT | PART_MAP))
                return;
        if (geteuid() != 0) {
                looker.name = NULL;
                if (looker.chrooted && path != NULL)
                        endpoint = text_format(&reach->doctor->arena, "unix:%s",
                                path + strspn(path, "/"));
                looker.chrooted = false;
        }
        probe(&looker, endpoint, reach->use->map, &result);
        tell_probe(reach, &result);
}
