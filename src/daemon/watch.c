/* SPDX-License-Identifier: MIT */
#include "daemon/watch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct watch_directory {
        uv_fs_event_t event;
        char *path;
        struct watch_file *files;
        struct watch_directory *next;
};

/* Without a name, or when the watching fails, it may be any of the files. */
static void on_event(
        uv_fs_event_t *event, const char *name, int events, int status)
{
        struct watch_directory *directory = event->data;
        struct watch_file *file, *next;

        (void)events;
        for (file = directory->files; file != NULL; file = next) {
                next = file->next;
                if (name == NULL || status < 0 || strcmp(name, file->name) == 0)
                        file->changed(file);
        }
}

static void start(struct watch_directory *directory)
{
        uv_fs_event_start(&directory->event, on_event, directory->path, 0);
}

static void free_directory(uv_handle_t *handle)
{
        struct watch_directory *directory = handle->data;

        free(directory->path);
        free(directory);
}

/* Takes the path. Returns NULL when there is no memory. */
static struct watch_directory *add_directory(struct watch *watch, char *path)
{
        struct watch_directory *directory = calloc(1, sizeof(*directory));

        if (directory == NULL || path == NULL) {
                free(directory);
                free(path);
                return NULL;
        }
        directory->path = path;
        uv_fs_event_init(watch->loop, &directory->event);
        directory->event.data = directory;
        directory->next = watch->directories;
        watch->directories = directory;
        start(directory);
        return directory;
}

static void remove_directory(
        struct watch *watch, struct watch_directory *directory)
{
        struct watch_directory **at = &watch->directories;

        while (*at != directory)
                at = &(*at)->next;
        *at = directory->next;
        uv_close((uv_handle_t *)&directory->event, free_directory);
}

/* Returns the size of the part that is the directory; 0: the current one. */
static size_t directory_size(const char *path)
{
        const char *slash = strrchr(path, '/');

        if (slash == path)
                return 1;
        return slash == NULL ? 0 : (size_t)(slash - path);
}

static struct watch_directory *get_directory(
        struct watch *watch, const char *path)
{
        struct watch_directory *directory;
        size_t size = directory_size(path);

        if (size == 0) {
                path = ".";
                size = 1;
        }
        for (directory = watch->directories; directory != NULL;
                directory = directory->next)
                if (strlen(directory->path) == size &&
                        memcmp(directory->path, path, size) == 0)
                        return directory;
        return add_directory(watch, strndup(path, size));
}

void watch_init(struct watch *watch, uv_loop_t *loop)
{
        *watch = (struct watch){.loop = loop};
}

int watch_add(struct watch *watch, struct watch_file *file, const char *path,
        void (*changed)(struct watch_file *file), void *owner)
{
        const char *slash;

        *file = (struct watch_file){.changed = changed, .owner = owner};
        file->path = strdup(path);
        if (file->path == NULL)
                return -ENOMEM;
        file->directory = get_directory(watch, path);
        if (file->directory == NULL) {
                free(file->path);
                file->path = NULL;
                return -ENOMEM;
        }
        slash = strrchr(file->path, '/');
        file->name = slash != NULL ? slash + 1 : file->path;
        file->next = file->directory->files;
        file->directory->files = file;
        return 0;
}

void watch_remove(struct watch *watch, struct watch_file *file)
{
        struct watch_directory *directory = file->directory;
        struct watch_file **at;

        if (directory == NULL)
                return;
        at = &directory->files;
        while (*at != file)
                at = &(*at)->next;
        *at = file->next;
        if (directory->files == NULL)
                remove_directory(watch, directory);
        free(file->path);
        *file = (struct watch_file){0};
}

void watch_renew(struct watch_file *file)
{
        struct watch_directory *directory = file->directory;

        if (directory == NULL)
                return;
        uv_fs_event_stop(&directory->event);
        start(directory);
}
