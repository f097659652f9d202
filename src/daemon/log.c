/* SPDX-License-Identifier: MIT */
#include "daemon/log.h"

#include "daemon/log_stderr.h"
#include "tables/support/siphash.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#define PROGRAM "socketmapd"
#define LINES_A_SECOND 10

static struct {
        pthread_mutex_t mutex; /* the log may be configured anew any time */
        enum config_log_target target;
        enum config_log_format format;
        enum config_log_keys keys;
        enum config_log_level levels[CONFIG_AREAS];
        bool has_left_stderr; /* somebody else reads there */
        bool has_journal;     /* stderr is the journal: it wants priorities */
        uint64_t hash_seed[2];
} state = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* Says whether stderr is what JOURNAL_STREAM tells: "DEVICE:INODE". */
static bool is_journal(void)
{
        const char *stream = getenv("JOURNAL_STREAM");
        uintmax_t device, inode;
        struct stat status;

        return stream != NULL &&
               sscanf(stream, "%ju:%ju", &device, &inode) == 2 &&
               fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
               status.st_ino == inode;
}

void log_open(void)
{
        for (size_t i = 0; i < CONFIG_AREAS; i++)
                state.levels[i] = CONFIG_LOG_INFO;
        state.has_journal = is_journal();
        /* Only so that nobody can work out keys from hashes beforehand. */
        if (getrandom(state.hash_seed, sizeof(state.hash_seed), 0) < 0)
                memset(state.hash_seed, 0, sizeof(state.hash_seed));
}

static void set_target(enum config_log_target target)
{
        if (state.has_left_stderr)
                target = CONFIG_LOG_SYSLOG;
        if (target == CONFIG_LOG_SYSLOG)
                openlog(PROGRAM, LOG_PID | LOG_NDELAY, LOG_MAIL);
        else if (state.target == CONFIG_LOG_SYSLOG)
                closelog();
        state.target = target;
}

void log_leave_stderr(void)
{
        pthread_mutex_lock(&state.mutex);
        state.has_left_stderr = true;
        set_target(CONFIG_LOG_SYSLOG);
        pthread_mutex_unlock(&state.mutex);
}

void log_configure(const struct config_log *options)
{
        pthread_mutex_lock(&state.mutex);
        set_target(options->target);
        state.format = options->format;
        state.keys = options->keys;
        memcpy(state.levels, options->levels, sizeof(state.levels));
        pthread_mutex_unlock(&state.mutex);
}

bool log_wants(enum config_log_area area, enum config_log_level level)
{
        bool wants;

        pthread_mutex_lock(&state.mutex);
        wants = level <= state.levels[area];
        pthread_mutex_unlock(&state.mutex);
        return wants;
}

static int priority_of(enum config_log_level level)
{
        static const int priorities[] = {
                [CONFIG_LOG_ERROR] = LOG_ERR,
                [CONFIG_LOG_WARNING] = LOG_WARNING,
                [CONFIG_LOG_INFO] = LOG_INFO,
                [CONFIG_LOG_DEBUG] = LOG_DEBUG,
        };

        return priorities[level];
}

static void write_record(FILE *to, const struct log_record *record)
{
        switch (state.format) {
        case CONFIG_LOG_TEXT:
                log_write_text(to, record);
                break;
        case CONFIG_LOG_LOGFMT:
                log_write_logfmt(to, record);
                break;
        case CONFIG_LOG_JSON:
                log_write_json(to, record);
                break;
        }
}

/* Writes what comes before a line on stderr. */
static void write_head(FILE *to, enum config_log_level level, bool is_bare)
{
        if (state.target != CONFIG_LOG_STDERR)
                return;
        if (state.has_journal)
                fprintf(to, "<%d>", priority_of(level));
        else if (state.format == CONFIG_LOG_TEXT && !is_bare)
                fputs(PROGRAM ": ", to);
}

static void put(const struct log_record *record, bool is_bare);

static void tell_lost(size_t count)
{
        char text[80];
        struct log_record record = {.area = CONFIG_AREA_SERVER,
                .level = CONFIG_LOG_WARNING,
                .text = text};

        snprintf(text, sizeof(text),
                "%zu lines of this log were lost: nobody read them", count);
        clock_gettime(CLOCK_REALTIME, &record.time);
        put(&record, false);
}

static void send_line(
        enum config_log_level level, const char *line, size_t size)
{
        size_t lost = 0;

        if (state.target == CONFIG_LOG_SYSLOG)
                syslog(priority_of(level), "%s", line);
        else
                lost = log_stderr(line, size);
        if (lost > 0)
                tell_lost(lost);
}

