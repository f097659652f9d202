/* SPDX-License-Identifier: MIT */
/*
 * Checks for unit tests, reported as TAP on stdout (one line a case).
 *
 *     static void test_x(void) { CHECK(f() == 1); CHECK_STR(g(), "y"); }
 *     int main(void) { RUN(test_x); return check_done(); }
 *
 * A failed check prints where and what, and the case goes on.
 */
#ifndef SUPPORT_CHECK_H
#define SUPPORT_CHECK_H

#include <stdio.h>
#include <string.h>

static int check_cases, check_failures, check_bad;

#define CHECK(condition)                                            \
        do {                                                        \
                if (!(condition)) {                                 \
                        printf("# %s:%d: %s\n", __FILE__, __LINE__, \
                                #condition);                        \
                        check_bad = 1;                              \
                }                                                   \
        } while (0)

#define CHECK_INT(actual, expected)                                         \
        do {                                                                \
                long long check_a = (actual), check_e = (expected);         \
                if (check_a != check_e) {                                   \
                        printf("# %s:%d: %s is %lld, not %lld\n", __FILE__, \
                                __LINE__, #actual, check_a, check_e);       \
                        check_bad = 1;                                      \
                }                                                           \
        } while (0)

#define CHECK_STR(actual, expected)                                     \
        do {                                                            \
                const char *check_a = (actual), *check_e = (expected);  \
                if (check_a == NULL || strcmp(check_a, check_e) != 0) { \
                        printf("# %s:%d: %s is \"%s\", not \"%s\"\n",   \
                                __FILE__, __LINE__, #actual,            \
                                check_a ? check_a : "(NULL)", check_e); \
                        check_bad = 1;                                  \
                }                                                       \
        } while (0)

static inline void check_case(const char *name)
{
        printf("%s %d - %s\n", check_bad ? "not ok" : "ok", ++check_cases,
                name);
        fflush(stdout);
        check_failures += check_bad;
        check_bad = 0;
}

#define RUN(test)                  \
        do {                       \
                test();            \
                check_case(#test); \
        } while (0)

static inline int check_done(void)
{
        printf("1..%d\n", check_cases);
        return check_failures != 0;
}

#endif
