/* The floor: an executable function that reads its messages in RowBinary as they are and answers each with the same row,
 * so that what is measured is the engine and its pipes. Beside the program lies constant.row, one row in RowBinary. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIPE_SIZE (256 << 10) /* as the program has them */

static char in[1 << 18], out[1 << 19];
static size_t out_size;

static bool flush(void)
{
    for (size_t done = 0; done < out_size;) {
        ssize_t size = write(1, out + done, out_size - done);
        if (size < 0)
            return false;
        done += (size_t)size;
    }
    out_size = 0;
    return true;
}

/* What is left of the row that is being read. */
static struct {
    uint64_t length, bytes;
    unsigned shift;
    bool in_text;
} row;

/* Takes the bytes in; answers how many rows ended within them. */
static size_t take(size_t size)
{
    size_t rows = 0;
    for (size_t at = 0; at < size;) {
        if (!row.in_text) {
            unsigned char byte = (unsigned char)in[at++];
            row.length |= (uint64_t)(byte & 0x7F) << row.shift;
            row.shift += 7;
            row.in_text = byte < 0x80;
            row.bytes = row.length;
        } else {
            size_t part = size - at < row.bytes ? size - at : (size_t)row.bytes;
            at += part;
            row.bytes -= part;
        }
        if (row.in_text && row.bytes == 0) {
            memset(&row, 0, sizeof row);
            rows++;
        }
    }
    return rows;
}

int main(int argc, char **argv)
{
    char path[4096], answer[4096];
    ssize_t folder = readlink("/proc/self/exe", path, sizeof path - 64);
    (void)argc;
    (void)argv;
    if (folder < 0)
        return 1;
    path[folder] = '\0';
    strcpy(strrchr(path, '/'), "/constant.row");
    FILE *file = fopen(path, "rb");
    size_t answer_size = file ? fread(answer, 1, sizeof answer, file) : 0;
    if (answer_size == 0) {
        perror(path);
        return 1;
    }
    (void)fcntl(0, F_SETPIPE_SZ, PIPE_SIZE);
    (void)fcntl(1, F_SETPIPE_SZ, PIPE_SIZE);
    for (;;) {
        ssize_t size = read(0, in, sizeof in);
        if (size <= 0)
            return size < 0;
        for (size_t rows = take((size_t)size); rows > 0; rows--) {
            memcpy(out + out_size, answer, answer_size);
            out_size += answer_size;
            if (sizeof out - out_size < sizeof answer && !flush())
                return 1;
        }
        if (!flush())
            return 1;
    }
}
