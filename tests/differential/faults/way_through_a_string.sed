# udf/decode/fast/lesson.c
# What a rule's path leads through may be missing in the next message: whether it is there decides no more.
s/tree->rule ? tree->rule : STAGE_NEVER/STAGE_NEVER/
