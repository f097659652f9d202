/* SPDX-License-Identifier: MIT */
#include "config/config.h"
#include "daemon/access.h"
#include "support/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static void test_networks(void)
{
        static const struct {
                const char *text;
                int bits; /* -1: no network */
        } cases[] = {
                {"0.0.0.0/0", 96},
                {"10.0.0.0/8", 104},
                {"192.0.2.7", 128},
                {"192.0.2.7/32", 128},
                {"192.0.2.6/31", 127},
                {"::/0", 0},
                {"::1", 128},
                {"[::1]", 128},
                {"[2001:db8::]/32", 32},
                {"2001:db8::/29", 29},
                {"::ffff:10.0.0.0/104", 104},
                {"192.0.2.7/31", -1},
                {"192.0.2.7/33", -1},
                {"192.0.2.7/", -1},
                {"192.0.2.7/-1", -1},
                {"192.0.2.7/+1", -1},
                {"192.0.2.7/4294967328", -1},
                {"192.0.2", -1},
                {"192.0.2.256", -1},
                {"2001:db8::1/32", -1},
                {"::/129", -1},
                {"[::1", -1},
                {"[]", -1},
                {"/8", -1},
                {"", -1},
                {"example.org", -1},
                {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb", -1},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct network network = {.bits = 0};
                int r = network_parse(cases[i].text, &network);

                if (r != (cases[i].bits < 0 ? -22 : 0) ||
                        (r == 0 && (int)network.bits != cases[i].bits)) {
                        printf("# %s\n", cases[i].text);
                        CHECK_INT(
                                r < 0 ? -1 : (int)network.bits, cases[i].bits);
                }
        }
}

/* Connects over TCP, from `from`; returns the accepted descriptor. */
static int accept_from(const char *from, int *ret_client)
{
        struct sockaddr_in to = {.sin_family = AF_INET,
                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct sockaddr_in mine = {.sin_family = AF_INET};
        socklen_t size = sizeof(to);
        int listener = socket(AF_INET, SOCK_STREAM, 0), fd = -1;

        *ret_client = socket(AF_INET, SOCK_STREAM, 0);
        inet_pton(AF_INET, from, &mine.sin_addr);
        if (bind(listener, (struct sockaddr *)&to, sizeof(to)) == 0 &&
                listen(listener, 1) == 0 &&
                getsockname(listener, (struct sockaddr *)&to, &size) == 0 &&
                bind(*ret_client, (struct sockaddr *)&mine, sizeof(mine)) ==
                        0 &&
                connect(*ret_client, (struct sockaddr *)&to, sizeof(to)) == 0)
                fd = accept(listener, NULL, NULL);
        close(listener);
        return fd;
}

static void test_prefixes(void)
{
        static const struct {
                const char *network, *peer;
                bool allowed;
        } cases[] = {
                {"127.0.0.0/9", "127.127.255.255", true},
                {"127.0.0.0/9", "127.128.0.1", false},
                {"127.3.4.5", "127.3.4.5", true},
                {"127.3.4.5", "127.3.4.4", false},
                {"127.3.4.4/31", "127.3.4.5", true},
                {"0.0.0.0/0", "127.3.4.5", true},
                {"::/0", "127.3.4.5", false},
                {"::ffff:0:0/96", "127.3.4.5", true},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                const struct config_listener options = {
                        .allow_networks = {&cases[i].network, 1}};
                struct access access;
                struct access_peer peer = {""};
                int client, fd = accept_from(cases[i].peer, &client);

                CHECK(fd >= 0);
                CHECK_INT(access_init(&access, &options), 0);
                CHECK_INT(access_allows(&access, fd, &peer), cases[i].allowed);
                CHECK_STR(peer.text, cases[i].peer);
                access_fini(&access);
                close(fd);
                close(client);
        }
}

/* Rules about processes can't be kept over TCP: nobody may. */
static void test_users_over_tcp(void)
{
        const struct config_user user = {.uid = getuid()};
        const struct config_listener options = {.allow_users = {&user, 1}};
        struct access access;
        struct access_peer peer;
        int client, fd = accept_from("127.0.0.1", &client), pair[2];

        CHECK_INT(access_init(&access, &options), 0);
        CHECK(!access_allows(&access, fd, &peer));
        CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        CHECK(access_allows(&access, pair[0], &peer));
        access_fini(&access);
        close(fd);
        close(client);
        close(pair[0]);
        close(pair[1]);
}

static void test_no_rules(void)
{
        const struct config_listener options = {.mode = 0};
        struct access access;
        struct access_peer peer;

        CHECK_INT(access_init(&access, &options), 0);
        CHECK(access_allows(&access, -1, &peer));
        access_fini(&access);
}

/* What cannot be asked for its peer is let in nowhere. */
static void test_no_peer(void)
{
        const struct config_user user = {.uid = getuid()};
        const struct config_listener options = {.allow_users = {&user, 1}};
        struct access access;
        struct access_peer peer;

        CHECK_INT(access_init(&access, &options), 0);
        CHECK(!access_allows(&access, -1, &peer));
        access_fini(&access);
}

int main(void)
{
        RUN(test_networks);
        RUN(test_prefixes);
        RUN(test_users_over_tcp);
        RUN(test_no_rules);
        RUN(test_no_peer);
        return check_done();
}
