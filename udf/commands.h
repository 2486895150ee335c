/* The commands of the program. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "call.h"

/* The command number `index`, counted from 0: the functions first. False if there are fewer. */
bool command_at(size_t index, struct command *command);

#endif
