/* clickhouse-local out of libchdb.so: the library's entry point is the program's main. It runs the queries of its
 * arguments, so a file of queries that opens the ports and then sleeps makes it a server. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* As the library returns it; it owns everything in it. */
struct local_result_v2 {
    char *buf;
    size_t len;
    void *vec;
    double elapsed;
    uint64_t rows_read, bytes_read;
    char *error_message;
};

struct local_result_v2 *query_stable_v2(int argc, char **argv);

int main(int argc, char **argv)
{
    argv[0] = "clickhouse";
    struct local_result_v2 *result = query_stable_v2(argc, argv);
    if (result == NULL)
        return 1;
    if (result->error_message != NULL) {
        fprintf(stderr, "%s\n", result->error_message);
        return 1;
    }
    if (fwrite(result->buf, 1, result->len, stdout) != result->len || fflush(stdout) != 0)
        return 1;
    return 0;
}
