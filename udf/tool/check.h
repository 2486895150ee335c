/* `debezium-udf check`: is this installation sound? */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>

/* Prints one line for each finding, `ok …` or `wrong …: remedy`. config_dir is the server's configuration
 * folder. False if anything is wrong. */
bool check_installation(const char *config_dir);

#endif
