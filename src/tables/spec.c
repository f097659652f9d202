/* SPDX-License-Identifier: MIT */
#include "tables/spec.h"
#include "base/braces.h"
#include "tables/table.h"

struct walk {
        int (*leaf)(
                void *ctx, const struct table_type *type, struct span argument);
        void *ctx;
};

static int walk_list(const struct walk *walk, struct span text, unsigned depth);

static int walk_word(const struct walk *walk, struct span word, unsigned depth)
{
        struct span argument, inside;
        struct reason ignored;
        const struct table_type *type = table_split(word, &argument);

        if (type == NULL)
                return walk->leaf(walk->ctx, NULL, word);
        if (!type->has_members)
                return walk->leaf(walk->ctx, type, argument);
        if (depth == TABLE_DEPTH_MAX ||
                braces_strip(argument, &inside, &ignored) < 0)
                return walk->leaf(walk->ctx, NULL, word);
        return walk_list(walk, inside, depth + 1);
}

static int walk_list(const struct walk *walk, struct span text, unsigned depth)
{
        struct span word;
        int r = 0;

        while (r == 0 && word_next(&text, &word))
                r = walk_word(walk, word, depth);
        return r;
}

int spec_walk(struct span text,
        int (*leaf)(
                void *ctx, const struct table_type *type, struct span argument),
        void *ctx)
{
        const struct walk walk = {leaf, ctx};

        return walk_list(&walk, text, 1);
}