/* is_bare: in text, a line that begins with its own text. */
static void put(const struct log_record *record, bool is_bare)
{
        char *line = NULL;
        size_t size;
        FILE *to = open_memstream(&line, &size);

        if (to == NULL)
                return;
        write_head(to, record->level, is_bare);
        if (is_bare && state.format == CONFIG_LOG_TEXT)
                fputs(record->text, to);
        else
                write_record(to, record);
        if (state.target == CONFIG_LOG_STDERR)
                fputc('\n', to);
        if (fclose(to) == 0)
                send_line(record->level, line, size);
        free(line);
}

static void log_record(struct log_record *record, bool is_bare)
{
        clock_gettime(CLOCK_REALTIME, &record->time);
        pthread_mutex_lock(&state.mutex);
        if (record->level <= state.levels[record->area])
                put(record, is_bare);
        pthread_mutex_unlock(&state.mutex);
}

void log_fields(enum config_log_area area, enum config_log_level level,
        const char *text, const struct log_field *fields, size_t count)
{
        struct log_record record = {.area = area,
                .level = level,
                .text = text,
                .fields = fields,
                .count = count};

        log_record(&record, false);
}

void log_say(enum config_log_area area, enum config_log_level level,
        const char *format, ...)
{
        char *text = NULL;
        va_list arguments;
        int size;

        if (!log_wants(area, level))
                return;
        va_start(arguments, format);
        size = vasprintf(&text, format, arguments);
        va_end(arguments);
        if (size < 0)
                return;
        log_fields(area, level, text, NULL, 0);
        free(text);
}

bool log_key(struct span key, char buffer[LOG_HASH_SIZE],
        struct log_field *ret_field)
{
        enum config_log_keys keys;

        pthread_mutex_lock(&state.mutex);
        keys = state.keys;
        pthread_mutex_unlock(&state.mutex);
        switch (keys) {
        case CONFIG_LOG_KEYS_YES:
                *ret_field = (struct log_field){"key", key};
                return true;
        case CONFIG_LOG_KEYS_HASH:
                snprintf(buffer, LOG_HASH_SIZE, "%016" PRIx64,
                        siphash(state.hash_seed, key));
                *ret_field = (struct log_field){"key_hash", span_of(buffer)};
                return true;
        case CONFIG_LOG_KEYS_NO:
                break;
        }
        return false;
}

static bool shows_quotes(void)
{
        bool shows;

        pthread_mutex_lock(&state.mutex);
        shows = state.target == CONFIG_LOG_STDERR &&
                state.format == CONFIG_LOG_TEXT;
        pthread_mutex_unlock(&state.mutex);
        return shows;
}

void log_finding(void *ctx, enum severity severity, const char *line)
{
        struct log_record record = {.area = CONFIG_AREA_CONFIG,
                .level = severity == SEVERITY_WARNING ? CONFIG_LOG_WARNING
                                                      : CONFIG_LOG_ERROR,
                .text = line};

        (void)ctx;
        if (severity != SEVERITY_QUOTE || shows_quotes())
                log_record(&record, severity != SEVERITY_WARNING);
}

static void tell_left_out(struct log_limit *limit)
{
        if (limit->left_out > 0)
                log_say(CONFIG_AREA_SERVER, CONFIG_LOG_WARNING,
                        "%u similar lines left out", limit->left_out);
        limit->lines = 0;
        limit->left_out = 0;
}

static void end_second(uv_timer_t *second)
{
        tell_left_out(second->data);
}

void log_limit_init(struct log_limit *limit, uv_loop_t *loop)
{
        *limit = (struct log_limit){0};
        uv_timer_init(loop, &limit->second);
        limit->second.data = limit;
}

void log_limit_fini(struct log_limit *limit)
{
        tell_left_out(limit);
}

bool log_limit_passes(struct log_limit *limit)
{
        if (limit->lines == LINES_A_SECOND) {
                limit->left_out++;
                return false;
        }
        if (limit->lines++ == 0)
                uv_timer_start(&limit->second, end_second, 1000, 0);
        return true;
}

static enum config_log_level level_of(enum socketmap_log_level level)
{
        switch (level) {
        case SOCKETMAP_LOG_ERROR:
                return CONFIG_LOG_ERROR;
        case SOCKETMAP_LOG_WARNING:
                return CONFIG_LOG_WARNING;
        case SOCKETMAP_LOG_INFO:
                break;
        }
        return CONFIG_LOG_INFO;
}

void log_limited(void *ctx, enum socketmap_log_level level, const char *line)
{
        if (log_wants(CONFIG_AREA_SERVER, level_of(level)) &&
                log_limit_passes(ctx))
                log_say(CONFIG_AREA_SERVER, level_of(level), "%s", line);
}
