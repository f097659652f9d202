/* SPDX-License-Identifier: MIT */
/* Filling a caller's struct socketmap_error. */
#ifndef LIB_ERROR_H
#define LIB_ERROR_H

#include <socketmap/base.h>

/*
 * Sets code and text (cut to its size), unless error is NULL; returns code,
 * so that a failure can be told and returned in one statement.
 */
__attribute__((format(printf, 3, 4))) int error_set(
        struct socketmap_error *error, int code, const char *format, ...);

#endif
