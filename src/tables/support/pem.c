/* SPDX-License-Identifier: MIT */
#include "tables/support/pem.h"
#include "base/lines.h"
#include <errno.h>

/* The library says what is wrong behind it. */
#define BEGIN "-----BEGIN "

int pem_check(const char *file, struct reason *ret_reason)
{
        struct lines *lines = lines_open(file, ret_reason);
        char *text;
        size_t size;
        int r;

        if (lines == NULL)
                return ret_reason->code;
        do
                r = lines_next(lines, NULL, &text, &size, ret_reason);
        while (r > 0 && strncmp(text, BEGIN, strlen(BEGIN)) != 0);
        lines_close(lines);
        if (r != 0)
                return r < 0 ? r : 0;
        reason_set(ret_reason, "%s: no PEM file", file);
        ret_reason->code = -EBADMSG;
        return -EBADMSG;
}
