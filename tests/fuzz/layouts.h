/* Layouts made at random, the same ones for the same number. */
#ifndef LAYOUTS_H
#define LAYOUTS_H

#include "layout/layout.h"

#define LAYOUTS 256

/* The layout's text and, parsed, the layout itself; both stay. */
struct text layouts_text(uint8_t number);
const struct layout *layouts_get(uint8_t number);

#endif
