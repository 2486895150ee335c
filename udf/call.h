/* A call of the program: its command, its options and its operands. */
#ifndef CALL_H
#define CALL_H

#include "tool/pipeline.h"
#include "wire/format.h"

#define EXIT_SYSTEM 1 /* a file, a descriptor, the input, memory */
#define EXIT_CALL 2   /* a wrong call */

/* The options; a command takes a set of them. Each has a row in call.c. */
enum option {
    OPTION_FORMAT = 1,
    OPTION_METADATA_PREFIX = 2,
    OPTION_BASE64_DOCUMENT = 4,
    OPTION_POOL_SIZE = 8,
    OPTION_MAX_MESSAGE = 16,
    OPTION_MAX_MEMORY = 32,
    OPTION_CONFIG_DIR = 64,
    OPTION_FUNCTION = 128,
    OPTION_KEY = 256,
    OPTION_AGAINST = 512,
    OPTION_FINGERPRINT = 1024,
    OPTION_PIPELINE = 2048, /* those of the command pipeline */
    OPTION_SCRIPTS_DIR = 4096,
    OPTION_REMOVE = 8192, /* of register */
};

struct call;

struct command {
    const char *name;
    const char *operand; /* as the usage has it; NULL: there is none */
    const char *summary; /* in --help */
    size_t operands_min, operands_max;
    unsigned options; /* of enum option */
    int (*run)(const struct call *call);
    const struct function_kind *function; /* that `run` runs */
};

#define MESSAGE_LIMIT ((uint64_t)256 << 20) /* --max-message unless it is given */

struct call {
    const struct command *command;
    unsigned given;              /* of enum option: those that were there */
    const struct format *format; /* NULL: not given */
    uint64_t message_limit;
    uint64_t memory_limit; /* 0: none */
    uint64_t fingerprint;  /* function_fingerprint; 0: none was given */
    unsigned pool_size;    /* 0: not given */
    const char *config_dir;
    const char *scripts_dir;    /* NULL: not given */
    struct query_options query; /* the call owns the list in it */
    const char *function;       /* NULL: not given */
    const char **key;           /* `key_count` names of columns; the call owns the list */
    size_t key_count;
    const char *against; /* a layout's name; NULL: not given */
    struct pipeline_options pipeline;
    char **operands;
    size_t operand_count;
    int status; /* of a call that is refused: EXIT_CALL, or EXIT_SYSTEM where there was no memory */
};

/* Sorts the words behind the command, NULL after the last, into options and operands; the operands are moved to the front of
 * `words`. False if the call is refused, which is reported. Close it all the same. */
bool call_read(struct call *call, const struct command *command, char **words);
void call_close(struct call *call);

/* `name OPERAND [--option VALUE]...`, from the arena. */
const char *call_usage(struct arena *arena, const struct command *command);

/* The options as --help lists them, from the arena. */
struct text call_options_help(struct arena *arena);

/* Adds an item to a list in words that ends with `last`: `a`, `a, b`, `a, b or c`. */
struct text list_add(struct arena *arena, struct text list, const char *item, bool last);

/* 0 if a text is a path (layout.h). Otherwise the exit status: it is none, or there is no memory, which is reported, with `who` before it. */
int call_check_path(const char *path, const char *who);

#endif
