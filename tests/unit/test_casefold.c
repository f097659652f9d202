/* SPDX-License-Identifier: MIT */
#include "base/casefold.h"
#include "base/utf8.h"
#include "support/check.h"
#include <errno.h>

/* Folds a text; the result lives until the next call. */
static const char *fold(const char *text)
{
        static char result[400];
        char memory[400];
        struct arena arena;
        struct span folded;
        int error;

        arena_init(&arena, memory, sizeof(memory), 0);
        error = casefold(span_of(text), &arena, &folded);
        if (error == -EILSEQ)
                return "EILSEQ";
        if (error < 0)
                return "ENOMEM";
        snprintf(result, sizeof(result), "%.*s", (int)folded.size, folded.data);
        return result;
}

static void test_ascii(void)
{
        char all[128], expected[128];

        for (int c = 1; c < 128; c++) {
                all[c - 1] = (char)c;
                expected[c - 1] =
                        (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        }
        all[127] = expected[127] = '\0';
        for (size_t from = 0; from < 128; from++)
                CHECK_STR(fold(all + from), expected + from);
}

/* Each letter at each place of a word, and in the bytes behind the words. */
static void test_ascii_places(void)
{
        char text[24], expected[24];

        for (size_t at = 0; at < 23; at++) {
                memset(text, 'z', 23);
                text[23] = '\0';
                memcpy(expected, text, sizeof(text));
                text[at] = 'Z';
                CHECK_STR(fold(text), expected);
                text[at] = '[';
                expected[at] = '[';
                CHECK_STR(fold(text), expected);
        }
}

static void test_same_span(void)
{
        struct arena arena;
        struct span text = span_of("user@example.org"), folded;

        arena_init(&arena, NULL, 0, 0);
        CHECK_INT(casefold(text, &arena, &folded), 0);
        CHECK(folded.data == text.data && folded.size == text.size);
        text.size = 0;
        CHECK_INT(casefold(text, &arena, &folded), 0);
        CHECK_INT(folded.size, 0);
        CHECK_INT(casefold(span_of("A"), &arena, &folded), -ENOMEM);
}

/* The room that the longest folding has is used to its last byte. */
static void test_no_byte_too_many(void)
{
        char memory[7] = "xxxxxxx";
        struct arena arena;
        struct span folded;

        arena_init(&arena, memory, 6, 0);
        CHECK_INT(casefold(SPAN_LITERAL("\u0390"), &arena, &folded), 0);
        CHECK_INT(folded.size, 6);
        CHECK_INT(memory[6], 'x');
}

static void test_special(void)
{
        CHECK_STR(fold("Straße"), "strasse");
        CHECK_STR(fold("STRASSE"), "strasse");
        CHECK_STR(fold("ẞ"), "ss");
        CHECK_STR(fold("İ"), "i\xcc\x87");
        CHECK_STR(fold("ı"), "ı");
        CHECK_STR(fold("ΣΊΣΥΦΟΣ σίσυφος"), "σίσυφοσ σίσυφοσ");
        CHECK_STR(fold("ﬀ ﬁ ﬃ ﬅ"), "ff fi ffi st");
        CHECK_STR(fold("ΐ"), "ι\xcc\x88\xcc\x81");
        CHECK_STR(fold("ÀÖØÞ×"), "àöøþ×");
        CHECK_STR(fold("ĀāĂĸĹ"), "āāăĸĺ");
        CHECK_STR(fold("K Å"), "k å");
        CHECK_STR(fold("\xf0\x90\x90\x80"), "\xf0\x90\x90\xa8");
        CHECK_STR(fold("Ꭰ ꭰ"), "Ꭰ Ꭰ");
}

static void test_invalid(void)
{
        static const char *const bad[] = {"\x80", "\xff", "\xfe", "a\xc3",
                "A\xc3\x41", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80",
                "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80", "\xed\xbf\xbf",
                "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
                "\xf5\x80\x80\x80", "\xf0\x9f\x98", "abcdefgh\xe4",
                "\xf8\x88\x80\x80\x80"};

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                CHECK_STR(fold(bad[i]), "EILSEQ");
                CHECK(!utf8_is_valid(span_of(bad[i])));
        }
}

static void test_every_character_is_encoded_back(void)
{
        for (uint32_t c = 0; c < 0x110000; c++) {
                char text[4];
                uint32_t back = 0;
                size_t size;

                if (c >= 0xd800 && c < 0xe000)
                        continue;
                size = utf8_encode(c, text);
                CHECK(utf8_decode((struct span){text, size}, &back) == size);
                CHECK(back == c);
        }
}

int main(void)
{
        RUN(test_ascii);
        RUN(test_ascii_places);
        RUN(test_same_span);
        RUN(test_no_byte_too_many);
        RUN(test_special);
        RUN(test_invalid);
        RUN(test_every_character_is_encoded_back);
        return check_done();
}
