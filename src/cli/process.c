/* SPDX-License-Identifier: MIT */
#include "cli/process.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static int thread_cpu(pid_t pid, const char *thread, uint64_t *ret_nanoseconds)
{
        char path[64];
        FILE *file;
        int got;

        snprintf(path, sizeof(path), "/proc/%d/task/%.16s/schedstat", (int)pid,
                thread);
        file = fopen(path, "re");
        if (file == NULL)
                return -errno;
        got = fscanf(file, "%" SCNu64, ret_nanoseconds);
        fclose(file);
        return got == 1 ? 0 : -EIO;
}

int process_cpu(pid_t pid, uint64_t *ret_nanoseconds)
{
        uint64_t sum = 0, one = 0;
        struct dirent *entry;
        char path[64];
        DIR *threads;
        int r = 0;

        snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
        threads = opendir(path);
        if (threads == NULL)
                return -errno;
        while (r == 0 && (entry = readdir(threads)) != NULL) {
                if (entry->d_name[0] == '.')
                        continue;
                r = thread_cpu(pid, entry->d_name, &one);
                if (r == 0)
                        sum += one;
        }
        closedir(threads);
        if (r == 0)
                *ret_nanoseconds = sum;
        return r;
}

int process_memory(pid_t pid, uint64_t *ret_bytes)
{
        uint64_t kilobytes;
        char path[64], line[256];
        FILE *file;
        int r = -EIO;

        /* Unlike statm, smaps_rollup is counted when it is read. */
        snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
        file = fopen(path, "re");
        if (file == NULL)
                return -errno;
        while (r < 0 && fgets(line, sizeof(line), file) != NULL) {
                if (sscanf(line, "Rss: %" SCNu64 " kB", &kilobytes) == 1) {
                        *ret_bytes = kilobytes * 1024;
                        r = 0;
                }
        }
        fclose(file);
        return r;
}
