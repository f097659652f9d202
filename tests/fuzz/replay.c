/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target on every file of a directory, one case a file, with no
 * fuzzer: replay DIRECTORY
 */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>

static void die(const char *what)
{
        perror(what);
        exit(1);
}

static int is_visible(const struct dirent *entry)
{
        return entry->d_name[0] != '.';
}

/* Returns the bytes of a file in memory of just that size. */
static uint8_t *read_file(const char *path, size_t *ret_size)
{
        FILE *file = fopen(path, "rb");
        uint8_t *data;
        long size = -1;

        if (file != NULL && fseek(file, 0, SEEK_END) == 0)
                size = ftell(file);
        if (size < 0)
                die(path);
        rewind(file);
        data = malloc((size_t)size);
        if (data == NULL && size > 0)
                die("malloc");
        if (fread(data, 1, (size_t)size, file) != (size_t)size)
                die(path);
        fclose(file);
        *ret_size = (size_t)size;
        return data;
}

static void replay(const char *directory, const char *name, int number)
{
        char path[4096];
        size_t size;
        uint8_t *data;

        snprintf(path, sizeof(path), "%s/%s", directory, name);
        /* A target that fails ends us: the last line tells with what. */
        printf("# %s\n", path);
        fflush(stdout);
        data = read_file(path, &size);
        LLVMFuzzerTestOneInput(data, size);
        free(data);
        printf("ok %d - %s\n", number, name);
}

int main(int argc, char **argv)
{
        struct dirent **entries;
        int count, i;

        if (argc != 2) {
                fprintf(stderr, "usage: replay DIRECTORY\n");
                return 2;
        }
        count = scandir(argv[1], &entries, is_visible, alphasort);
        if (count <= 0) {
                fprintf(stderr, "%s: no inputs\n", argv[1]);
                return 1;
        }
        for (i = 0; i < count; i++) {
                replay(argv[1], entries[i]->d_name, i + 1);
                free(entries[i]);
        }
        free(entries);
        printf("1..%d\n", count);
        return 0;
}
