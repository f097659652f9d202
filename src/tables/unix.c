/* SPDX-License-Identifier: MIT */
/*
 * unix:passwd.byname, unix:group.byname - the users and groups of the system,
 * from wherever it has them: that may be a server, so threads ask.
 */
#include "tables/support/workers.h"
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

extern const struct table_type table_type_unix;

/* Room for one entry: the system says when it is too little. */
#define ENTRY_SIZE ((size_t)4096)
#define ENTRY_SIZE_MAX ((size_t)16 * 1024 * 1024)

struct database {
        const char *name;
        /*
         * Sets the lookup's answer and returns 0; or returns the error of the
         * system, ERANGE when the buffer is too small.
         */
        int (*get)(struct lookup *lookup, const char *name, char *buffer,
                size_t size);
};

struct unix_table {
        struct table table;
        struct workers *workers;
};

/* Some sources of users leave fields out. */
static const char *text_of(const char *field)
{
        return field != NULL ? field : "";
}

/*
 * Begins a value in the arena, with room for `more` bytes behind it. Returns
 * NULL when there is no memory, else what is to be written behind, and the
 * lookup has what there is so far.
 */
__attribute__((format(printf, 3, 4))) static char *print(
        struct lookup *lookup, size_t more, const char *format, ...)
{
        va_list arguments;
        char *text;
        int size;

        va_start(arguments, format);
        size = vsnprintf(NULL, 0, format, arguments);
        va_end(arguments);
        if (size < 0 || more > SIZE_MAX - 1 - (size_t)size)
                text = NULL;
        else
                text = arena_bytes(lookup->arena, (size_t)size + 1 + more);
        if (text == NULL) {
                lookup_failed(lookup, "out of memory for the value");
                return NULL;
        }
        va_start(arguments, format);
        vsnprintf(text, (size_t)size + 1, format, arguments);
        va_end(arguments);
        lookup_found(lookup, (struct span){text, (size_t)size});
        return text + size;
}

static int get_passwd(
        struct lookup *lookup, const char *name, char *buffer, size_t size)
{
        struct passwd entry, *found;
        int error = getpwnam_r(name, &entry, buffer, size, &found);

        if (error != 0)
                return error;
        if (found == NULL)
                lookup_absent(lookup);
        else
                print(lookup, 0, "%s:%s:%ld:%ld:%s:%s:%s",
                        text_of(entry.pw_name), text_of(entry.pw_passwd),
                        (long)entry.pw_uid, (long)entry.pw_gid,
                        text_of(entry.pw_gecos), text_of(entry.pw_dir),
                        text_of(entry.pw_shell));
        return 0;
}

/* Writes the members behind the rest of the value, separated by commas. */
static void print_members(struct lookup *lookup, char *at, char **members)
{
        for (size_t i = 0; members[i] != NULL; i++) {
                size_t size = strlen(members[i]);

                if (i > 0)
                        *at++ = ',';
                memcpy(at, members[i], size);
                at += size;
        }
        lookup->value.size = (size_t)(at - lookup->value.data);
}

static int get_group(
        struct lookup *lookup, const char *name, char *buffer, size_t size)
{
        struct group entry, *found;
        size_t more = 0;
        char *end;
        int error = getgrnam_r(name, &entry, buffer, size, &found);

        if (error != 0)
                return error;
        if (found == NULL) {
                lookup_absent(lookup);
                return 0;
        }
        for (char **member = entry.gr_mem; *member != NULL; member++)
                more += strlen(*member) + 1;
        end = print(lookup, more, "%s:%s:%ld:", text_of(entry.gr_name),
                text_of(entry.gr_passwd), (long)entry.gr_gid);
        if (end != NULL)
                print_members(lookup, end, entry.gr_mem);
        return 0;
}

static const struct database databases[] = {
        {"passwd.byname", get_passwd},
        {"group.byname", get_group},
};

static const struct database *find_database(const char *name)
{
        for (size_t i = 0; i < sizeof(databases) / sizeof(databases[0]); i++)
                if (strcmp(databases[i].name, name) == 0)
                        return &databases[i];
        return NULL;
}

