/* SPDX-License-Identifier: MIT */
/*
 * The keys that a load generator asks for, and the values it expects. Both are
 * known by a number from 0, so that a reply can be checked without keeping
 * more than the number.
 */
#ifndef CLI_KEYS_H
#define CLI_KEYS_H

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

/* Text with the number in the place of its "%d", if it has one. */
struct pattern {
        struct span before;
        struct span after;
        bool numbered;
};

enum expectation {
        EXPECT_ANY,    /* any value */
        EXPECT_KEY,    /* the key itself */
        EXPECT_PATTERN /* a pattern's text; also that of a file, whole */
};

struct keys {
        uint64_t count;
        struct pattern pattern;
        struct span *lines; /* if keys are a file's: then no pattern */
        enum expectation expectation;
        struct pattern value;
        size_t key_size_max;
        size_t value_size_max;
        char *scratch;               /* room for the longest value */
        char *key_text, *value_text; /* contents of files */
};

struct keys_source {
        const char *pattern; /* with `count` keys; or */
        uint64_t count;
        const char *file;       /* one key a line */
        const char *value;      /* NULL: any; "-": the key; else a pattern */
        const char *value_file; /* its bytes are every key's value */
};

/*
 * Makes keys of what the user said; the pattern texts are borrowed. Returns 0,
 * or a negative errno after a complaint; then keys_fini isn't needed.
 */
int keys_init(struct keys *keys, const struct keys_source *source);
void keys_fini(struct keys *keys);

/*
 * Gets a key. It is built in `buffer`, of key_size_max bytes, or lies in the
 * memory of `keys`.
 */
struct span keys_get(const struct keys *keys, uint64_t number, char *buffer);

/* Gets the value that is expected, valid until the next call; not for ANY. */
struct span keys_get_value(const struct keys *keys, uint64_t number);

#endif
