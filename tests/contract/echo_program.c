/* SPDX-License-Identifier: MIT */
/* A program for exec: tables in plain C: each key is its own value. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
        size_t size;

        while (scanf("%zu:", &size) == 1) {
                char *payload = malloc(size + 1), *key;

                if (payload == NULL ||
                        fread(payload, 1, size + 1, stdin) <= size)
                        return 1;
                key = memchr(payload, ' ', size);
                size -= (size_t)(key - payload);
                printf("%zu:OK", size + 2);
                fwrite(key, 1, size, stdout);
                fputc(',', stdout);
                fflush(stdout);
                free(payload);
        }
        return 0;
}
