/* SPDX-License-Identifier: MIT */
#include "daemon/listeners.h"

#include "config/config.h"
#include "daemon/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* Logs why the server has no listener, returns the exit status. */
static int tell_listen_error(const struct listeners *listeners,
        const struct config_listener *listener, int code)
{
        struct socketmap_error error;

        if (!socketmap_server_get_error(listeners->server, &error))
                snprintf(error.text, sizeof(error.text), "%s: %s",
                        listener->endpoint.text, strerror(-code));
        log_say(CONFIG_AREA_LISTEN, CONFIG_LOG_ERROR, "[listen %s] %s",
                listener->name, error.text);
        return code == -EACCES || code == -EPERM ? EX_NOPERM : EX_UNAVAILABLE;
}

int listeners_open(struct listeners *listeners, const struct config *config)
{
        struct socketmap_listen_options *options =
                socketmap_listen_options_new();
        const struct config_listener *listener;
        int status = EX_OK;
        int r;

        if (options == NULL) {
                log_say(CONFIG_AREA_LISTEN, CONFIG_LOG_ERROR, "%s",
                        strerror(ENOMEM));
                return EX_OSERR;
        }
        for (listener = config->listeners; listener != NULL && status == EX_OK;
                listener = listener->next) {
                socketmap_listen_options_set_mode(options, listener->mode);
                r = socketmap_server_listen(
                        listeners->server, listener->endpoint.text, options);
                if (r < 0)
                        status = tell_listen_error(listeners, listener, r);
        }
        socketmap_listen_options_free(options);
        return status;
}

void listeners_tell(const struct listeners *listeners)
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
        log_say(CONFIG_AREA_LIFE, CONFIG_LOG_INFO, "ready: %s", line);
}
