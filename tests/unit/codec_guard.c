/* SPDX-License-Identifier: MIT */
#include "codec_guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void guard_init(struct guard *guard, size_t room)
{
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        char *start;

        room = (room + page - 1) / page * page;
        start = mmap(NULL, room + page, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (start == MAP_FAILED ||
                mprotect(start + room, page, PROT_NONE) != 0) {
                perror("guarded memory");
                exit(1);
        }
        guard->end = start + room;
        guard->room = room;
}

void guard_fini(struct guard *guard)
{
        size_t page = (size_t)sysconf(_SC_PAGESIZE);

        munmap(guard->end - guard->room, guard->room + page);
}

char *guard_place(struct guard *guard, const void *bytes, size_t size)
{
        char *start = guard->end - size;

        if (size > guard->room) {
                fprintf(stderr, "%zu bytes: too many for the guard\n", size);
                exit(1);
        }
        if (size > 0)
                memcpy(start, bytes, size);
        return start;
}
