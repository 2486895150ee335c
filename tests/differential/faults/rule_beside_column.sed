# udf/decode/fast/learn.c
# A string by which a rule decides is learned whole, though a column's path leads into the document that it holds.
/^static bool is_accounted/,/^}/s/if (!entry->learned &&/if (!entry->learned \&\& entry->what != CONSULTED_COLUMN \&\& entry->what != CONSULTED_OPENED \&\&/
