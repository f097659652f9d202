/* SPDX-License-Identifier: MIT */
#include "tables/support/cf_files.h"
#include "base/regular.h"
#include "tables/support/path.h"
#include "tables/support/pem.h"
#include <errno.h>
#include <unistd.h>

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

/* Returns 0, or a negative errno with the reason. */
static int look(const char *name, enum cf_file kind, struct reason *ret_reason)
{
        int fd;

        if (kind == CF_FILE_PEM)
                return pem_check(name, ret_reason);
        if (kind == CF_FILE_DIRECTORY)
                return path_check_directory(name, ret_reason);
        fd = regular_open(name, name, ret_reason);
        if (fd >= 0)
                close(fd);
        return fd < 0 ? fd : 0;
}

void cf_files_look(const struct cf *cf, const char *option, const char *name,
        enum cf_file kind)
{
        struct reason why, text;

        if (name == NULL || *name == '\0' || look(name, kind, &why) == 0)
                return;
        reason_set(&text, "%s: %s", option, why.text);
        cf_warn(cf, text.text);
}
