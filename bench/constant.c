/* The floor: an executable function that reads its messages as they are and answers each with the same row, so that what is
 * measured is the engine and its pipes.
 *
 *     constant RowBinary      beside the program lies constant.row: one row
 *     constant Native         constant.native: the column's name and type, then one row's part of each stream, in the order of a
 *                             block; each of these behind its size, 4 bytes in this machine's order
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIPE_SIZE (256 << 10) /* as the program has them */
#define BLOCK_ROWS 4096       /* of an answer in Native, as the program's */
#define ANSWER_SIZE 65536

static char in[1 << 18];
static bool native;

static bool put(const char *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t written = write(1, data + done, size - done);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0)
            done += (size_t)written;
    }
    return true;
}

/* ---- Answers ------------------------------------------------------------------------------------------- */

static char answer[ANSWER_SIZE]; /* the file */
static size_t answer_size;
/* BLOCK_ROWS rows, or in Native the block of `made` rows. */
static char *block;
static size_t block_size, made;

static size_t put_varint(char *to, uint64_t number)
{
    size_t size = 0;
    for (; number >= 0x80; number >>= 7)
        to[size++] = (char)(number | 0x80);
    to[size++] = (char)number;
    return size;
}

static void repeat(const char *data, size_t size, size_t times)
{
    for (; times > 0; times--) {
        memcpy(block + block_size, data, size);
        block_size += size;
    }
}

/* A block in Native, unless it is there already. */
static void make_block(size_t rows)
{
    if (rows == made)
        return;
    made = rows;
    block_size = put_varint(block, 1);
    block_size += put_varint(block + block_size, rows);
    for (size_t at = 0; at < answer_size;) {
        uint32_t size;
        memcpy(&size, answer + at, sizeof size);
        repeat(answer + at + sizeof size, size, at == 0 ? 1 : rows);
        at += sizeof size + size;
    }
}

static bool answer_rows(size_t rows)
{
    if (native) {
        make_block(rows);
        return put(block, block_size);
    }
    for (; rows > BLOCK_ROWS; rows -= BLOCK_ROWS)
        if (!put(block, BLOCK_ROWS * answer_size))
            return false;
    return put(block, rows * answer_size);
}

/* ---- Messages ------------------------------------------------------------------------------------------ */

/* What is being read: in Native a block's two numbers, its column's name and type, then its messages. */
enum part { COLUMNS, ROWS, NAME, TYPE, MESSAGES };

static struct {
    enum part part;
    uint64_t rows;   /* left of the block */
    uint64_t length; /* of the text, as far as it is known */
    uint64_t left;   /* bytes of the text */
    unsigned shift;
    bool in_text;
    size_t pending; /* messages that are not yet answered */
} reader;

static bool part_ends(void)
{
    uint64_t number = reader.length;
    reader.length = 0;
    reader.shift = 0;
    reader.in_text = false;
    if (!native) {
        reader.pending++;
        return true;
    }
    if (reader.part != MESSAGES) {
        if (reader.part == ROWS)
            reader.rows = number;
        reader.part++;
    } else {
        reader.pending++;
        reader.rows--;
    }
    if (reader.part != MESSAGES || (reader.rows > 0 && reader.pending < BLOCK_ROWS))
        return true;
    if (reader.rows == 0)
        reader.part = COLUMNS;
    size_t rows = reader.pending;
    reader.pending = 0;
    return rows == 0 || answer_rows(rows);
}

/* Takes the bytes in; answers what is complete. */
static bool take(size_t size)
{
    for (size_t at = 0; at < size;) {
        if (!reader.in_text) {
            unsigned char byte = (unsigned char)in[at++];
            reader.length |= (uint64_t)(byte & 0x7F) << reader.shift;
            reader.shift += 7;
            if (byte >= 0x80)
                continue;
            reader.in_text = true;
            reader.left = native && reader.part < NAME ? 0 : reader.length;
        } else {
            size_t step = size - at < reader.left ? size - at : (size_t)reader.left;
            at += step;
            reader.left -= step;
        }
        if (reader.left == 0 && !part_ends())
            return false;
    }
    size_t rows = native ? 0 : reader.pending;
    reader.pending -= rows;
    return rows == 0 || answer_rows(rows);
}

/* ---- The program --------------------------------------------------------------------------------------- */

static bool read_answer(void)
{
    char path[4096];
    ssize_t folder = readlink("/proc/self/exe", path, sizeof path - 64);
    if (folder < 0)
        return false;
    path[folder] = '\0';
    strcpy(strrchr(path, '/'), native ? "/constant.native" : "/constant.row");
    FILE *file = fopen(path, "rb");
    answer_size = file ? fread(answer, 1, sizeof answer, file) : 0;
    if (answer_size == 0 || answer_size == sizeof answer) {
        fprintf(stderr, "constant: %s: no answer of fewer than %d bytes\n", path, ANSWER_SIZE);
        return false;
    }
    block = malloc(BLOCK_ROWS * answer_size + sizeof answer);
    if (block && !native)
        repeat(answer, answer_size, BLOCK_ROWS);
    return block != NULL;
}

int main(int argc, char **argv)
{
    native = argc > 1 && strcmp(argv[1], "Native") == 0;
    if (!read_answer())
        return 1;
    (void)fcntl(0, F_SETPIPE_SZ, PIPE_SIZE);
    (void)fcntl(1, F_SETPIPE_SZ, PIPE_SIZE);
    for (;;) {
        ssize_t size = read(0, in, sizeof in);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return size < 0;
        if (!take((size_t)size))
            return 1;
    }
}
