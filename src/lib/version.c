/* SPDX-License-Identifier: MIT */
#include <socketmap/base.h>

#define TEXT_OF(number) #number
#define DOTTED(major, minor, patch) \
        TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *socketmap_version(void)
{
        return DOTTED(SOCKETMAP_VERSION_MAJOR, SOCKETMAP_VERSION_MINOR,
                SOCKETMAP_VERSION_PATCH);
}
