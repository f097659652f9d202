/* SPDX-License-Identifier: MIT */
/* Files with certificates and keys, which libraries read later on. */
#ifndef TABLES_SUPPORT_PEM_H
#define TABLES_SUPPORT_PEM_H

#include "base/report.h"

/*
 * Looks whether a file can be read now, and has a PEM block in it. Returns 0,
 * or a negative errno with the reason.
 */
int pem_check(const char *file, struct reason *ret_reason);

#endif
