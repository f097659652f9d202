/* SPDX-License-Identifier: MIT */
#include "base/events.h"
#include "support/check.h"
#include "tables/support/exchange.h"
#include <arpa/inet.h>
#include <errno.h>
#include <unistd.h>

#define TIME 600 /* milliseconds to connect in */
#define CROWD 3  /* more than a queue for one has room for */

/* A socket that listens, with room for so many that wait to be accepted. */
static int listen_at(const char *address, int room, struct target *ret_target)
{
        struct sockaddr_in *name = (struct sockaddr_in *)&ret_target->address;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        *ret_target = (struct target){.size = sizeof(*name)};
        name->sin_family = AF_INET;
        inet_pton(AF_INET, address, &name->sin_addr);
        CHECK_INT(bind(fd, (struct sockaddr *)name, sizeof(*name)), 0);
        CHECK_INT(
                getsockname(fd, (struct sockaddr *)name, &ret_target->size), 0);
        CHECK_INT(listen(fd, room), 0);
        return fd;
}

/* Whoever connects to a server whose queue is full hears nothing. */
static void fill(const struct target *target, int fds[CROWD])
{
        bool is_ready;

        for (int i = 0; i < CROWD; i++)
                fds[i] = channel_connect(target, &is_ready);
}

static void test_silent(void)
{
        struct targets targets = {.count = 3};
        struct channel channel;
        struct target *list = targets.list;
        int silent = listen_at("127.0.0.1", 0, &list[0]), crowd[CROWD];
        int good = listen_at("127.0.0.2", 5, &list[2]);
        uint64_t begin;

        fill(&list[0], crowd);
        list[1] = list[0];
        channel_init(&channel);
        begin = events_now();
        CHECK_INT(exchange_connect(&channel, &targets, begin + TIME), 0);
        CHECK(events_now() - begin >= TIME / 2);
        channel_close(&channel);
        targets.count = 2;
        begin = events_now();
        CHECK_INT(
                exchange_connect(&channel, &targets, begin + TIME), -ETIMEDOUT);
        CHECK(events_now() - begin >= TIME);
        for (int i = 0; i < CROWD; i++)
                close(crowd[i]);
        close(silent);
        close(good);
}

int main(void)
{
        RUN(test_silent);
        return check_done();
}
