/* SPDX-License-Identifier: MIT */
#include "tables/exec/wait.h"
#include "base/events.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>

void exec_wait_init(struct exec_wait *wait, const struct server *server,
        const struct exec_command *command, struct exec_log *log, bool keeps)
{
        *wait = (struct exec_wait){
                .server = server,
                .command = command,
                .log = log,
                .keeps = keeps,
        };
}

static int start(struct exec_wait *wait, struct reason *ret_reason)
{
        int r = exec_process_start(wait->command, wait->log->watcher != NULL,
                &wait->process, ret_reason);

        if (r < 0)
                return r;
        channel_init(&wait->channel);
        wait->channel.fd = wait->process.fd;
        exec_errors_init(&wait->errors, wait->log, wait->process.pid,
                wait->process.errors);
        wait->is_running = true;
        return 0;
}

void exec_wait_close(struct exec_wait *wait)
{
        int status;

        if (!wait->is_running)
                return;
        wait->channel.fd = -1;
        channel_close(&wait->channel);
        exec_process_kill(&wait->process);
        exec_errors_fini(&wait->errors);
        exec_process_reap(&wait->process, EXEC_END_TIME, &status);
        wait->is_running = false;
}

/* Waits for the socket; meanwhile stderr is read. */
static int wait_for(struct exec_wait *wait, unsigned what, uint64_t deadline)
{
        for (;;) {
                struct pollfd fds[] = {
                        {.fd = wait->channel.fd,
                                .events =
                                        what == EVENT_WRITE ? POLLOUT : POLLIN},
                        {.fd = wait->errors.fd, .events = POLLIN},
                        {.fd = wait->process.pidfd, .events = POLLIN},
                };
                uint64_t now = events_now();
                int r;

                if (now >= deadline)
                        return -ETIMEDOUT;
                r = poll(fds, 3,
                        deadline - now < INT_MAX ? (int)(deadline - now)
                                                 : INT_MAX);
                if (r < 0 && errno != EINTR)
                        return -errno;
                if (r <= 0)
                        continue;
                if (fds[1].revents != 0)
                        exec_errors_read(&wait->errors);
                if (fds[0].revents != 0)
                        return 0;
                if (fds[2].revents != 0)
                        return -ECONNRESET; /* one that it left has it */
        }
}

/* Returns 0 when the rest of the request may be sent. */
static int knock(struct exec_wait *wait, uint64_t deadline)
{
        int r;

        while ((r = exchange_knock(&wait->channel)) == 0) {
                uint64_t next = events_now() + 1;

                r = wait_for(
                        wait, EVENT_READ, next < deadline ? next : deadline);
                if (r != -ETIMEDOUT || next >= deadline)
                        return r < 0 ? r : -ECONNRESET;
        }
        return r < 0 ? r : 0;
}

/* Returns as exchange_go_on, but not 0; or -ETIMEDOUT. */
static int exchange(
        struct exec_wait *wait, struct lookup *lookup, uint64_t deadline)
{
        unsigned what;
        int r = exchange_begin(wait->server, &wait->channel, lookup);

        if (r == 0)
                r = knock(wait, deadline);
        while (r == 0) {
                r = exchange_go_on(wait->server, &wait->channel, lookup, &what);
                if (r != 0)
                        return r;
                r = wait_for(wait, what, deadline);
        }
        return r;
}

enum progress exec_wait_ask(struct exec_wait *wait, struct lookup *lookup)
{
        uint64_t deadline = exchange_deadline(lookup);
        struct reason reason;
        bool was_running;
        int r;

        if (wait->is_running && !channel_is_quiet(&wait->channel))
                exec_wait_close(wait);
        do {
                was_running = wait->is_running;
                if (!was_running && start(wait, &reason) < 0)
                        return lookup_failed(lookup, "%s: %s",
                                wait->server->name, reason.text);
                r = exchange(wait, lookup, deadline);
                if (r < 0 || !wait->keeps)
                        exec_wait_close(wait);
        } while (r == -ECONNRESET && was_running);
        return r > 0 ? LOOKUP_DONE : exchange_failed(wait->server, lookup, r);
}
