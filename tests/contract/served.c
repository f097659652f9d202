/* SPDX-License-Identifier: MIT */
#include "served.h"
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* The input ends with us, too, however we end. */
void served_start(struct served *served, const char *program)
{
        int input[2], output[2];
        FILE *stream;

        if (served->helper != 0)
                return;
        /* The helpers of other servers must not keep it open. */
        if (pipe2(input, O_CLOEXEC) < 0 || pipe2(output, O_CLOEXEC) < 0)
                abort();
        served->helper = fork();
        assert(served->helper >= 0);
        if (served->helper == 0) {
                dup2(input[0], STDIN_FILENO);
                dup2(output[1], STDOUT_FILENO);
                execlp("python3", "python3", program, NULL);
                _exit(127);
        }
        close(input[0]);
        close(output[1]);
        served->input = input[1];
        stream = fdopen(output[0], "r");
        if (stream == NULL ||
                fscanf(stream, "%199s %u", served->place, &served->port) != 2)
                abort();
        fclose(stream);
}

void served_end(struct served *served)
{
        if (served->helper == 0)
                return;
        close(served->input);
        waitpid(served->helper, NULL, 0);
        served->helper = 0;
}
