/* SPDX-License-Identifier: MIT */
#include "base/file_state.h"
#include "support/check.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static time_t begin;
static char path[] = "/tmp/socketmap-file-state.XXXXXX";

/* Sets the time of the file, in seconds from now. */
static void set_time(time_t seconds, long nanoseconds)
{
        struct timespec times[2] = {
                {.tv_nsec = UTIME_OMIT}, {begin + seconds, nanoseconds}};

        CHECK_INT(utimensat(AT_FDCWD, path, times, 0), 0);
}

static struct file_state state_of(const char *file)
{
        struct file_state state = {0};

        CHECK_INT(file_state_get(file, &state), 0);
        return state;
}

static bool has_changed_since(const struct file_state *before)
{
        struct file_state now = state_of(path);

        return !file_state_is_same(before, &now);
}

static void test_changes(void)
{
        struct file_state before;
        int fd;

        set_time(-100, 5);
        before = state_of(path);
        CHECK(!has_changed_since(&before));
        set_time(-100, 6);
        CHECK(has_changed_since(&before));
        set_time(-100, 5);
        CHECK(!has_changed_since(&before));
        CHECK_INT(truncate(path, 1), 0);
        set_time(-100, 5);
        CHECK(has_changed_since(&before));
        /* Another file; the first one's inode is kept from being taken. */
        before = state_of(path);
        fd = open(path, O_RDONLY);
        CHECK_INT(unlink(path), 0);
        CHECK_INT(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
        CHECK_INT(truncate(path, 1), 0);
        set_time(-100, 5);
        CHECK(has_changed_since(&before));
        close(fd);
}

static void test_hot(void)
{
        /* Also when its clock is a little ahead of ours. */
        begin = time(NULL);
        set_time(1, 0);
        CHECK(state_of(path).is_hot);
        set_time(-3, 0);
        CHECK(!state_of(path).is_hot);
        /* A time that makes no sense. */
        set_time(100, 0);
        CHECK(!state_of(path).is_hot);
}

static void test_absent(void)
{
        struct file_state state;

        CHECK_INT(file_state_get("/nonexistent/x", &state), -ENOENT);
}

int main(void)
{
        begin = time(NULL);
        close(mkstemp(path));
        RUN(test_changes);
        RUN(test_hot);
        RUN(test_absent);
        unlink(path);
        return check_done();
}
