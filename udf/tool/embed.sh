#!/bin/sh
# The SQL files of a folder as C: udf/tool/embed.sh FOLDER > pipeline_files.c
set -eu
export LC_ALL=C
echo '#include "tool/pipeline_files.h"'
echo
echo 'const struct pipeline_file pipeline_files[] = {'
(cd "$1" && find . -name '*.sql' | sort) | while read -r file; do
    name=${file#./}
    printf '    {"%s",\n' "${name%.sql}"
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/?/\\?/g' -e 's/^/     "/' -e 's/$/\\n"/' "$1/$name"
    echo '    },'
done
echo '};'
echo 'const size_t pipeline_file_count = sizeof pipeline_files / sizeof *pipeline_files;'
