#include "tool/column_name.h"

/* What sql/pipeline and the words of a pipeline call their columns, tables and expressions where a row's own columns stand beside them. */
static const char *const own[] = {"topic",         "partition", "offset",   "kafka_time", "row",
                                  "deleted",       "complete",  "identity", "_e",         "_f",
                                  "_event",        "_gone",     "_holds",   "_kept",      "_left",
                                  "_load_version", "_name",     "_nothing", "_row",       "_rows",
                                  "_row_number",   "_source",   "_stored",  "_values",    "_version"};

/* `null`: in a Tuple. */
static const char *const values[] = {"true", "false", "inf", "infinity", "nan", "not", "null"};

/* Its virtual columns that are stored: https://clickhouse.com/docs/engines/table-engines/mergetree-family/mergetree#virtual-columns */
static const char *const engine[] = {"_row_exists", "_block_number", "_block_offset"};

static bool is_in_lower_case(struct text name, const char *wanted)
{
    for (size_t i = 0; i < name.size; i++, wanted++) {
        const char c = name.data[i];
        if (*wanted == '\0' || (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != *wanted)
            return false;
    }
    return *wanted == '\0';
}

enum column_name column_name_judge(struct text name)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (text_equal(name, text_of(own[i])))
            return COLUMN_NAME_OF_PIPELINE;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (is_in_lower_case(name, values[i]))
            return COLUMN_NAME_OF_VALUE;
    for (size_t i = 0; i < sizeof engine / sizeof *engine; i++)
        if (text_equal(name, text_of(engine[i])))
            return COLUMN_NAME_OF_ENGINE;
    return COLUMN_NAME_FREE;
}
