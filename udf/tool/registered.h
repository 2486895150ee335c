/* The command by which a registration runs this program. The server splits it at spaces: no word holds one.
 *
 *     debezium-udf decode LAYOUT --format RowBinary --fingerprint HEX --max-message N */
#ifndef REGISTERED_H
#define REGISTERED_H

#include "wire/format.h"

#define PROGRAM_NAME "debezium-udf"

/* Texts without data: the command does not have it. All are parts of the command, as they stand there, but `others`. */
struct registered_command {
    const struct function_kind *kind; /* NULL: `word` is no function */
    struct text word;
    struct text operand; /* the layout of decode, the path of extract */
    struct text format, fingerprint, metadata_prefix, max_message, max_memory;
    struct text *base64_documents; /* `base64_count` of them, from the arena */
    size_t base64_count;
    struct text others; /* words that mean nothing here, as they stand, a space before each */
};

/* Reads a command. False if it is another program's, or memory is refused. */
bool registered_read(struct arena *arena, struct text command, struct registered_command *read);

/* The same as a text: the options in the order above. */
struct text registered_write(struct arena *arena, const struct registered_command *command);

/* Its format, LineAsString where it has no option; NULL if it names none that there is. */
const struct format *registered_format(struct arena *arena, const struct registered_command *command);

#endif
