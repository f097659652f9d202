/* SPDX-License-Identifier: MIT */
/*
 * An idle connection stays for as long as its client wants: hours pass here in
 * no time, since the program's clock takes the place of the C library's for
 * the shared libraries, too. Not with a sanitizer, which does the same.
 */
#include "harness.h"

#include "check.h"

#include <socketmap/protocol.h>
#include <stdatomic.h>
#include <sys/syscall.h>

enum { HOUR = 3600 };

static atomic_long later; /* seconds */

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
        int r = (int)syscall(SYS_clock_gettime, clock, ret_time);

        if (r == 0)
                ret_time->tv_sec += atomic_load(&later);
        return r;
}

static struct socketmap_server *new_server(void)
{
        struct socketmap_server *server =
                must(socketmap_server_new(), "server");
        static char text[] = "yes";

        must_be_zero(socketmap_server_add_map(
                             server, "m", look_and_say, text, SOCKETMAP_INLINE),
                "map");
        return server;
}

static void test_idle_connection_is_kept_for_hours(void)
{
        struct running running;
        struct socketmap_server *server = new_server();
        int idle = connect_to(server), fresh = connect_to(server);

        running_start(&running, server);
        ask(idle, "m", "k");
        CHECK_STR(answer(idle), "OK yes");
        for (int hour = 0; hour < 24; hour++) {
                atomic_fetch_add(&later, HOUR);
                /* The loop turns: what is due now happens. */
                ask(fresh, "m", "k");
                CHECK_STR(answer(fresh), "OK yes");
        }
        ask(idle, "m", "k");
        CHECK_STR(answer(idle), "OK yes");
        close(idle);
        close(fresh);
        running_end(&running);
}

/* So the hours do pass: whoever has begun a request has no such time. */
static void test_partial_request_is_not_kept(void)
{
        struct running running;
        struct socketmap_server *server = new_server();
        int partial = connect_to(server), fresh = connect_to(server);

        running_start(&running, server);
        send_bytes(partial, "3:m", 3);
        ask(fresh, "m", "k");
        CHECK_STR(answer(fresh), "OK yes");
        atomic_fetch_add(&later, HOUR);
        ask(fresh, "m", "k");
        CHECK_STR(answer(fresh), "OK yes");
        CHECK_STR(answer(partial), "(end)");
        CHECK(socketmap_server_get_count(server, SOCKETMAP_COUNT_EXPIRED) == 1);
        close(partial);
        close(fresh);
        running_end(&running);
}

int main(void)
{
        RUN(test_idle_connection_is_kept_for_hours);
        RUN(test_partial_request_is_not_kept);
        return check_done();
}
