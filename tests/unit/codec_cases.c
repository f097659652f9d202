/* SPDX-License-Identifier: MIT */
#include "codec_cases.h"

#include <errno.h>
#include <stdint.h>

#define LIMIT 131072

#define BYTES(text) .bytes = (text), .size = sizeof(text) - 1
#define PAYLOAD(text) .payload = (text), .length = sizeof(text) - 1

/* Complete: the result is there from byte number `at` on. */
#define WHOLE(text, max, at, content)                                      \
        {                                                                  \
                BYTES(text), .limit = (max), .expected = 1, .first = (at), \
                             PAYLOAD(content)                              \
        }
#define PARTIAL(text)                                      \
        {                                                  \
                BYTES(text), .limit = LIMIT, .expected = 0 \
        }
#define BAD(text, at)                                              \
        {                                                          \
                BYTES(text), .limit = LIMIT, .expected = -EBADMSG, \
                             .first = (at)                         \
        }
#define TOO_BIG(text, max, at)                                      \
        {                                                           \
                BYTES(text), .limit = (max), .expected = -EMSGSIZE, \
                             .first = (at)                          \
        }

const struct codec_case codec_cases[] = {
        WHOLE("0:,", LIMIT, 3, ""),
        WHOLE("0:,", 0, 3, ""),
        WHOLE("1:a,", LIMIT, 4, "a"),
        WHOLE("1:a,", 1, 4, "a"),
        WHOLE("5:hello,", LIMIT, 8, "hello"),
        WHOLE("5:hello,", 5, 8, "hello"),
        WHOLE("8:OK value,", LIMIT, 11, "OK value"),
        WHOLE("10:0123456789,", LIMIT, 14, "0123456789"),
        WHOLE("10:0123456789,", 10, 14, "0123456789"),
        WHOLE("3:,,,,", LIMIT, 6, ",,,"),
        WHOLE("3::::,", LIMIT, 6, ":::"),
        WHOLE("3:1:a,", LIMIT, 6, "1:a"),
        WHOLE("4:\0\0\0\0,", LIMIT, 7, "\0\0\0\0"),
        WHOLE("2:\xff\xfe,", LIMIT, 5, "\xff\xfe"),
        WHOLE("2:\r\n,", LIMIT, 5, "\r\n"),
        /* What follows is the next one's. */
        WHOLE("1:a,1:b,", LIMIT, 4, "a"),
        WHOLE("1:a,\r\n", LIMIT, 4, "a"),
        WHOLE("1:a,\x04", LIMIT, 4, "a"),
        WHOLE("0:,0:,", LIMIT, 3, ""),
        WHOLE("0:,garbage", LIMIT, 3, ""),

        PARTIAL(""),
        PARTIAL("0"),
        PARTIAL("0:"),
        PARTIAL("1"),
        PARTIAL("1:"),
        PARTIAL("1:a"),
        PARTIAL("131072"),
        PARTIAL("131072:"),
        PARTIAL("131072:OK "),

        BAD(":,", 1),
        BAD(",", 1),
        BAD("hello", 1),
        BAD(" 1:a,", 1),
        BAD("\n1:a,", 1),
        BAD("+1:a,", 1),
        BAD("-1:a,", 1),
        BAD("/1:a,", 1),
        BAD("\0001:a,", 1),
        BAD("\xff"
            "1:a,",
                1),
        BAD("\xb1:a,", 1),
        BAD("00:,", 2),
        BAD("01:a,", 2),
        BAD("0 :,", 2),
        BAD("0x1:a,", 2),
        BAD("1 :a,", 2),
        BAD("1a:a,", 2),
        BAD("1;a,", 2),
        BAD("1,a,", 2),
        BAD("1\0:a,", 2),
        BAD("12\n:", 3),
        BAD("0::", 3),
        BAD("0:\0", 3),
        BAD("0:a,", 3),
        BAD("1:a;", 4),
        BAD("1:ab,", 4),
        BAD("1:a\0", 4),
        BAD("5:hello\n", 8),
        BAD("2:a,1:b,", 5),

        TOO_BIG("1:a,", 0, 1),
        TOO_BIG("10:0123456789,", 9, 2),
        TOO_BIG("131073", LIMIT, 6),
        TOO_BIG("131073:", LIMIT, 6),
        TOO_BIG("131080", LIMIT, 6),
        TOO_BIG("200000", LIMIT, 6),
        TOO_BIG("1310720", LIMIT, 7),
        TOO_BIG("1000000", LIMIT, 7),
        TOO_BIG("100001:OK ", 100000, 6),
        TOO_BIG("18446744073709551616:a,", LIMIT, 6),
/* No size_t overflows, whatever the limit. */
#if SIZE_MAX > UINT32_MAX
        TOO_BIG("184467440737095516160:a,", SIZE_MAX, 19),
        TOO_BIG("18446744073709551615:", SIZE_MAX, 19),
        TOO_BIG("99999999999999999999999999999999999999", SIZE_MAX, 19),
#endif
};

const size_t codec_cases_count = sizeof(codec_cases) / sizeof(codec_cases[0]);
