/* The files of sql/pipeline, which the program carries: udf/tool/embed.sh makes them C. */
#ifndef PIPELINE_FILES_H
#define PIPELINE_FILES_H

#include <stddef.h>

struct pipeline_file {
    const char *name; /* without .sql; operations/NAME of an operation */
    const char *text;
};

extern const struct pipeline_file pipeline_files[];
extern const size_t pipeline_file_count;

#endif
