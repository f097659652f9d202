/* SPDX-License-Identifier: MIT */
#ifndef TABLES_SUPPORT_OPENSSL_H
#define TABLES_SUPPORT_OPENSSL_H

/*
 * Has OpenSSL, which a client library may use, leave at the process's end what
 * threads use still that nobody waits for. Before anything else initializes it.
 * Any thread; does nothing where there is no OpenSSL.
 */
void openssl_keep(void);

#endif
