/* SPDX-License-Identifier: MIT */
#include "config/heading.h"

#define BLANKS " \t\r\n\v\f"

const char *heading_split(
        const char *text, struct heading *ret_heading, size_t *ret_offset)
{
        const char *kind = text + 1 + strspn(text + 1, BLANKS);
        size_t kind_size = strcspn(kind, BLANKS "]");
        const char *name = kind + kind_size + strspn(kind + kind_size, BLANKS);
        size_t name_size = strcspn(name, BLANKS);
        const char *end = name + name_size + strspn(name + name_size, BLANKS);

        *ret_offset = 0;
        if (kind_size == 0)
                return "expected \"[KIND NAME]\", such as \"[map virtual]\"";
        *ret_offset = (size_t)(end - text);
        if (name_size > 0 && name[name_size - 1] == ']')
                name_size--;
        else if (*end == ']')
                end += 1 + strspn(end + 1, BLANKS);
        else if (name_size > 0)
                return "expected \"]\" after the name, which holds no blank";
        else
                return "expected a name and \"]\"";
        *ret_offset = (size_t)(end - text);
        if (*end != '\0')
                return "text after the heading (a line that begins with a "
                       "blank continues the line before it)";
        ret_heading->kind = (struct span){kind, kind_size};
        ret_heading->name = (struct span){name, name_size};
        return NULL;
}
