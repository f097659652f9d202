/* SPDX-License-Identifier: MIT */
#include "config/options.h"

static const struct option listen_options[LISTEN_OPTIONS] = {
        [LISTEN_ENDPOINT] =
                {
                        .name = "endpoint",
                        .type = &value_endpoint,
                        .required = true,
                        .summary = "where clients connect, in Postfix's "
                                   "notation",
                },
        [LISTEN_MODE] =
                {
                        .name = "mode",
                        .type = &value_mode,
                        .fallback = "0660",
                        .summary = "permissions of a unix: socket",
                },
};

static const struct option map_options[MAP_OPTIONS] = {
        [MAP_TABLE] =
                {
                        .name = "table",
                        .type = &value_table,
                        .required = true,
                        .summary = "where the data lives, in Postfix's "
                                   "notation",
                },
};

const struct section_kind section_kinds[SECTION_KINDS] = {
        [SECTION_LISTEN] = {"listen", "a socket that clients connect to",
                listen_options, LISTEN_OPTIONS},
        [SECTION_MAP] = {"map", "what clients ask for by its name", map_options,
                MAP_OPTIONS},
};
