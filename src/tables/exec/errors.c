/* SPDX-License-Identifier: MIT */
#include "tables/exec/errors.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* In one go: what a pipe holds. */
#define READ_MOST ((size_t)65536)

void exec_errors_init(
        struct exec_errors *errors, struct exec_log *log, pid_t pid, int fd)
{
        *errors = (struct exec_errors){.log = log, .pid = pid, .fd = fd};
}

static void end_line(struct exec_errors *errors)
{
        if (errors->used > 0 && errors->log != NULL)
                exec_log_say(errors->log, errors->pid, "%.*s",
                        (int)errors->used, errors->line);
        errors->used = 0;
        errors->is_cut = false;
}

static void add(struct exec_errors *errors, char byte)
{
        if (byte == '\n') {
                end_line(errors);
        } else if (!errors->is_cut) {
                errors->line[errors->used++] = byte != '\0' ? byte : '?';
                if (errors->used == sizeof(errors->line)) {
                        end_line(errors);
                        errors->is_cut = true;
                }
        }
}

bool exec_errors_read(struct exec_errors *errors)
{
        char bytes[4096];

        for (size_t sum = 0; errors->fd >= 0 && sum < READ_MOST;) {
                ssize_t size = read(errors->fd, bytes, sizeof(bytes));

                if (size < 0 && errno == EINTR)
                        continue;
                if (size < 0 && errno == EAGAIN)
                        return true;
                if (size <= 0)
                        errors->fd = -1;
                for (ssize_t i = 0; i < size; i++)
                        add(errors, bytes[i]);
                sum += size > 0 ? (size_t)size : 0;
        }
        return errors->fd >= 0;
}

void exec_errors_fini(struct exec_errors *errors)
{
        exec_errors_read(errors);
        end_line(errors);
        errors->fd = -1;
}