/* Asks with ever more room. Returns 0 or the error of the system. */
static int get(const struct database *database, struct lookup *lookup,
        const char *name)
{
        size_t size = ENTRY_SIZE;
        int error;

        do {
                char *buffer = malloc(size);

                if (buffer == NULL)
                        return ENOMEM;
                error = database->get(lookup, name, buffer, size);
                free(buffer);
                size *= 2;
        } while (error == ERANGE && size <= ENTRY_SIZE_MAX);
        return error;
}

/*
 * On a worker thread. A name that there is not is no error; though the manuals
 * name some that mean it: the C library has ENOENT when a source of users, such
 * as /etc/passwd, is not there to be asked.
 */
static void run(void *ctx, void *state, struct lookup *lookup)
{
        const struct database *database = ctx;
        struct span key = lookup->key;
        const char *name;
        int error;

        (void)state;
        if (key.size == 0 || memchr(key.data, '\0', key.size) != NULL) {
                lookup_absent(lookup);
                return;
        }
        name = arena_copy(lookup->arena, key);
        error = name != NULL ? get(database, lookup, name) : ENOMEM;
        if (error != 0)
                lookup_failed(
                        lookup, "unix:%s: %s", database->name, strerror(error));
}

static const struct workers_type workers_type = {.run = run};

static int check_unix(const char *argument, struct reason *ret_reason)
{
        if (find_database(argument) != NULL)
                return 0;
        reason_set(ret_reason,
                "expected unix:passwd.byname or unix:group.byname, not "
                "\"unix:%s\"",
                argument);
        return -EINVAL;
}

static struct table *open_unix(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        struct unix_table *table;

        if (check_unix(argument, ret_reason) < 0)
                return NULL;
        table = calloc(1, sizeof(*table));
        if (table == NULL)
                goto fail;
        table->table = (struct table){
                .type = &table_type_unix,
                .entries = SIZE_MAX,
                .pends = true,
        };
        table->workers = workers_new(
                env, &workers_type, (void *)find_database(argument));
        if (table->workers == NULL)
                goto fail;
        return &table->table;

fail:
        free(table);
        reason_set_errno(ret_reason, -ENOMEM, "unix:%s", argument);
        return NULL;
}

static enum progress start_unix(struct table *table, struct lookup *lookup)
{
        return workers_start(((struct unix_table *)table)->workers, lookup);
}

static void cancel_unix(struct table *table, struct lookup *lookup)
{
        workers_cancel(((struct unix_table *)table)->workers, lookup);
}

static void close_unix(struct table *table)
{
        workers_close(((struct unix_table *)table)->workers);
        free(table);
}

static const char manual[] =
        "The users or the groups of the system, by name, from wherever\n"
        ".Xr nsswitch.conf 5\n"
        "says.\n"
        "The value of\n"
        ".Cm passwd.byname\n"
        "is a line of\n"
        ".Xr passwd 5 ,\n"
        "that of\n"
        ".Cm group.byname\n"
        "one of\n"
        ".Xr group 5 .\n"
        "Names with capital letters are not found, unless\n"
        ".Ic fold\n"
        "says\n"
        ".Cm no .\n"
        ".Pp\n"
        "Each lookup is on one of the map's threads, because a source of\n"
        "users may take its time.\n"
        "If it cannot be asked the lookup fails, where Postfix may say that\n"
        "there is no such user.\n"
        ".Pp\n"
        "In main.cf:\n"
        ".Bd -literal -offset indent\n"
        "local_recipient_maps = unix:passwd.byname\n"
        ".Ed\n"
        ".Pp\n"
        "In socketmapd.conf:\n"
        ".Bd -literal -offset indent\n"
        "[map users]\n"
        "table = unix:passwd.byname\n"
        "search = address\n"
        ".Ed\n";

const struct table_type table_type_unix = {
        .name = "unix",
        .summary = "the users or groups of the system",
        .argument = "passwd.byname|group.byname",
        .manual = manual,
        .check = check_unix,
        .open = open_unix,
        .start = start_unix,
        .cancel = cancel_unix,
        .close = close_unix,
};
