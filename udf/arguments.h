/* The arguments of a call without any: for an environment that starts the program and nothing else. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#define ARGUMENTS_FILE "debezium-udf.args"

/* The words of the call, a line each, in memory to be freed: those that are appended to the program's own file, else those of
 * ARGUMENTS_FILE in the program's folder or in the one above, else an empty text. NULL if they cannot be read or are damaged,
 * which is told.
 *
 * What is appended (deploy/cloud/bundle.py writes it), behind whatever the file holds:
 *
 *     \ndebezium-udf arguments:\n
 *     decode\nexperiment_event.json\n…
 *     debezium-udf arguments end: 0000000042\n
 *
 * The number is the bytes of the lines between the two, in ten digits. */
char *own_arguments(void);

#endif
