/* SPDX-License-Identifier: MIT */
#include "config/offline.h"

#include "config/check.h"
#include "config/config.h"
#include "config/listing.h"

#include <sysexits.h>

void offline_say(void *ctx, enum severity severity, const char *line)
{
        (void)ctx;
        fprintf(stderr, "%s%s\n",
                severity == SEVERITY_WARNING ? "warning: " : "", line);
}

static int end_output(void)
{
        return fflush(stdout) != 0 || ferror(stdout) ? EX_IOERR : EX_OK;
}

int offline_check(const char *file, bool opens)
{
        struct report report = {.say = offline_say};

        return check_run(file, opens, &report) < 0 ? EX_CONFIG : EX_OK;
}

int offline_dump(const char *file)
{
        struct report report = {.say = offline_say};
        struct config *config = config_read(file, &report);

        if (config == NULL)
                return EX_CONFIG;
        listing_write_settings(stdout, config);
        config_free(config);
        return end_output();
}

int offline_help_options(void)
{
        listing_write_options(stdout);
        return end_output();
}
