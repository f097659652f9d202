/* SPDX-License-Identifier: MIT */
#include "maps/options.h"
#include <errno.h>

static const size_t texts[] = {
        offsetof(struct map_options, name),
        offsetof(struct map_options, table),
        offsetof(struct map_options, canary),
        offsetof(struct map_options, recipient_delimiter),
        offsetof(struct map_options, propagate_unmatched_extensions),
        offsetof(struct map_options, mydomains),
        offsetof(struct map_options, query),
        offsetof(struct map_options, domain),
        offsetof(struct map_options, result_format),
};

#define TEXTS (sizeof(texts) / sizeof(texts[0]))

static const char *get_text(const struct map_options *options, size_t i)
{
        return *(const char *const *)((const char *)options + texts[i]);
}

int map_options_copy(const struct map_options *options, struct arena *arena,
        struct map_options *ret_copy)
{
        *ret_copy = *options;
        for (size_t i = 0; i < TEXTS; i++) {
                const char *text = get_text(options, i);
                const char **copy =
                        (const char **)((char *)ret_copy + texts[i]);

                if (text == NULL)
                        continue;
                *copy = arena_copy(arena, span_of(text));
                if (*copy == NULL)
                        return -ENOMEM;
        }
        return 0;
}

static bool is_same_text(const char *a, const char *b)
{
        if (a == NULL || b == NULL)
                return a == b;
        return strcmp(a, b) == 0;
}

bool map_options_are_same(
        const struct map_options *a, const struct map_options *b)
{
        for (size_t i = 0; i < TEXTS; i++)
                if (!is_same_text(get_text(a, i), get_text(b, i)))
                        return false;
        return a->auto_reload == b->auto_reload &&
               a->shrink_limit == b->shrink_limit && a->secret == b->secret &&
               a->threads == b->threads && a->search == b->search &&
               a->parents == b->parents && a->queue == b->queue &&
               a->owner_request_special == b->owner_request_special &&
               a->fold == b->fold && a->expansion_limit == b->expansion_limit &&
               a->empty_value == b->empty_value;
}
