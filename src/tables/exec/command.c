/* SPDX-License-Identifier: MIT */
#include "tables/exec/command.h"
#include "base/braces.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Where programs are, here and for the program itself. */
#define PATHS "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* PATH, LANG, TZ and the NULL. */
#define OWN_VARIABLES 4

static int refuse_memory(struct reason *ret_reason)
{
        reason_set_errno(ret_reason, -ENOMEM, "command");
        return -ENOMEM;
}

static size_t word_size(struct span text)
{
        size_t size = braces_size(text);

        if (size > 0)
                return size;
        while (size < text.size && !byte_is_space(text.data[size]))
                size++;
        return size;
}

/* Returns 0, or -EINVAL with what is wrong with its braces. */
static int unwrap(struct span rest, struct span *word, const char **ret_why)
{
        struct reason quotes_it;

        *ret_why = "text after '}'";
        if (rest.size > 0 && !byte_is_space(rest.data[0]))
                return -EINVAL;
        *ret_why = "expected {...}, balanced";
        return braces_strip(*word, word, &quotes_it);
}

/*
 * Takes the next word off. Returns 1, 0 at the end, or -EINVAL with what is
 * wrong, which quotes nothing: these may be passwords.
 */
static int take_word(
        struct span *text, struct span *ret_word, const char **ret_why)
{
        struct span word;
        int r = 0;

        *text = trim(*text);
        if (text->size == 0)
                return 0;
        word = (struct span){text->data, word_size(*text)};
        text->data += word.size;
        text->size -= word.size;
        if (word.data[0] == '{')
                r = unwrap(*text, &word, ret_why);
        *ret_word = word;
        return r < 0 ? r : 1;
}

/* Names the option, and which of its words is wrong, from 0. */
static int refuse_word(const char *option, ssize_t number, const char *why,
        struct reason *ret_reason)
{
        reason_set(ret_reason, "%s: word %zd: %s", option, number + 1, why);
        return -EINVAL;
}

/*
 * Copies the words of an option into an array that ends with NULL. Returns
 * their number, or a negative errno with the reason.
 */
static ssize_t copy_words(const char *option, const char *text,
        struct arena *arena, char ***ret_words, struct reason *ret_reason)
{
        const char *why;
        struct span rest = span_of(text), word;
        size_t most = strlen(text) + 1;
        char **words = arena_alloc(arena, most * sizeof(*words));
        ssize_t count = 0;
        int r;

        if (words == NULL)
                return refuse_memory(ret_reason);
        while ((r = take_word(&rest, &word, &why)) > 0) {
                words[count] = (char *)arena_copy(arena, word);
                if (words[count++] == NULL)
                        return refuse_memory(ret_reason);
        }
        if (r < 0)
                return refuse_word(option, count, why, ret_reason);
        words[count] = NULL;
        *ret_words = words;
        return count;
}

/* Returns the two with a byte between them, or NULL. */
static char *join(
        struct span first, char byte, const char *second, struct arena *arena)
{
        size_t size = first.size + 1 + strlen(second) + 1;
        char *text = arena_bytes(arena, size);

        if (text != NULL)
                snprintf(text, size, "%.*s%c%s", (int)first.size, first.data,
                        byte, second);
        return text;
}

static bool can_run(const char *path)
{
        return access(path, X_OK) == 0;
}

/* Looks for a program as a shell does, in the places that we know. */
static int find_program(const char *name, struct arena *arena,
        const char **ret_path, struct reason *ret_reason)
{
        const char *place = PATHS;

        while (*place != '\0') {
                size_t size = strcspn(place, ":");

                *ret_path = join((struct span){place, size}, '/', name, arena);
                if (*ret_path == NULL)
                        return refuse_memory(ret_reason);
                if (can_run(*ret_path))
                        return 0;
                place += size + (place[size] == ':');
        }
        reason_set_errno(ret_reason, -ENOENT, "command: %s", name);
        return -ENOENT;
}

int exec_command_parse(const char *text, struct arena *arena,
        struct exec_command *command, struct reason *ret_reason)
{
        ssize_t count = copy_words(
                "command", text, arena, &command->arguments, ret_reason);
        const char *name;

        if (count < 0)
                return (int)count;
        if (count == 0 || command->arguments[0][0] == '\0') {
                reason_set(ret_reason, "command: it names no program");
                return -EINVAL;
        }
        name = command->arguments[0];
        command->path = name;
        if (strchr(name, '/') == NULL)
                return find_program(name, arena, &command->path, ret_reason);
        if (name[0] != '/') {
                reason_set(ret_reason, "command: write the absolute path of %s",
                        name);
                return -EINVAL;
        }
        if (can_run(name))
                return 0;
        reason_set_errno(ret_reason, -errno, "command: %s", name);
        return ret_reason->code;
}

/* Returns NAME=VALUE of what is set here; NULL: it is not, or no memory. */
static char *take_over(const char *name, struct arena *arena)
{
        const char *value = getenv(name);

        return value != NULL ? join(span_of(name), '=', value, arena) : NULL;
}

/* The last one counts. */
static void set(char **variables, size_t *count, char *variable)
{
        size_t size = strcspn(variable, "=") + 1, i = 0;

        while (i < *count && strncmp(variables[i], variable, size) != 0)
                i++;
        variables[i] = variable;
        *count += i == *count;
}

static size_t set_own(char **variables, struct arena *arena)
{
        static char path[] = "PATH=" PATHS;
        static const char *const names[] = {"LANG", "TZ"};
        size_t count = 0;

        set(variables, &count, path);
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                char *variable = take_over(names[i], arena);

                if (variable != NULL)
                        set(variables, &count, variable);
        }
        return count;
}

int exec_command_set_environment(const char *text, struct arena *arena,
        struct exec_command *command, struct reason *ret_reason)
{
        char **words, **variables;
        ssize_t count =
                copy_words("environment", text, arena, &words, ret_reason);
        size_t used;

        if (count < 0)
                return (int)count;
        variables = arena_alloc(
                arena, ((size_t)count + OWN_VARIABLES) * sizeof(*variables));
        if (variables == NULL)
                return refuse_memory(ret_reason);
        used = set_own(variables, arena);
        for (ssize_t i = 0; i < count; i++) {
                char *word = words[i];

                if (word[0] == '\0' || word[0] == '=')
                        return refuse_word("environment", i,
                                "expected NAME=VALUE or NAME", ret_reason);
                if (strchr(word, '=') == NULL)
                        word = take_over(word, arena);
                if (word != NULL)
                        set(variables, &used, word);
        }
        variables[used] = NULL;
        command->environment = variables;
        return 0;
}
