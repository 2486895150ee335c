/* The release of this program, from the file VERSION at build time, such as `2.0.0`. */
#ifndef VERSION_H
#define VERSION_H

extern const char program_version[];

#endif
