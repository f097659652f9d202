/* SPDX-License-Identifier: MIT */
/* For LD_PRELOAD: a name service that takes long for names in ".example". */
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

#define SECONDS 30

typedef int getaddrinfo_function(const char *node, const char *service,
        const struct addrinfo *hints, struct addrinfo **ret_list);

int getaddrinfo(const char *node, const char *service,
        const struct addrinfo *hints, struct addrinfo **ret_list)
{
        getaddrinfo_function *real;
        const char *end = node != NULL ? strrchr(node, '.') : NULL;

        if (end != NULL && strcmp(end, ".example") == 0) {
                sleep(SECONDS);
                return EAI_AGAIN;
        }
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
        return real(node, service, hints, ret_list);
}
