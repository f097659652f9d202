/* SPDX-License-Identifier: MIT */
#include "tables/support/template.h"
#include <errno.h>
#include <stdint.h>

/* What a letter stands for. */
enum part { PART_TEXT, PART_ALL, PART_USER, PART_DOMAIN, PART_LABEL };

struct template_piece {
        enum part part;
        bool is_of_value;
        unsigned label;   /* from 1, counted from the right */
        struct span text; /* of PART_TEXT */
};

/* An address, taken to pieces. */
struct address {
        struct span all, user, domain;
};

/* Without an '@' all of it is the user, and the domain is empty. */
static struct address split(struct span text)
{
        struct address address = {.all = text, .user = text};
        const char *at =
                text.size > 0 ? memrchr(text.data, '@', text.size) : NULL;

        if (at == NULL)
                return address;
        address.user.size = (size_t)(at - text.data);
        address.domain = (struct span){at + 1, text.size - 1};
        address.domain.size -= address.user.size;
        return address;
}

/*
 * Takes the last label off a domain. As in Postfix, dots at the ends, and
 * several of them, are not seen. Returns false when there is none.
 */
static bool take_label(struct span *domain, struct span *ret_label)
{
        size_t end = domain->size, start;

        while (end > 0 && domain->data[end - 1] == '.')
                end--;
        for (start = end; start > 0 && domain->data[start - 1] != '.'; start--)
                ;
        if (start == end)
                return false;
        *ret_label = (struct span){domain->data + start, end - start};
        domain->size = start;
        return true;
}

static bool find_label(
        struct span domain, unsigned number, struct span *ret_label)
{
        while (take_label(&domain, ret_label))
                if (--number == 0)
                        return true;
        return false;
}

/* Returns 0, or -EINVAL: no such letter. */
static int read_letter(
        char letter, enum template_use use, struct template_piece *ret_piece)
{
        bool is_lower = letter == 's' || letter == 'u' || letter == 'd';
        struct template_piece piece = {
                .is_of_value = use == TEMPLATE_RESULT && is_lower};

        if (letter == 's' || letter == 'S') {
                piece.part = PART_ALL;
        } else if (letter == 'u' || letter == 'U') {
                piece.part = PART_USER;
        } else if (letter == 'd' || letter == 'D') {
                piece.part = PART_DOMAIN;
        } else if (letter >= '1' && letter <= '9') {
                piece.part = PART_LABEL;
                piece.label = (unsigned)(letter - '0');
        } else {
                return -EINVAL;
        }
        *ret_piece = piece;
        return 0;
}

static void note_piece(
        struct template *template, const struct template_piece *piece)
{
        bool is_user = piece->part == PART_USER;
        bool is_domain =
                piece->part == PART_DOMAIN || piece->part == PART_LABEL;

        template->is_dynamic |= piece->part != PART_TEXT;
        if (piece->is_of_value) {
                template->wants_user |= is_user;
                template->wants_domain |= is_domain;
                return;
        }
        template->needs.user |= is_user;
        template->needs.domain |= is_domain;
        if (piece->label > template->needs.labels)
                template->needs.labels = piece->label;
}

/*
 * Takes the next piece off *rest: text up to a '%', or what that stands for.
 * Returns 0 or -EINVAL with the reason.
 */
static int take_piece(struct span *rest, enum template_use use,
        struct template_piece *ret_piece, struct reason *ret_reason)
{
        const char *percent = memchr(rest->data, '%', rest->size);
        size_t size =
                percent == NULL ? rest->size : (size_t)(percent - rest->data);
        struct template_piece piece = {.text = {rest->data, size}};

        if (size == 0 && rest->size < 2) {
                reason_set(
                        ret_reason, "'%%' at the end: write %%%% for a '%%'");
                return -EINVAL;
        }
        if (size == 0) {
                size = 2;
                piece.text = (struct span){rest->data, 1};
                if (rest->data[1] != '%' &&
                        read_letter(rest->data[1], use, &piece) < 0) {
                        reason_set(ret_reason,
                                "unknown \"%%%c\": there are %%s %%u %%d %%S "
                                "%%U %%D %%1 to %%9, and %%%% for a '%%'",
                                rest->data[1]);
                        return -EINVAL;
                }
        }
        *ret_piece = piece;
        rest->data += size;
        rest->size -= size;
        return 0;
}

static int refuse_memory(struct reason *ret_reason)
{
        reason_set_errno(ret_reason, -ENOMEM, "template");
        return -ENOMEM;
}

int template_parse(struct span text, enum template_use use, struct arena *arena,
        struct template *ret_template, struct reason *ret_reason)
{
        struct template template = {.count = 0};
        struct template_piece *pieces;
        size_t most = 1;
        char *copy = arena_copy(arena, text);

