/* SPDX-License-Identifier: MIT */
#include "lib/core.h"

#include <stdarg.h>
#include <stdio.h>

void core_handle_closed(struct core *core)
{
        if (--core->handles == 0)
                core->gone(core);
}

void core_log(const struct core *core, enum socketmap_log_level level,
        const char *format, ...)
{
        char line[500];
        va_list arguments;

        if (core->log == NULL)
                return;
        va_start(arguments, format);
        vsnprintf(line, sizeof(line), format, arguments);
        va_end(arguments);
        core->log(core->log_ctx, level, line);
}
