/* The layout file. What is refused has one line that says why; what is accepted makes a function and its XML, and decodes. */
#include "tool/config.h"
#include "decode/decode.h"
#include "function/function.h"
#include "fuzz.h"
#include "layout/layout.h"

static bool swallow(void *context, const char *data, size_t size)
{
    (void)context;
    touch((struct text){data, size});
    return true;
}

static void use(struct layout *layout)
{
    static const uint8_t message[] = "{\"op\":\"c\",\"source\":{\"lsn\":1},\"after\":{\"payload\":\"{\\\"user_id\\\":\\\"x\\\"}\"}}";
    struct function function;
    HOLDS(function_open(&function, &functions[FUNCTION_DECODE], &(struct function_options){.layout = layout}));
    touch(text_of(function.return_type));
    char *copy = padded(message, sizeof message - 1, 0);
    struct text text = {copy, sizeof message - 1};
    HOLDS(function_call(&function, &text).row);
    free(copy);
    function_close(&function);

    const struct channel channel = {.write = swallow};
    char name[] = "layout.json", *names[] = {name}, problem[CONFIG_PROBLEM] = "";
    struct config config = {.layouts = &layout, .names = names, .count = 1, .format = &format_row_binary, .pool_size = 16};
    struct output out;
    HOLDS(output_open(&out, &channel, 0));
    if (config_valid(&config, problem))
        HOLDS(config_write(&config, &out) && output_flush(&out));
    else
        HOLDS(*problem && !strchr(problem, '\n'));
    output_close(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char problem[LAYOUT_PROBLEM] = "";
    char *copy = padded(data, size, '"');
    struct layout *layout = layout_parse("layout.json", (struct text){copy, size}, problem);
    free(copy);
    if (!layout) {
        HOLDS(*problem && strlen(problem) < sizeof problem && !strchr(problem, '\n'));
        return 0;
    }
    use(layout);
    layout_free(layout);
    return 0;
}
