/* SPDX-License-Identifier: MIT */
#include "tables/support/openssl.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

static void keep(void)
{
        const uint64_t no_atexit = 0x80000; /* OPENSSL_INIT_NO_ATEXIT */
        int (*init)(uint64_t options, const void *settings) = NULL;
        void *symbol = dlsym(RTLD_DEFAULT, "OPENSSL_init_crypto");

        memcpy(&init, &symbol, sizeof(symbol));
        if (init != NULL)
                init(no_atexit, NULL);
}

void openssl_keep(void)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;

        pthread_once(&once, keep);
}
