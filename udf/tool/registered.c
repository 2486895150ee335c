#include "tool/registered.h"

static struct text next_word(struct text *words)
{
    while (words->size > 0 && *words->data == ' ')
        *words = text_from(*words, 1);
    const char *space = words->size ? memchr(words->data, ' ', words->size) : NULL;
    struct text word = {words->data, space ? (size_t)(space - words->data) : words->size};
    *words = text_from(*words, word.size);
    return word;
}

static const struct function_kind *find_function(struct text command)
{
    for (size_t i = 0; i < FUNCTION_COUNT; i++) {
        if (text_equal(command, text_of(functions[i].command)))
            return &functions[i];
    }
    return NULL;
}

/* Where the value of this option goes; NULL if it is none that is known. */
static struct text *option_of(struct registered_command *read, struct text name)
{
    const struct {
        const char *name;
        struct text *value;
    } known[] = {{"--format", &read->format},
                 {"--fingerprint", &read->fingerprint},
                 {"--metadata-prefix", &read->metadata_prefix},
                 {"--max-message", &read->max_message},
                 {"--max-memory", &read->max_memory},
                 {"--base64-document", &read->base64_documents[read->base64_count]}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (text_equal(name, text_of(known[i].name)))
            return known[i].value;
    }
    return NULL;
}

/* Reads an option and its value: what is behind its `=`, or the next word. */
static void read_option(struct arena *arena, struct text option, struct text *words,
                        struct registered_command *read)
{
    const char *equals = memchr(option.data, '=', option.size);
    struct text name = {option.data, equals ? (size_t)(equals - option.data) : option.size};
    struct text *to = option_of(read, name);
    if (!to) {
        read->others = arena_printf(arena, "%.*s %.*s", TEXT_ARGUMENTS(read->others), TEXT_ARGUMENTS(option));
        return;
    }
    *to = equals ? text_from(option, name.size + 1) : next_word(words);
    read->base64_count += to == &read->base64_documents[read->base64_count];
}

bool registered_read(struct arena *arena, struct text command, struct registered_command *read)
{
    struct text words = command;
    if (!text_equal(next_word(&words), TEXT(PROGRAM_NAME)))
        return false;
    *read = (struct registered_command){.word = next_word(&words)};
    read->kind = find_function(read->word);
    /* There are no more documents than words. */
    read->base64_documents = arena_alloc(arena, (command.size / 2 + 1) * sizeof *read->base64_documents);
    if (!read->base64_documents)
        return false;
    for (struct text word; (word = next_word(&words)).size > 0;) {
        if (text_starts(word, TEXT("--")))
            read_option(arena, word, &words, read);
        else if (!read->operand.data)
            read->operand = word;
        else
            read->others =
                arena_printf(arena, "%.*s %.*s", TEXT_ARGUMENTS(read->others), TEXT_ARGUMENTS(word));
    }
    return !arena->failed;
}

static struct text with(struct arena *arena, struct text command, const char *before, struct text value)
{
    return value.data
               ? arena_printf(arena, "%.*s%s%.*s", TEXT_ARGUMENTS(command), before, TEXT_ARGUMENTS(value))
               : command;
}

struct text registered_write(struct arena *arena, const struct registered_command *command)
{
    struct text all = with(arena, TEXT(PROGRAM_NAME), " ", command->word);
    all = with(arena, all, " ", command->operand);
    all = with(arena, all, " --format ", command->format);
    all = with(arena, all, " --fingerprint ", command->fingerprint);
    all = with(arena, all, " --metadata-prefix=", command->metadata_prefix);
    for (size_t i = 0; i < command->base64_count; i++)
        all = with(arena, all, " --base64-document=", command->base64_documents[i]);
    all = with(arena, all, " --max-message ", command->max_message);
    all = with(arena, all, " --max-memory ", command->max_memory);
    return with(arena, all, "", command->others);
}

const struct format *registered_format(struct arena *arena, const struct registered_command *command)
{
    if (!command->format.data)
        return &format_line;
    return format_find(arena_printf(arena, "%.*s", TEXT_ARGUMENTS(command->format)).data);
}
