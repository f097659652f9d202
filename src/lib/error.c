/* SPDX-License-Identifier: MIT */
#include "lib/error.h"

#include <stdarg.h>
#include <stdio.h>

/* The text is one line, whatever bytes the arguments brought along. */
static void mask_controls(char *text)
{
        for (; *text != '\0'; text++) {
                if ((unsigned char)*text < ' ' || *text == 0x7f)
                        *text = '?';
        }
}

int error_set(struct socketmap_error *error, int code, const char *format, ...)
{
        va_list arguments;

        if (error == NULL)
                return code;

        error->code = code;
        va_start(arguments, format);
        if (vsnprintf(error->text, sizeof(error->text), format, arguments) < 0)
                error->text[0] = '\0';
        va_end(arguments);
        mask_controls(error->text);
        return code;
}
