/* SPDX-License-Identifier: MIT */
#include "tables/exec/process.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The program's ends, and ours. */
struct ends {
        int socket, errors;
        int our_socket, our_errors;
};

static void close_fd(int *fd)
{
        if (*fd >= 0)
                close(*fd);
        *fd = -1;
}

static void close_all(struct ends *ends)
{
        close_fd(&ends->socket);
        close_fd(&ends->errors);
        close_fd(&ends->our_socket);
        close_fd(&ends->our_errors);
}

/*
 * What becomes stdin, stdout and stderr must not be one of them already, where
 * it would be in the way: we may have been started without.
 */
static int move_up(int *fd)
{
        int moved = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

        if (moved < 0)
                return -errno;
        close(*fd);
        *fd = moved;
        return 0;
}

/* Returns 0 or a negative errno; close_all in either case. */
static int make_ends(struct ends *ends, bool has_errors)
{
        int fds[2], r;

        *ends = (struct ends){-1, -1, -1, -1};
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
                return -errno;
        ends->our_socket = fds[0];
        ends->socket = fds[1];
        r = move_up(&ends->socket);
        if (r < 0 || !has_errors)
                return r;
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        ends->our_errors = fds[0];
        ends->errors = fds[1];
        /* Not of the program's end, which is another open file. */
        if (fcntl(ends->our_errors, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        return move_up(&ends->errors);
}

/* Returns 0 or a positive errno, as these functions do. */
static int set_actions(posix_spawn_file_actions_t *actions,
        const struct ends *ends, const char *directory)
{
        int r = posix_spawn_file_actions_addchdir_np(actions, directory);

        if (r == 0)
                r = posix_spawn_file_actions_adddup2(
                        actions, ends->socket, STDIN_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(
                        actions, ends->socket, STDOUT_FILENO);
        if (r == 0 && ends->errors >= 0)
                r = posix_spawn_file_actions_adddup2(
                        actions, ends->errors, STDERR_FILENO);
        /* Libraries may have descriptors that are not closed by themselves. */
        if (r == 0)
                r = posix_spawn_file_actions_addclosefrom_np(
                        actions, STDERR_FILENO + 1);
        return r;
}

static void set_attributes(posix_spawnattr_t *attributes)
{
        sigset_t all, none;

        sigfillset(&all);
        sigemptyset(&none);
        posix_spawnattr_setsigdefault(attributes, &all);
        posix_spawnattr_setsigmask(attributes, &none);
        posix_spawnattr_setpgroup(attributes, 0);
        posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF |
                                                     POSIX_SPAWN_SETSIGMASK |
                                                     POSIX_SPAWN_SETPGROUP);
}

static int spawn(const struct exec_command *command, const struct ends *ends,
        pid_t *ret_pid)
{
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        int r = posix_spawn_file_actions_init(&actions);

        if (r != 0)
                return -r;
        r = posix_spawnattr_init(&attributes);
        if (r == 0) {
                set_attributes(&attributes);
                r = set_actions(&actions, ends, command->directory);
                if (r == 0)
                        r = posix_spawn(ret_pid, command->path, &actions,
                                &attributes, command->arguments,
                                command->environment);
                posix_spawnattr_destroy(&attributes);
        }
        posix_spawn_file_actions_destroy(&actions);
        return -r;
}

static void kill_group(pid_t pid)
{
        kill(-pid, SIGKILL);
        kill(pid, SIGKILL); /* it may have left its group */
}

int exec_process_start(const struct exec_command *command, bool has_errors,
        struct exec_process *ret_process, struct reason *ret_reason)
{
        struct ends ends;
        pid_t pid = -1;
        int pidfd = -1;
        int r = make_ends(&ends, has_errors);

        if (r == 0)
                r = spawn(command, &ends, &pid);
        if (r == 0) {
                pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
                if (pidfd < 0)
                        r = -errno;
        }
        if (r == 0) {
                *ret_process = (struct exec_process){
                        pid, pidfd, ends.our_socket, ends.our_errors};
                ends.our_socket = -1;
                ends.our_errors = -1;
        } else {
                reason_set_errno(ret_reason, r, "%s", command->path);
        }
        close_all(&ends);
        if (r < 0 && pid > 0) {
                kill_group(pid);
                waitpid(pid, NULL, 0);
        }
        return r;
}

void exec_process_kill(struct exec_process *process)
{
        /* First, or it may end by itself for want of a socket. */
        kill_group(process->pid);
        close_fd(&process->fd);
}

bool exec_process_reap(
        struct exec_process *process, int milliseconds, int *ret_status)
{
        struct pollfd ended = {.fd = process->pidfd, .events = POLLIN};

        if (milliseconds > 0)
                while (poll(&ended, 1, milliseconds) < 0 && errno == EINTR)
                        ;
        if (waitpid(process->pid, ret_status, WNOHANG) != process->pid)
                return false;
        close_fd(&process->pidfd);
        close_fd(&process->errors);
        return true;
}

void exec_process_end(struct exec_process *process)
{
        int status;

        exec_process_kill(process);
        exec_process_reap(process, EXEC_END_TIME, &status);
}
