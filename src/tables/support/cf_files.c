/* SPDX-License-Identifier: MIT */
#include "tables/support/cf_files.h"
#include <errno.h>

int cf_files_note(const char *file, const struct file_state *state,
        const struct table_file *more, size_t count, struct arena *arena,
        const struct table_file **ret_files, size_t *ret_count)
{
        struct table_file *files =
                arena_alloc(arena, (count + 1) * sizeof(*files));

        if (files == NULL)
                return -ENOMEM;
        files[0].state = *state;
        files[0].name = arena_copy(arena, span_of(file));
        if (files[0].name == NULL)
                return -ENOMEM;
        if (count > 0)
                memcpy(files + 1, more, count * sizeof(*files));
        *ret_files = files;
        *ret_count = count + 1;
        return 0;
}
