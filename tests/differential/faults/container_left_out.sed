# udf/decode/fast/match.c
# An array that stands for a value that was left out is known in String columns alone.
s/if (use->row_member && is_left_out_form(value->text)) {/if (use->row_member \&\& use->is_string \&\& is_left_out_form(value->text)) {/
