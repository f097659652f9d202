/* SPDX-License-Identifier: MIT */
/*
 * texthash:FILE - lines of "key value" as postmap(1) reads them, kept in
 * memory. Bad lines are skipped with a warning: refusing the file would be
 * another answer than Postfix's.
 */
#include "base/braces.h"
#include "base/lines.h"
#include "base/utf8.h"
#include "tables/support/exact.h"
#include "tables/support/path.h"
#include "tables/support/settled.h"

extern const struct table_type table_type_texthash;

struct loader {
        const struct table_env *env;
        const char *file;
        struct lines *lines;
        struct exact *table;
};

/* Tells what is wrong with the current line. */
static void warn(const struct loader *loader, const char *text)
{
        struct place place = lines_place(loader->lines, 0);

        place.column = 0;
        report_at(loader->env->report, SEVERITY_WARNING, &place, "%s", text);
}

static void tell_duplicate(void *ctx, struct span key, size_t line)
{
        const struct loader *loader = ctx;
        struct place place = {loader->file, line, 0};

        report_at(loader->env->report, SEVERITY_WARNING, &place,
                "duplicate key \"%.*s\": the first one counts", (int)key.size,
                key.data);
}

/* Splits "key value". Returns false when the line is none, and says so. */
static bool split(const struct loader *loader, struct span line,
        struct span *ret_key, struct span *ret_value)
{
        size_t size;

        if (!utf8_is_valid(line)) {
                warn(loader, "not UTF-8: line ignored");
                return false;
        }
        size = exact_key_size(line, ' ');
        if (size == SIZE_MAX) {
                warn(loader, "unbalanced '\"' in the key: line ignored");
                return false;
        }
        *ret_key = (struct span){line.data, size};
        *ret_value = trim((struct span){line.data + size, line.size - size});
        if (ret_key->size == 0 || ret_value->size == 0) {
                warn(loader, "expected a key, white space and a value: "
                             "line ignored");
                return false;
        }
        return true;
}

static int add_line(const struct loader *loader, struct span line)
{
        struct span key, value;

        if (!split(loader, line, &key, &value))
                return 0;
        if (key.data[key.size - 1] == ':')
                warn(loader, "the key ends in ':': is this an alias file?");
        return exact_add(
                loader->table, key, value, lines_place(loader->lines, 0).line);
}

static int add_lines(const struct loader *loader, struct reason *ret_reason)
{
        struct report *report = loader->env->report;
        struct span line;
        char *text;
        int result;

        for (;;) {
                result = lines_next(
                        loader->lines, report, &text, &line.size, ret_reason);
                if (result <= 0)
                        return result;
                line.data = text;
                result = add_line(loader, line);
                if (result < 0) {
                        reason_set_errno(
                                ret_reason, result, "%s", loader->file);
                        return result;
                }
        }
}

static struct table *read_file(const struct table_env *env, const char *file,
        const struct file_state *state, struct reason *ret_reason)
{
        struct loader loader = {.env = env, .file = file};
        const struct duplicates duplicates = {
                DICT_FIRST_WINS, tell_duplicate, &loader};
        struct table *table = NULL;
        int error;

        loader.lines = lines_open(file, ret_reason);
        if (loader.lines == NULL)
                return NULL;
        loader.table =
                exact_new(env, &table_type_texthash, &duplicates, ret_reason);
        if (loader.table == NULL)
                goto out;
        error = exact_set_file(loader.table, file, state);
        if (error < 0)
                reason_set_errno(ret_reason, error, "%s", file);
        else
                error = add_lines(&loader, ret_reason);
        if (error < 0)
                exact_free(loader.table);
        else
                table = exact_finish(loader.table);
out:
        lines_close(loader.lines);
        return table;
}

static int check_texthash(const char *argument, struct reason *ret_reason)
{
        return path_check("texthash", argument, ret_reason);
}

static struct table *open_texthash(const struct table_env *env,
        const char *file, struct reason *ret_reason)
{
        if (check_texthash(file, ret_reason) < 0)
                return NULL;
        return settled_open(env, file, read_file, ret_reason);
}

static const char manual[] =
        "Each line has a key, blanks and a value.\n"
        "A key with blanks stands in double quotes, which are part of it, and a\n"
        "backslash protects the character behind it.\n"
        "A line that begins with a blank continues the one before, empty lines and those\n"
        "that begin with\n"
        ".Ql #\n"
        "are ignored.\n"
        "A line that is wrong is skipped, and of two lines with the same key the first\n"
        "counts, both with a warning.\n"
        ".Pp\n"
        "The file is read into memory: 10,000,000 entries take some seconds and about\n"
        "20 bytes each besides the text.\n"
        ".Pp\n"
        "In main.cf:\n"
        ".Bd -literal -offset indent\n"
        "virtual_alias_maps = texthash:/etc/postfix/virtual\n"
        ".Ed\n"
        ".Pp\n"
        "In socketmapd.conf:\n"
        ".Bd -literal -offset indent\n"
        "[map virtual]\n"
        "table = texthash:/etc/postfix/virtual\n"
        "search = virtual\n"
        ".Ed\n";

const struct table_type table_type_texthash = {
        .name = "texthash",
        .manual = manual,
        .summary = "a file of \"key value\" lines, as postmap(1) reads it",
        .argument = "FILE",
        .check = check_texthash,
        .open = open_texthash,
        .start = exact_start,
        .close = exact_close,
};
