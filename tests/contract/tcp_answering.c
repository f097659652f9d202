/* SPDX-License-Identifier: MIT */
#include "tcp_answering.h"
#include <assert.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static int listener = -1;
static pthread_t thread;
static char *request, *reply;

static void answer(FILE *stream)
{
        char *line = NULL;
        size_t capacity = 0;

        while (getline(&line, &capacity, stream) > 0) {
                fputs(strcasecmp(line, request) == 0 ? reply : "500 no\n",
                        stream);
                fflush(stream);
        }
        free(line);
}

static void *serve(void *nothing)
{
        int fd;

        while ((fd = accept(listener, NULL, NULL)) >= 0) {
                FILE *stream = fdopen(fd, "r+");

                answer(stream);
                fclose(stream);
        }
        return nothing;
}

/* Of texts that are printed. */
static char *line_of(const char *begin, const char *text)
{
        char *line = malloc(strlen(begin) + 3 * strlen(text) + 2);
        char *end = stpcpy(line, begin);

        for (; *text != '\0'; text++)
                if (*text == ' ' || *text == '%')
                        end += sprintf(end, "%%%02X", (unsigned)*text);
                else
                        *end++ = *text;
        memcpy(end, "\n", sizeof("\n"));
        return line;
}

unsigned tcp_answering_start(const char *key, const char *value)
{
        struct sockaddr_in address = {.sin_family = AF_INET,
                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof(address);
        int r;

        tcp_answering_stop();
        request = line_of("get ", key);
        reply = line_of("200 ", value);
        listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        r = bind(listener, (struct sockaddr *)&address, size);
        assert(r == 0);
        r = listen(listener, SOMAXCONN);
        assert(r == 0);
        r = getsockname(listener, (struct sockaddr *)&address, &size);
        assert(r == 0);
        r = pthread_create(&thread, NULL, serve, NULL);
        assert(r == 0);
        (void)r;
        return ntohs(address.sin_port);
}

void tcp_answering_stop(void)
{
        if (listener < 0)
                return;
        shutdown(listener, SHUT_RDWR);
        pthread_join(thread, NULL);
        close(listener);
        listener = -1;
        free(request);
        free(reply);
}
