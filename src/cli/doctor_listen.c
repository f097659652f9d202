/* SPDX-License-Identifier: MIT */
/* socketmap doctor: our own listeners, for whoever uses them. */
#include "cli/doctor.h"
#include "cli/doctor_probe.h"
#include "cli/doctor_uses.h"
#include "cli/text.h"

#include "config/config.h"

#include <errno.h>
#include <unistd.h>

/* What Postfix uses has been checked as it uses it. */
static bool is_used(
        struct doctor *doctor, const struct config_listener *listener)
{
        struct looker looker = doctor->postfix;
        struct view views[VIEWS_MAX];
        const char *path, *real;
        size_t count;

        for (const struct use *use = doctor->uses; use != NULL;
                use = use->next) {
                if (!doctor_counts(doctor, use))
                        continue;
                path = endpoint_path(use->endpoint);
                count = use_views(doctor->postconf, use, views);
                for (size_t i = 0; i < count; i++) {
                        looker.chrooted = views[i].chrooted;
                        real = path == NULL ? NULL
                                            : endpoint_real_path(&looker, path,
                                                      &doctor->arena);
                        if (endpoint_find_listener(doctor->config, real,
                                    use->endpoint) == listener)
                                return true;
                }
        }
        return false;
}

void doctor_check_listener(
        struct doctor *doctor, const struct config_listener *listener)
{
        struct looker self = {.directory = "/"};
        const char *endpoint =
                endpoint_for_postfix("", listener, &doctor->arena);
        struct probe result;

        if (endpoint == NULL || is_used(doctor, listener))
                return;
        probe(&self, endpoint, doctor->config->maps->name, &result);
        /* Not everybody is let in, and that is as it should be. */
        if (result.error == 0 || result.error == -ECONNRESET ||
                result.error == -EACCES)
                return;
        doctor_find(doctor, "run: systemctl start socketmapd",
                "[listen %s]: no answer: %s", listener->name, result.text);
}
