/* What the program sees of files and folders. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/files.h"

static char folder[] = "/tmp/debezium-udf-files.XXXXXX";

static const char *inside(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(inside(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_list(void **state)
{
    (void)state;
    struct host_names names;
    assert_false(host_list_folder(inside("nowhere"), &names));
    assert_int_equal(errno, ENOENT);
    assert_int_equal(mkdir(inside("list"), 0700), 0);
    assert_true(host_list_folder(inside("list"), &names));
    assert_int_equal(names.count, 0);
    host_names_free(&names);
    const char *const sorted[] = {".hidden", "B",  "a",
                                  "b",       "b1", "\xc3\xa4"}; /* by bytes, in no locale's order */
    for (size_t i = 6; i-- > 0;) {
        char name[32];
        snprintf(name, sizeof name, "list/%s", sorted[i]);
        write_file(name, "");
    }
    assert_true(host_list_folder(inside("list"), &names));
    assert_int_equal(names.count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(names.names[i], sorted[i]);
    host_names_free(&names);
    assert_int_equal(names.count, 0);
}

static void test_read(void **state)
{
    (void)state;
    size_t size;
    write_file("text", "0123456789");
    char *text = host_read_file(inside("text"), 10, &size);
    assert_int_equal(size, 10);
    assert_string_equal(text, "0123456789");
    free(text);
    assert_null(host_read_file(inside("text"), 9, &size));
    assert_int_equal(errno, EFBIG);
    assert_null(host_read_file(folder, 10, &size));
    assert_int_equal(errno, EISDIR);
    assert_int_equal(mkfifo(inside("pipe"), 0600), 0);
    assert_null(host_read_file(inside("pipe"), 10, &size)); /* and does not wait for a writer */
    assert_int_equal(errno, EINVAL);
    assert_null(host_read_file(inside("nowhere"), 10, &size));
    assert_int_equal(errno, ENOENT);
}

static void test_may(void **state)
{
    (void)state;
    write_file("mode", "");
    struct stat status;
    assert_int_equal(stat(inside("mode"), &status), 0);
    /* Never root's own numbers: root may all. */
    const struct host_user owner = {status.st_uid, 7}, member = {7, status.st_gid}, other = {7, 7},
                           root = {0, 7};
    assert_int_equal(chmod(inside("mode"), 0410), 0);
    if (owner.id != 0) {
        assert_true(host_may(&owner, inside("mode"), HOST_READ));
        assert_false(host_may(&owner, inside("mode"), HOST_READ | HOST_RUN));
    }
    assert_true(host_may(&member, inside("mode"), HOST_RUN));
    assert_false(host_may(&member, inside("mode"), HOST_READ));
    assert_false(host_may(&other, inside("mode"), HOST_RUN));
    assert_true(host_may(&other, inside("mode"), 0));
    assert_int_equal(chmod(inside("mode"), 0005), 0);
    assert_true(host_may(&other, inside("mode"), HOST_READ | HOST_RUN));
    assert_false(host_may(&member, inside("mode"), HOST_READ)); /* the group's bits, not the others' */
    assert_true(host_may(&root, inside("mode"), HOST_READ | HOST_RUN));
    assert_true(host_may(NULL, inside("mode"), 0));
    assert_false(host_may(NULL, inside("nowhere"), 0));
    assert_int_equal(errno, ENOENT);
    assert_false(host_may(&root, inside("nowhere"), 0));
    assert_int_equal(errno, ENOENT);
}

static void test_user(void **state)
{
    (void)state;
    struct host_user user;
    assert_true(host_find_user("root", &user));
    assert_int_equal(user.id, 0);
    assert_int_equal(user.group, 0);
    assert_true(host_find_user("nobody", &user));
    assert_true(user.id > 0);
    assert_false(host_find_user("roo", &user));
    assert_false(host_find_user("", &user));
}

static void test_this_program(void **state)
{
    (void)state;
    assert_true(host_is_this_program("/proc/self/exe"));
    assert_false(host_is_this_program("/bin/sh"));
    assert_false(host_is_this_program(inside("nowhere")));
    char path[4096];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    assert_true(size > 0);
    path[size] = '\0';
    assert_memory_equal(host_folder(), path, strlen(host_folder()));
    assert_int_equal(path[strlen(host_folder())], '/');
    assert_null(strchr(path + strlen(host_folder()) + 1, '/'));
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list), cmocka_unit_test(test_read),         cmocka_unit_test(test_may),
        cmocka_unit_test(test_user), cmocka_unit_test(test_this_program),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
