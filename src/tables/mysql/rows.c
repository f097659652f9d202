/* SPDX-License-Identifier: MIT */
#include "tables/mysql/rows.h"
#include "base/events.h"
#include <errno.h>

/* Rows that are worth reading for nothing, to keep a connection. */
#define SKIPPED_MAX 1000

/* Bytes of a column that are there before its size is known. */
#define CELL_SIZE 256

/* A column's own. */
struct cell {
        unsigned long size;
        my_bool is_null, is_wrong;
        char text[CELL_SIZE];
};

void mysql_rows_init(struct mysql_rows *rows, const struct db_common *common,
        struct lookup *lookup)
{
        *rows = (struct mysql_rows){.lookup = lookup};
        db_rows_init(&rows->values, common, lookup);
}

bool mysql_rows_begin(struct mysql_rows *rows)
{
        if (rows->has_result) {
                lookup_failed(
                        rows->lookup, "the query gives several result sets");
                return false;
        }
        rows->has_result = true;
        return true;
}

void mysql_rows_add(struct mysql_rows *rows, struct span value)
{
        if (rows->lookup->answer != ANSWER_FAILED)
                db_rows_add(&rows->values, value);
}

bool mysql_rows_goes_on(struct mysql_rows *rows, uint64_t deadline)
{
        if (rows->lookup->answer == ANSWER_FAILED &&
                ++rows->skipped > SKIPPED_MAX)
                return false;
        return events_now() < deadline;
}

void mysql_rows_answer(struct mysql_rows *rows, bool requires_result)
{
        if (rows->lookup->answer == ANSWER_FAILED)
                return;
        if (rows->has_result)
                db_rows_answer(&rows->values);
        else if (requires_result)
                lookup_failed(rows->lookup,
                        "the query gives no result set: require_result_set");
        else
                lookup_absent(rows->lookup);
}

/* Whether the library makes the same text of it as the server would. */
static bool is_same_in_text(const MYSQL_FIELD *field)
{
        switch (field->type) {
        case MYSQL_TYPE_TINY:
        case MYSQL_TYPE_SHORT:
        case MYSQL_TYPE_INT24:
        case MYSQL_TYPE_LONG:
        case MYSQL_TYPE_LONGLONG:
                return (field->flags & ZEROFILL_FLAG) == 0;
        case MYSQL_TYPE_NULL:
        case MYSQL_TYPE_DECIMAL:
        case MYSQL_TYPE_NEWDECIMAL:
        case MYSQL_TYPE_VARCHAR:
        case MYSQL_TYPE_VAR_STRING:
        case MYSQL_TYPE_STRING:
        case MYSQL_TYPE_TINY_BLOB:
        case MYSQL_TYPE_MEDIUM_BLOB:
        case MYSQL_TYPE_LONG_BLOB:
        case MYSQL_TYPE_BLOB:
        case MYSQL_TYPE_ENUM:
        case MYSQL_TYPE_SET:
        case MYSQL_TYPE_JSON:
                return true;
        case MYSQL_TYPE_FLOAT:
        case MYSQL_TYPE_DOUBLE:
        case MYSQL_TYPE_DATE:
        case MYSQL_TYPE_NEWDATE:
        case MYSQL_TYPE_TIME:
        case MYSQL_TYPE_TIME2:
        case MYSQL_TYPE_DATETIME:
        case MYSQL_TYPE_DATETIME2:
        case MYSQL_TYPE_TIMESTAMP:
        case MYSQL_TYPE_TIMESTAMP2:
        case MYSQL_TYPE_YEAR:
        case MYSQL_TYPE_BIT:
        case MYSQL_TYPE_GEOMETRY:
        case MAX_NO_FIELD_TYPES:
        default:
                return false;
        }
}

static bool are_same_in_text(MYSQL_STMT *statement)
{
        MYSQL_RES *metadata = mysql_stmt_result_metadata(statement);
        bool are_same = metadata != NULL;
        const MYSQL_FIELD *field;

        while (are_same && (field = mysql_fetch_field(metadata)) != NULL)
                are_same = is_same_in_text(field);
        mysql_free_result(metadata);
        return are_same;
}

int mysql_cells_bind(
        struct mysql_cells *cells, MYSQL_STMT *statement, struct arena *arena)
{
        unsigned count = mysql_stmt_field_count(statement);
        struct cell *list = arena_alloc(arena, count * sizeof(*list));

        cells->count = count;
        cells->binds = arena_alloc(arena, count * sizeof(*cells->binds));
        if (list == NULL || cells->binds == NULL)
                return -ENOMEM;
        if (!are_same_in_text(statement))
                return -ENOTSUP;
        memset(cells->binds, 0, count * sizeof(*cells->binds));
        for (unsigned i = 0; i < count; i++) {
                MYSQL_BIND *bind = &cells->binds[i];

                bind->buffer_type = MYSQL_TYPE_STRING;
                bind->buffer = list[i].text;
                bind->buffer_length = sizeof(list[i].text);
                bind->length = &list[i].size;
                bind->is_null = &list[i].is_null;
                bind->error = &list[i].is_wrong;
        }
        return mysql_stmt_bind_result(statement, cells->binds) == 0 ? 0 : -EIO;
}

/* Reads a column that has no room in its cell. Returns 0 or -1. */
static int read_long(MYSQL_STMT *statement, const MYSQL_BIND *cell,
        unsigned column, struct arena *arena, struct span *ret_value)
{
        MYSQL_BIND bind = *cell;
        unsigned long size = *cell->length;
        char *text = arena_bytes(arena, size + 1);

        if (text == NULL)
                return -1;
        bind.buffer = text;
        bind.buffer_length = size + 1;
        bind.length = &bind.length_value;
        *ret_value = (struct span){text, size};
        return mysql_stmt_fetch_column(statement, &bind, column, 0) == 0 ? 0
                                                                         : -1;
}

void mysql_cells_add(struct mysql_cells *cells, MYSQL_STMT *statement,
        struct mysql_rows *rows)
{
        for (unsigned i = 0; i < cells->count; i++) {
                const MYSQL_BIND *bind = &cells->binds[i];
                struct span value = {bind->buffer, *bind->length};

                if (rows->lookup->answer == ANSWER_FAILED)
                        return;
                if (*bind->is_null)
                        value = (struct span){NULL, 0};
                else if (value.size > bind->buffer_length &&
                         read_long(statement, bind, i, rows->lookup->arena,
                                 &value) < 0)
                        lookup_failed(
                                rows->lookup, "out of memory for the values");
                mysql_rows_add(rows, value);
        }
}
