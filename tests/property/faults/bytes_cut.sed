# udf/decode/decode.c: the text of a String column ends at 40 bytes
s/\*out = (struct value){.as.text = json_text(value.doc, value.node, decoder->walk.arena)};/*out = (struct value){.as.text = text_cut(json_text(value.doc, value.node, decoder->walk.arena), 40)};/
