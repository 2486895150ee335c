# udf/decode/decode.c: NULL of a Nullable column becomes zero or an empty text
/^    if (!found) {$/,/^    }$/s/\*out = column->absent;/*out = column->absent, out->null = false;/
