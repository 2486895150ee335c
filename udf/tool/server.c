#include "tool/server.h"

#include <errno.h>
#include <stdlib.h>

#include "host/files.h"
#include "tool/xml.h"

static void tell(const struct server *server, const char *path)
{
    if (server->unreadable)
        server->unreadable(server->context, path);
}

void server_files(const struct server *server, const char *folder, const char *end,
                  void (*visit)(const struct server *server, const char *path, void *context), void *context)
{
    struct host_names files;
    if (!host_list_folder(folder, &files)) {
        if (errno != ENOENT)
            tell(server, folder);
        return;
    }
    for (size_t i = 0; i < files.count; i++) {
        if (text_ends(text_of(files.names[i]), text_of(end)))
            visit(server, arena_printf(server->arena, "%s/%s", folder, files.names[i]).data, context);
    }
    host_names_free(&files);
}

struct text server_read(const struct server *server, const char *path)
{
    size_t size;
    char *file = host_read_file(path, SERVER_FILE_LIMIT, &size);
    if (!file) {
        int problem = errno;
        tell(server, path);
        errno = problem;
        return (struct text){NULL, 0};
    }
    struct text text = arena_copy(server->arena, (struct text){file, size}, 1);
    free(file);
    errno = ENOMEM;
    return text;
}

struct setting {
    const char *name;
    const char *value; /* NULL: there is none */
};

static void find_setting(const struct server *server, const char *path, void *context)
{
    struct setting *setting = context;
    struct text xml = server_read(server, path);
    char *plain = xml.data ? arena_alloc(server->arena, xml.size + 1) : NULL;
    if (!plain)
        return;
    memcpy(plain, xml.data, xml.size);
    xml_blank_comments(plain, xml.size);
    struct text value = xml_value((struct text){plain, xml.size}, setting->name);
    if (value.data)
        setting->value = arena_printf(server->arena, "%.*s", TEXT_ARGUMENTS(value)).data;
}

const char *server_setting(const struct server *server, const char *kind, const char *name)
{
    struct setting setting = {.name = name};
    const char *path = arena_printf(server->arena, "%s/%s.xml", server->config_dir, kind).data;
    if (host_may(NULL, path, 0))
        find_setting(server, path, &setting);
    path = arena_printf(server->arena, "%s/%s.d", server->config_dir, kind).data;
    server_files(server, path, ".xml", find_setting, &setting);
    return setting.value;
}

const char *server_scripts(const struct server *server)
{
    const char *setting = server_setting(server, "config", "user_scripts_path");
    struct text folder = text_of(setting ? setting : "/var/lib/clickhouse/user_scripts");
    while (folder.size > 1 && text_ends(folder, TEXT("/")))
        folder.size--;
    return arena_printf(server->arena, "%.*s", TEXT_ARGUMENTS(folder)).data;
}