        if (copy == NULL)
                return refuse_memory(ret_reason);
        for (size_t i = 0; i < text.size; i++)
                most += text.data[i] == '%' ? 2 : 0;
        if (most > SIZE_MAX / sizeof(*pieces))
                return refuse_memory(ret_reason);
        pieces = arena_alloc(arena, most * sizeof(*pieces));
        if (pieces == NULL)
                return refuse_memory(ret_reason);
        text.data = copy;
        while (text.size > 0) {
                struct template_piece *piece = &pieces[template.count++];
                int r = take_piece(&text, use, piece, ret_reason);

                if (r < 0)
                        return r;
                note_piece(&template, piece);
        }
        template.pieces = pieces;
        *ret_template = template;
        return 0;
}

void template_needs_add(
        struct template_needs *needs, const struct template_needs *more)
{
        needs->user |= more->user;
        needs->domain |= more->domain;
        if (needs->labels < more->labels)
                needs->labels = more->labels;
}

static bool meets(const struct template_needs *needs, const struct address *key)
{
        struct span label;

        if (key->all.size == 0 || (needs->user && key->user.size == 0))
                return false;
        if (needs->domain && key->domain.size == 0)
                return false;
        return needs->labels == 0 ||
               find_label(key->domain, needs->labels, &label);
}

bool template_needs_met(const struct template_needs *needs, struct span key)
{
        struct address address = split(key);

        return meets(needs, &address);
}

/* What a template is expanded with. */
struct filling {
        struct address key, value;
        template_quote *quote; /* of parts of the key; NULL: as they are */
        void *ctx;
        struct arena *arena;
};

static struct span part_of(
        const struct address *address, const struct template_piece *piece)
{
        struct span label = {NULL, 0};

        switch (piece->part) {
        case PART_TEXT:
                return piece->text;
        case PART_USER:
                return address->user;
        case PART_DOMAIN:
                return address->domain;
        case PART_LABEL:
                find_label(address->domain, piece->label, &label);
                return label;
        case PART_ALL:
        default:
                return address->all;
        }
}

/* Returns 0 or a negative errno. */
static int fill(const struct filling *filling,
        const struct template_piece *piece, struct span *ret_text)
{
        struct span part = part_of(
                piece->is_of_value ? &filling->value : &filling->key, piece);

        if (piece->part != PART_TEXT && filling->quote != NULL)
                return filling->quote(
                        filling->ctx, part, filling->arena, ret_text);
        *ret_text = part;
        return 0;
}

/* Fills all pieces in; most are short. Returns 1 or a negative errno. */
static int expand(const struct template *template,
        const struct filling *filling, struct span *ret_text)
{
        struct span parts[16], *filled = parts;
        size_t size = 0, used = 0;
        char *text;

        if (template->count > sizeof(parts) / sizeof(parts[0]))
                filled = arena_alloc(
                        filling->arena, template->count * sizeof(*filled));
        if (filled == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < template->count; i++) {
                int r = fill(filling, &template->pieces[i], &filled[i]);

                if (r < 0)
                        return r;
                if (filled[i].size >= SIZE_MAX / 2 - size)
                        return -ENOMEM;
                size += filled[i].size;
        }
        text = arena_bytes(filling->arena, size + 1);
        if (text == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < template->count; i++) {
                if (filled[i].size > 0)
                        memcpy(text + used, filled[i].data, filled[i].size);
                used += filled[i].size;
        }
        text[used] = '\0';
        *ret_text = (struct span){text, size};
        return 1;
}

int template_expand_key(const struct template *template, struct span key,
        template_quote *quote, void *ctx, struct arena *arena,
        struct span *ret_text)
{
        struct filling filling = {
                .key = split(key), .quote = quote, .ctx = ctx, .arena = arena};

        if (!meets(&template->needs, &filling.key))
                return 0;
        return expand(template, &filling, ret_text);
}

int template_expand_result(const struct template *template, struct span value,
        struct span key, struct arena *arena, struct span *ret_text)
{
        struct filling filling = {
                .key = split(key), .value = split(value), .arena = arena};

        if (value.size == 0 || !meets(&template->needs, &filling.key))
                return 0;
        if (template->wants_user && filling.value.user.size == 0)
                return 0;
        if (template->wants_domain && filling.value.domain.size == 0)
                return 0;
        if (template->count == 1 && template->pieces[0].part == PART_ALL &&
                template->pieces[0].is_of_value) {
                *ret_text = value;
                return 1;
        }
        return expand(template, &filling, ret_text);
}
