/* SPDX-License-Identifier: MIT */
/* Asking a server as somebody else would. */
#ifndef CLI_DOCTOR_PROBE_H
#define CLI_DOCTOR_PROBE_H

#include "cli/doctor_endpoint.h"

#include <socketmap/protocol.h>

struct probe {
        int error; /* 0: it has answered; else a negative errno */
        enum socketmap_status status;
        char text[256]; /* of the answer, or why there is none */
};

/*
 * Asks for a key that no mail has. endpoint: as the looker would write it. When
 * the looker has a name and we are root, its process is imitated: directory,
 * chroot and user.
 */
void probe(const struct looker *looker, const char *endpoint, const char *map,
        struct probe *ret_probe);

#endif
