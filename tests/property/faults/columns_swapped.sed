# udf/decode/decode.c: each two columns from the fourth on are in one another's place
s/decoder->finder.ends\[index\]\[i\];/decoder->finder.ends[index > 3 \&\& (index | 1) + 8 < decoder->layout->column_count ? index ^ 1 : index][i];/
