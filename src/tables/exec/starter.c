/* SPDX-License-Identifier: MIT */
#include "tables/exec/starter.h"
#include "tables/support/workers.h"
#include <errno.h>
#include <stdlib.h>

/* The thread's: it may live longer. */
struct launch {
        struct arena arena; /* of the command */
        struct exec_command command;
        bool has_errors;
        bool is_started; /* and nobody has taken the process yet */
        struct exec_process process;
};

struct exec_starter {
        struct launch *launch; /* the workers' */
        struct workers *workers;
        void (*started)(void *ctx, const struct exec_process *process,
                const struct reason *reason);
        void *ctx;
        bool is_pending;
        struct lookup lookup; /* ... this */
        struct arena arena;
};

/* Returns 0 or -ENOMEM. */
static int copy_word(struct arena *arena, const char *word, char **ret_copy)
{
        *ret_copy = arena_copy(arena, span_of(word));
        return *ret_copy != NULL ? 0 : -ENOMEM;
}

static int copy_words(struct arena *arena, char **words, char ***ret_copy)
{
        size_t count = 0;
        char **copy;

        while (words[count] != NULL)
                count++;
        copy = arena_alloc(arena, (count + 1) * sizeof(*copy));
        if (copy == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                if (copy_word(arena, words[i], &copy[i]) < 0)
                        return -ENOMEM;
        copy[count] = NULL;
        *ret_copy = copy;
        return 0;
}

static int copy_command(
        struct launch *launch, const struct exec_command *command)
{
        struct exec_command *copy = &launch->command;
        struct arena *arena = &launch->arena;
        char *path, *directory;

        if (copy_word(arena, command->path, &path) < 0 ||
                copy_word(arena, command->directory, &directory) < 0 ||
                copy_words(arena, command->arguments, &copy->arguments) < 0 ||
                copy_words(arena, command->environment, &copy->environment) < 0)
                return -ENOMEM;
        copy->path = path;
        copy->directory = directory;
        return 0;
}

/* On the thread. */
static void run(void *ctx, void *state, struct lookup *lookup)
{
        struct launch *launch = ctx;
        struct reason reason;

        (void)state;
        if (exec_process_start(&launch->command, launch->has_errors,
                    &launch->process, &reason) < 0) {
                lookup_failed(lookup, "%s", reason.text);
                return;
        }
        launch->is_started = true;
        lookup_found(lookup, SPAN_LITERAL(""));
}

static void free_launch(void *ctx)
{
        struct launch *launch = ctx;

        if (launch->is_started)
                exec_process_end(&launch->process);
        arena_fini(&launch->arena);
        free(launch);
}

static const struct workers_type workers_type = {
        .run = run,
        .free = free_launch,
};

static struct launch *make_launch(
        const struct exec_command *command, bool has_errors)
{
        struct launch *launch = calloc(1, sizeof(*launch));

        if (launch == NULL)
                return NULL;
        launch->has_errors = has_errors;
        arena_init(&launch->arena, NULL, 0, SIZE_MAX);
        if (copy_command(launch, command) == 0)
                return launch;
        free_launch(launch);
        return NULL;
}

struct exec_starter *exec_starter_new(struct events *events,
        const struct exec_command *command, bool has_errors,
        void (*started)(void *ctx, const struct exec_process *process,
                const struct reason *reason),
        void *ctx)
{
        struct table_env env = {.events = events, .threads = 1, .queue = 1};
        struct exec_starter *starter = calloc(1, sizeof(*starter));

        if (starter == NULL)
                return NULL;
        starter->started = started;
        starter->ctx = ctx;
        starter->launch = make_launch(command, has_errors);
        if (starter->launch != NULL)
                starter->workers =
                        workers_new(&env, &workers_type, starter->launch);
        if (starter->workers != NULL)
                return starter;
        if (starter->launch != NULL)
                free_launch(starter->launch);
        free(starter);
        return NULL;
}

static void end_lookup(struct exec_starter *starter)
{
        starter->is_pending = false;
        arena_fini(&starter->arena);
}

static void finish(struct lookup *lookup)
{
        struct exec_starter *starter = lookup->owner;
        struct launch *launch = starter->launch;
        struct exec_process process = launch->process;
        bool is_started = launch->is_started;
        struct reason reason = lookup->reason;

        launch->is_started = false;
        end_lookup(starter);
        starter->started(starter->ctx, is_started ? &process : NULL, &reason);
}

int exec_starter_start(struct exec_starter *starter, struct reason *ret_reason)
{
        struct lookup *lookup = &starter->lookup;

        arena_init(&starter->arena, NULL, 0, 4096);
        *lookup = (struct lookup){
                .key = SPAN_LITERAL(""),
                .deadline = UINT64_MAX,
                .arena = &starter->arena,
                .finish = finish,
                .owner = starter,
        };
        starter->is_pending = true;
        if (workers_start(starter->workers, lookup) == LOOKUP_PENDING)
                return 0;
        *ret_reason = lookup->reason;
        end_lookup(starter);
        return -ENOMEM;
}

void exec_starter_close(struct exec_starter *starter)
{
        if (starter == NULL)
                return;
        if (starter->is_pending) {
                workers_cancel(starter->workers, &starter->lookup);
                end_lookup(starter);
        }
        workers_close(starter->workers);
        free(starter);
}
