/* SPDX-License-Identifier: MIT */
#include "tables/support/nul_form.h"

static void cut(struct span *value)
{
        const char *nul = NULL;

        if (value->size > 0)
                nul = memchr(value->data, '\0', value->size);
        if (nul != NULL)
                value->size = (size_t)(nul - value->data);
}

int nul_form_find(struct nul_form *form, struct span key,
        int (*find)(void *ctx, struct span key, struct span *ret_value),
        void *ctx, struct span *ret_value)
{
        struct span value;
        int r = 0;

        if (memchr(key.data, '\0', key.size) != NULL)
                return 0;
        if (!form->is_without) {
                r = find(ctx, (struct span){key.data, key.size + 1}, &value);
                form->is_with = form->is_with || r > 0;
        }
        if (r == 0 && !form->is_with) {
                r = find(ctx, key, &value);
                form->is_without = form->is_without || r > 0;
        }
        if (r <= 0)
                return r;
        cut(&value);
        *ret_value = value;
        return 1;
}

bool nul_form_cut(struct span *key, struct span *value)
{
        bool is_with = key->size > 0 && key->data[key->size - 1] == '\0';

        if (is_with)
                key->size--;
        cut(value);
        return is_with;
}
