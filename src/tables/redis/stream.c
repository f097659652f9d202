/* SPDX-License-Identifier: MIT */
#include "tables/redis/stream.h"
#include <errno.h>
#include <hiredis/read.h>
#include <stdlib.h>
#include <unistd.h>

/* How much is received at once. */
#define RECEIVE_SIZE ((size_t)64 * 1024)

/* What hiredis is told that it has made: only NULL means something to it. */
static struct redis_reply *reply_of(const redisReadTask *task)
{
        return task->privdata;
}

static int grow(struct redis_reply *reply)
{
        size_t capacity = reply->capacity > 0 ? 2 * reply->capacity : 4;
        struct redis_value *values;

        if (reply->count < reply->capacity)
                return 0;
        values = realloc(reply->values, capacity * sizeof(*values));
        if (values == NULL)
                return -ENOMEM;
        reply->values = values;
        reply->capacity = capacity;
        return 0;
}

/* Adds a value; data NULL: nil. Returns NULL when it is too much. */
static void *add(struct redis_reply *reply, struct span value)
{
        struct bytes *text = &reply->text;

        if (value.size > REDIS_REPLY_MAX - text->size ||
                reply->count == REDIS_VALUES_MAX) {
                reply->is_too_large = true;
                return NULL;
        }
        if (grow(reply) < 0 || bytes_reserve(text, value.size + 1) < 0)
                return NULL;
        reply->values[reply->count++] = (struct redis_value){
                .begin = text->size,
                .size = value.size,
                .is_nil = value.data == NULL,
        };
        if (value.size > 0)
                memcpy(text->data + text->size, value.data, value.size);
        text->size += value.size;
        return reply;
}

/* hiredis takes any two bytes for the end of a string; the bytes are there. */
static void *create_string(const redisReadTask *task, char *text, size_t size)
{
        struct redis_reply *reply = reply_of(task);

        if (text[size] != '\r' || text[size + 1] != '\n')
                return NULL;
        if (reply->kind == REDIS_ERROR)
                return reply; /* it is wrong already */
        if (task->type == REDIS_REPLY_ERROR)
                reply->kind = REDIS_ERROR;
        else if (task->parent == NULL)
                reply->kind = REDIS_VALUE;
        return add(reply, (struct span){text, size});
}

/* Nothing is allocated for what is only announced. */
static void *create_array(const redisReadTask *task, int count)
{
        struct redis_reply *reply = reply_of(task);

        if (count < 0 || (size_t)count > REDIS_VALUES_MAX) {
                reply->is_too_large = true;
                return NULL;
        }
        if (task->parent == NULL)
                reply->kind = REDIS_LIST;
        return reply;
}

static void *create_integer(const redisReadTask *task, long long number)
{
        struct redis_reply *reply = reply_of(task);
        char text[24];
        int size = snprintf(text, sizeof(text), "%lld", number);

        if (reply->kind == REDIS_ERROR)
                return reply;
        if (task->parent == NULL)
                reply->kind = REDIS_VALUE;
        return add(reply, (struct span){text, (size_t)size});
}

static void *create_nil(const redisReadTask *task)
{
        struct redis_reply *reply = reply_of(task);

        if (task->parent == NULL)
                reply->kind = REDIS_NIL;
        if (task->parent == NULL || reply->kind == REDIS_ERROR)
                return reply;
        return add(reply, (struct span){NULL, 0});
}

static void free_object(void *object)
{
        (void)object;
}

static redisReplyObjectFunctions functions = {
        .createString = create_string,
        .createArray = create_array,
        .createInteger = create_integer,
        .createNil = create_nil,
        .freeObject = free_object,
};

struct redis_stream *redis_stream_new(int fd)
{
        struct redis_stream *stream = calloc(1, sizeof(*stream));

        if (stream == NULL) {
                close(fd);
                return NULL;
        }
        channel_init(&stream->channel);
        stream->channel.fd = fd;
        stream->reader = redisReaderCreateWithFunctions(&functions);
        if (stream->reader == NULL ||
                bytes_reserve(&stream->channel.in, RECEIVE_SIZE) < 0) {
                redis_stream_free(stream);
                return NULL;
        }
        stream->reader->privdata = &stream->reply;
        return stream;
}

void redis_stream_free(struct redis_stream *stream)
{
        if (stream == NULL)
                return;
        if (stream->reader != NULL)
                redisReaderFree(stream->reader);
        bytes_free(&stream->reply.text);
        free(stream->reply.values);
        channel_close(&stream->channel);
        free(stream);
}

int redis_stream_send(struct redis_stream *stream)
{
        struct channel *channel = &stream->channel;
        int r = channel_send(channel);

        if (channel->sent == channel->out.size) {
                channel->out.size = 0;
                channel->sent = 0;
        }
        return r;
}

int redis_stream_receive(struct redis_stream *stream)
{
        struct bytes *in = &stream->channel.in;
        int r;

        in->size = 0;
        r = channel_receive(&stream->channel);
        stream->is_begun |= r == 0;
        if (r == 0 &&
                redisReaderFeed(stream->reader, in->data, in->size) != REDIS_OK)
                r = -ENOMEM;
        return r;
}

static void begin_reply(struct redis_reply *reply)
{
        if (reply->text.capacity > RECEIVE_SIZE)
                bytes_free(&reply->text);
        reply->text.size = 0;
        reply->count = 0;
        reply->kind = REDIS_NIL;
        reply->is_too_large = false;
}

static int too_large(struct reason *ret_reason)
{
        reason_set(ret_reason, "the reply is too large");
        ret_reason->code = -EMSGSIZE;
        return -EMSGSIZE;
}

int redis_stream_next(struct redis_stream *stream,
        const struct redis_reply **ret_reply, struct reason *ret_reason)
{
        redisReader *reader = stream->reader;
        void *made;
        int r;

        if (stream->is_whole)
                begin_reply(&stream->reply);
        stream->is_whole = false;
        r = redisReaderGetReply(reader, &made);
        if (stream->reply.is_too_large)
                return too_large(ret_reason);
        if (r != REDIS_OK) {
                reason_set(ret_reason, "no reply of Redis: %s", reader->errstr);
                ret_reason->code = -EBADMSG;
                return -EBADMSG;
        }
        *ret_reply = &stream->reply;
        stream->is_whole = made != NULL;
        if (made != NULL)
                stream->is_begun = reader->pos < reader->len;
        if (made == NULL && reader->len - reader->pos > REDIS_REPLY_MAX)
                return too_large(ret_reason);
        return made != NULL ? 1 : 0;
}

struct span redis_value(const struct redis_reply *reply, size_t number)
{
        const struct redis_value *value = &reply->values[number];

        if (value->is_nil)
                return (struct span){NULL, 0};
        return (struct span){reply->text.data + value->begin, value->size};
}

/* Of a list hiredis takes the head, and each value, as they come. */
bool redis_stream_is_quiet(const struct redis_stream *stream)
{
        return !stream->is_begun && channel_is_quiet(&stream->channel);
}
