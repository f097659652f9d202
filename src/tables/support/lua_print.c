/* SPDX-License-Identifier: MIT */
#include "tables/support/lua_print.h"
#include "base/events.h"
#include "base/notice.h"

#define LINES_A_SECOND 10

void lua_print_init(struct lua_print *print, const char *name)
{
        *print = (struct lua_print){.name = name};
        pthread_mutex_init(&print->mutex, NULL);
}

/* The mutex is locked, or nobody else is there. */
static void tell_left_out(struct lua_print *print)
{
        if (print->left_out > 0)
                notice_say("%s: %u more lines left out", print->name,
                        print->left_out);
        print->left_out = 0;
}

void lua_print_fini(struct lua_print *print)
{
        tell_left_out(print);
        pthread_mutex_destroy(&print->mutex);
}

void lua_print_line(struct lua_print *print, const char *line)
{
        uint64_t second = events_now() / 1000;

        pthread_mutex_lock(&print->mutex);
        if (second != print->second) {
                print->second = second;
                print->lines = 0;
                tell_left_out(print);
        }
        if (print->lines == LINES_A_SECOND) {
                print->left_out++;
        } else {
                print->lines++;
                notice_say("%s: %s", print->name, line);
        }
        pthread_mutex_unlock(&print->mutex);
}
