/* SPDX-License-Identifier: MIT */
#include "nginx.h"
#include "asking.h"
#include <assert.h>
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* The key is compared as it is sent. Paths begin in the directory. */
static const char config[] =
        "daemon off; master_process off; error_log stderr crit;\n"
        "pid nginx.pid;\n"
        "events { worker_connections 64; }\n"
        "http {\n"
        "  access_log off; keepalive_requests 1000000;\n"
        "  large_client_header_buffers 4 2m;\n"
        "  client_body_temp_path nginx.1; proxy_temp_path nginx.2;\n"
        "  fastcgi_temp_path nginx.3; uwsgi_temp_path nginx.4;\n"
        "  scgi_temp_path nginx.5;\n"
        "  ssl_certificate nginx.pem;\n"
        "  ssl_certificate_key nginx.key;\n"
        "  server {\n"
        "    listen unix:%s/nginx.sock %s; root .;\n"
        "    location = /q {\n"
        "      if ($arg_key = \"%s\") { rewrite ^ /value last; }\n"
        "      return 404;\n"
        "    }\n"
        "    location = /value { internal; }\n"
        "  }\n"
        "}\n";

static pid_t server;
static char *folder; /* of its files */

void nginx_end(void)
{
        if (server == 0)
                return;
        kill(server, SIGKILL);
        waitpid(server, NULL, 0);
        server = 0;
        for (int i = 1; i <= 5; i++) {
                char *path;

                if (asprintf(&path, "%s/nginx.%d", folder, i) < 0)
                        abort();
                rmdir(path);
                free(path);
        }
        free(folder);
}

/* It must not outlive the test. */
static void start(const char *directory, const char *file)
{
        server = fork();
        assert(server >= 0);
        if (server != 0)
                return;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl("/usr/sbin/nginx", "nginx", "-e", "stderr", "-p", directory, "-c",
                file, NULL);
        _exit(127);
}

static void wait_for(const char *path)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        while (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
                assert(waitpid(server, NULL, WNOHANG) == 0);
                usleep(10000);
        }
        close(fd);
}

static void make_certificate(const char *directory)
{
        char *pem = join(directory, "/nginx.pem"), *command;
        int status = 0;

        if (asprintf(&command,
                    "openssl req -x509 -newkey ec -pkeyopt "
                    "ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost "
                    "-addext subjectAltName=DNS:localhost -keyout %s/nginx.key "
                    "-out %s 2>/dev/null",
                    directory, pem) < 0)
                abort();
        if (access(pem, F_OK) < 0)
                status = system(command);
        assert(status == 0);
        (void)status;
        free(command);
        free(pem);
}

/* Of ASCII keys. */
static char *encode(const char *key)
{
        char *coded = malloc(strlen(key) * 3 + 1), *end = coded;

        for (; *key != '\0'; key++)
                if (isalnum((unsigned char)*key) || *key == '.')
                        *end++ = (char)tolower((unsigned char)*key);
                else
                        end += sprintf(end, "%%%02X", (unsigned)*key);
        *end = '\0';
        return coded;
}

static void serve(const char *directory, const char *key, const char *value,
        const char *flags)
{
        char *coded = encode(key), *text,
             *path = join(directory, "/nginx.sock");

        nginx_end();
        folder = strdup(directory);
        unlink(path);
        make_certificate(directory);
        free(write_file(directory, "value", span_of(value)));
        if (asprintf(&text, config, directory, flags, coded) < 0)
                abort();
        free(coded);
        coded = write_file(directory, "nginx.conf", span_of(text));
        start(directory, coded);
        wait_for(path);
        free(coded);
        free(text);
        free(path);
}

static char *write_table(const char *directory, const char *type)
{
        char *text, *path, *spec;

        if (asprintf(&text,
                    "url = %s://localhost/q?key=%%s\n"
                    "unix_socket = %s/nginx.sock\nca_file = %s/nginx.pem\n",
                    type, directory, directory) < 0)
                abort();
        path = write_file(directory, "http.cf", span_of(text));
        if (asprintf(&spec, "%s:%s", type, path) < 0)
                abort();
        free(path);
        free(text);
        return spec;
}

char *make_http(const char *directory, const char *key, const char *value)
{
        if (value[0] == '\0')
                return NULL;
        serve(directory, key, value, "");
        return write_table(directory, "http");
}

char *make_https(const char *directory, const char *key, const char *value)
{
        if (value[0] == '\0')
                return NULL;
        serve(directory, key, value, "ssl");
        return write_table(directory, "https");
}
