/* The readers and writers of all formats, and the whole of the flow behind them. The first byte names the format and the function,
 * the second the limit of a message, the third how the input is cut. However it is cut, and wherever the reader would have to
 * wait, the answer is the same. */
#include "serve.h"
#include "fuzz.h"
#include "layouts.h"

struct memory {
    const uint8_t *data;
    size_t size, piece;
    bool waits, told; /* tell each time, once, that a read would wait */
    char *answer;
    size_t answer_size, answer_room;
};

static ptrdiff_t read_memory(void *context, char *data, size_t size, bool wait)
{
    struct memory *memory = context;
    HOLDS(size > 0);
    if (memory->waits && !wait && !memory->told) {
        memory->told = true;
        return READ_WOULD_WAIT;
    }
    memory->told = false;
    size_t most = memory->piece ? memory->piece : memory->size;
    size = size < most ? size : most;
    size = size < memory->size ? size : memory->size;
    if (size > 0)
        memcpy(data, memory->data, size);
    memory->data += size;
    memory->size -= size;
    return (ptrdiff_t)size;
}

static bool write_memory(void *context, const char *data, size_t size)
{
    struct memory *memory = context;
    if (memory->answer_room - memory->answer_size < size) {
        memory->answer_room = 2 * memory->answer_room + size;
        memory->answer = realloc(memory->answer, memory->answer_room);
        HOLDS(memory->answer);
    }
    memcpy(memory->answer + memory->answer_size, data, size);
    memory->answer_size += size;
    return true;
}

static void run(struct memory *memory, uint8_t kind, uint8_t limit, char problem[FORMAT_PROBLEM], bool *done)
{
    const struct channel channel = {read_memory, write_memory, memory};
    const struct format *format = formats[kind % format_count];
    size_t function_kind = kind / format_count % FUNCTION_COUNT;
    const struct layout *layout = functions[function_kind].takes & FUNCTION_TAKES_LAYOUT ? layouts_get(kind / 12) : NULL;
    bool line = format == &format_line || kind >= 128;
    const char *path = functions[function_kind].takes & FUNCTION_TAKES_PATH && line ? "after.payload.user_id" : NULL;
    struct function function;
    HOLDS(function_open(&function, &functions[function_kind], &(struct function_options){.layout = layout, .path = path}));
    *done = serve(&function, format, &channel, limit < 200 ? (uint64_t)limit * 8 : UINT64_C(1) << 20, problem);
    function_close(&function);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t kind = take_byte(&data, &size), limit = take_byte(&data, &size), cut = take_byte(&data, &size);
    bool native = formats[kind % format_count] == &format_native;
    struct memory whole = {.data = data, .size = size};
    /* An answer in Native is cut into blocks where the reader waits: there the pieces alone differ. */
    struct memory pieces = {.data = data, .size = size, .piece = 1 + cut / 2, .waits = cut % 2 && !native};
    char whole_problem[FORMAT_PROBLEM], pieces_problem[FORMAT_PROBLEM];
    bool whole_done, pieces_done;
    run(&whole, kind, limit, whole_problem, &whole_done);
    run(&pieces, kind, limit, pieces_problem, &pieces_done);
    HOLDS(whole_done == pieces_done);
    HOLDS(whole_done || *whole_problem);
    HOLDS(strcmp(whole_problem, pieces_problem) == 0);
    HOLDS(whole.answer_size == pieces.answer_size);
    HOLDS(whole.answer_size == 0 || memcmp(whole.answer, pieces.answer, whole.answer_size) == 0);
    free(whole.answer);
    free(pieces.answer);
    return 0;
}
