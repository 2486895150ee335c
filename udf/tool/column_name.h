/* Names that the columns of a pipeline's tables cannot have. */
#ifndef COLUMN_NAME_H
#define COLUMN_NAME_H

#include "base/text.h"

enum column_name {
    COLUMN_NAME_FREE,
    COLUMN_NAME_OF_PIPELINE, /* the pipeline's own columns and statements have it */
    COLUMN_NAME_OF_VALUE, /* ClickHouse takes it for a value or an operator in a statement that it has stored, though it was quoted */
    COLUMN_NAME_OF_ENGINE, /* MergeTree refuses it: it keeps a column of its own by that name */
};

enum column_name column_name_judge(struct text name);

#endif
