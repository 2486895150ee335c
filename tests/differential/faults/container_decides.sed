# udf/decode/fast/learn.c
# An array or object that an accept rule reads is gone through like any other, though its bytes decide.
/^static bool learn_container/,/^}/s/return learn_decisive(learning, standing, consulted.stage);/account(learning, standing, CONSULTED_RULE);/
