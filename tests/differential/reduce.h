/* Makes a case that shows a difference as small as it goes: messages, columns, rules, keys and members are left out while some
 * difference remains in the same way of decoding. */
#ifndef REDUCE_H
#define REDUCE_H

#include "compare.h"
#include "layouts.h"

/* Changes the layout and the stream; answers the difference that is left. */
struct difference reduce(struct layout_parts *layout, struct stream *stream, const struct setting *setting,
                         struct difference found);

#endif
