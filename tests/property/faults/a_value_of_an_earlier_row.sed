# udf/decode/decode.c: where a value is absent, the one of the row before stays
/^    if (!found) {$/,/^    }$/s/\*out = column->absent;/;/
