/* SPDX-License-Identifier: MIT */
/* socketmap doctor: what can be seen in Postfix's configuration alone. */
#include "cli/doctor.h"
#include "cli/doctor_uses.h"
#include "cli/text.h"

#include "base/braces.h"
#include "config/config.h"

#include <socketmap/client.h>
#include <string.h>

static bool is_endpoint(const char *text, struct socketmap_error *ret_error)
{
        struct socketmap_client *client;

        if (socketmap_client_new(text, &client, ret_error) < 0)
                return false;
        socketmap_client_free(client);
        return true;
}

/* Returns an endpoint that may have been meant. */
static const char *guess_endpoint(struct doctor *doctor, const char *endpoint)
{
        const char *colon = strchr(endpoint, ':');
        const struct config_listener *listener;
        struct socketmap_error error;
        const char *guess = NULL;

        if (*endpoint == '/')
                guess = text_format(&doctor->arena, "unix:%s", endpoint);
        else if (colon != NULL && strchr(colon + 1, ':') == NULL)
                guess = text_format(&doctor->arena, "inet:%s", endpoint);
        else if (colon != NULL)
                guess = text_format(&doctor->arena, "inet%s", colon);
        if (guess != NULL && is_endpoint(guess, &error))
                return guess;
        for (listener = doctor->config->listeners; listener != NULL;
                listener = listener->next) {
                guess = endpoint_for_postfix(
                        doctor->postfix.directory, listener, &doctor->arena);
                if (guess != NULL)
                        return guess;
        }
        return "unix:socketmap/socketmap.sock";
}

/* "socketmap:unix:/path" and "socketmap:inet:host:port" have no map. */
static bool has_map(struct doctor *doctor, const struct use *use)
{
        if (*use->map == '\0' || *use->map == '/')
                return false;
        return strncmp(use->endpoint, "inet:", 5) != 0 ||
               use->map[strspn(use->map, "0123456789")] != '\0' ||
               doctor_find_map(doctor, use->map) != NULL;
}

bool doctor_check_text(struct doctor *doctor, const struct use *use)
{
        const struct postconf *postconf = doctor->postconf;
        struct arena *arena = &doctor->arena;
        struct socketmap_error error;
        const char *map;

        if (!has_map(doctor, use)) {
                map = text_format(arena, "%s%s%s", use->map,
                        *use->map == '\0' ? "" : ":",
                        doctor->config->maps->name);
                doctor_find(doctor, use_fix(postconf, use, NULL, map, arena),
                        "%s: %s: the name of the map is missing: it stands "
                        "after the last colon",
                        use->setting->name, use->table);
                return false;
        }
        if (is_endpoint(use->endpoint, &error))
                return true;
        doctor_find(doctor,
                use_fix(postconf, use, guess_endpoint(doctor, use->endpoint),
                        NULL, arena),
                "%s: %s: %s", use->setting->name, use->table, error.text);
        return false;
}

/* Returns whether "SERVICE:NEXTHOP" is delivered by this daemon. */
static bool is_delivered_by(const struct postconf *postconf,
        const char *transport, const char *daemon, struct arena *arena)
{
        const struct postconf_service *service = postconf_find_service(
                postconf, text_format(arena, "%.*s/unix",
                                  (int)strcspn(transport, ":"), transport));

        return service != NULL && strcmp(service->daemon, daemon) == 0;
}

bool doctor_is_refused(struct doctor *doctor, const struct use *use)
{
        const struct parameter *parameter = use->parameter;

        return parameter != NULL && parameter->refuser != NULL &&
               is_delivered_by(doctor->postconf,
                       postconf_get(doctor->postconf, parameter->transport),
                       parameter->refuser, &doctor->arena);
}

static void check_refusal(struct doctor *doctor, const struct use *use)
{
        const struct parameter *parameter = use->parameter;

        if (!doctor_is_refused(doctor, use))
                return;
        doctor_find(doctor,
                text_format(&doctor->arena, "main.cf: %s", parameter->cure),
                "%s: %s(8) takes no socketmap here (\"not allowed for "
                "security-sensitive data\"): %s = %s defers all mail",
                use->setting->name, parameter->refuser, parameter->transport,
                postconf_get(doctor->postconf, parameter->transport));
}

static void check_proxy(struct doctor *doctor, const struct use *use)
{
        struct span rest =
                span_of(postconf_get(doctor->postconf, "proxy_read_maps"));
        struct span word;

        if (!use->proxied)
                return;
        while (word_next(&rest, &word))
                if (span_equal(word, span_of(use->table)))
                        return;
        doctor_find(doctor,
                text_format(&doctor->arena, "main.cf: proxy_read_maps = %s %s",
                        postconf_get(doctor->postconf, "proxy_read_maps"),
                        use->table),
                "%s: proxymap(8) refuses %s: it isn't in proxy_read_maps",
                use->setting->name, use->table);
}

void doctor_check_place(struct doctor *doctor, const struct use *use)
{
        check_refusal(doctor, use);
        check_proxy(doctor, use);
}
