/* SPDX-License-Identifier: MIT */
/*
 * What every other header of libsocketmap builds on: version, attributes and
 * the error text.
 *
 * Conventions of the whole API:
 * - A function that can fail returns 0 (or a count) or a negative errno.
 * - Outputs come last, are named ret_*, and are untouched on failure.
 * - Sizes are bytes, never counting a terminating NUL. Times are milliseconds.
 * - "borrows": the pointer is only used until the call returns, or until what
 *   the contract says. "takes": the callee frees it, also when it fails.
 * - Every *_free function accepts NULL.
 */
#ifndef SOCKETMAP_BASE_H
#define SOCKETMAP_BASE_H

#include <stddef.h>
#include <stdint.h>

#define SOCKETMAP_VERSION_MAJOR 0
#define SOCKETMAP_VERSION_MINOR 1
#define SOCKETMAP_VERSION_PATCH 0

#if defined(__GNUC__)
#define SOCKETMAP_API __attribute__((visibility("default")))
#define SOCKETMAP_MUST_USE __attribute__((warn_unused_result))
#else
#define SOCKETMAP_API
#define SOCKETMAP_MUST_USE
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Why something failed: a negative errno and one line for a person, without a
 * newline, in the caller's memory. Functions that take one accept NULL and
 * write to it only when they fail.
 */
struct socketmap_error {
        int code;
        char text[200];
};

/* Returns the version of the library in use, such as "0.1.0". Any thread. */
SOCKETMAP_API const char *socketmap_version(void);

#ifdef __cplusplus
}
#endif

#endif
