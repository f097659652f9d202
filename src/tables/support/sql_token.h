/* SPDX-License-Identifier: MIT */
/* SQL, as far as it takes to know where a string begins and ends. */
#ifndef TABLES_SUPPORT_SQL_TOKEN_H
#define TABLES_SUPPORT_SQL_TOKEN_H

#include "base/span.h"

/* MySQL's is the one of its default sql_mode: "..." is a string. */
enum sql_dialect { SQL_SQLITE, SQL_POSTGRESQL, SQL_MYSQL };

enum sql_kind {
        SQL_BLANK,     /* white space, and comments that mean nothing */
        SQL_WORD,      /* names and numbers without quotes */
        SQL_SIGN,      /* one byte of anything else */
        SQL_END,       /* ; */
        SQL_EXPANSION, /* %s and the like; "%%" is a sign */
        SQL_STRING,
        SQL_NAME,    /* "...", [...] or `...` */
        SQL_ESCAPED, /* E'...', U&'...' */
        SQL_DOLLAR,  /* $tag$...$tag$ */
        SQL_HINT     /* a comment that MySQL reads */
};

struct sql_token {
        enum sql_kind kind;
        struct span text; /* with its quotes */
        bool is_open;     /* it ends with the text only */
};

/*
 * Takes the next token off *rest, a template. Returns false at the end.
 */
bool sql_next(struct span *rest, enum sql_dialect dialect,
        struct sql_token *ret_token);

#endif
