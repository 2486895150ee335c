#include "base/version.h"

#ifndef VERSION
#error "VERSION comes from the file of that name: build with make"
#endif

const char program_version[] = VERSION;
