/* json.h on simdjson: its first stage finds where strings, numbers and brackets begin, checks UTF-8 and control characters with
 * the best instructions of the machine; this walk over its list checks the grammar strictly and lists the nodes. simdjson's own
 * front ends do not fit: On-Demand leaves unchecked what it skips, the DOM drops the source text and refuses 1e400. */
#include <cstdlib>
#include <memory>
#include <new>

#include "simdjson.h"

#include "json/json_check.h"
#include "base/scan.h"

// stage1 and its list are internals of simdjson: what this file relies on was read in this version's sources and is tested with it.
// Before another one is taken: does stage1 still check UTF-8 and control characters, does its list have room for two more places,
// does it ignore the depth? Then run the conformance tests and the fuzzers.
static_assert(simdjson::SIMDJSON_VERSION_MAJOR == 3 && simdjson::SIMDJSON_VERSION_MINOR == 9 &&
                  simdjson::SIMDJSON_VERSION_REVISION == 4,
              "this program is for simdjson 3.9.4");

using simdjson::internal::dom_parser_implementation;

// libstdc++'s own allocation that does not throw calls the one that does, and catches: that unwinds the stack, which takes memory
// and system calls of which a process without memory in a sandbox has none.
void *operator new(size_t size, const std::nothrow_t &) noexcept
{
    return malloc(size ? size : 1);
}

void *operator new[](size_t size, const std::nothrow_t &) noexcept
{
    return malloc(size ? size : 1);
}

// What takes memory and what gives it back must be of one kind: so the others, too, which nobody calls after the start.
void *operator new(size_t size)
{
    void *memory = malloc(size ? size : 1);
    if (!memory)
        abort();
    return memory;
}

void *operator new[](size_t size)
{
    return operator new(size);
}

void operator delete(void *memory) noexcept
{
    free(memory);
}

void operator delete[](void *memory) noexcept
{
    free(memory);
}

void operator delete(void *memory, size_t) noexcept
{
    free(memory);
}

void operator delete[](void *memory, size_t) noexcept
{
    free(memory);
}

struct json_parser {
    std::unique_ptr<dom_parser_implementation> implementation;
    size_t capacity;
    unsigned modest; // documents in a row that were no larger than KEEP
};

namespace
{

constexpr size_t KEEP = size_t(1) << 20; // capacity in bytes that is kept in any case
constexpr unsigned PATIENCE = 32;        // documents no larger than that after which more is given back

bool reserve(json_parser *parser, size_t size)
{
    parser->modest = size > KEEP ? 0 : parser->modest + (parser->modest < PATIENCE);
    bool too_large = parser->capacity > KEEP && parser->modest == PATIENCE;
    if (parser->implementation && size <= parser->capacity && !too_large)
        return true;
    parser->implementation.reset();
    parser->capacity = size < 4096 ? 4096 : size;
    if (!too_large && parser->capacity < KEEP)
        parser->capacity *= 2;
    auto made = simdjson::get_active_implementation()->create_dom_parser_implementation(
        parser->capacity, JSON_DEPTH, parser->implementation);
    // Where memory is refused it leaves one that is half made.
    if (made != simdjson::SUCCESS)
        parser->implementation.reset();
    return made == simdjson::SUCCESS;
}

// Over the places that simdjson's first stage has listed: quotes that open a string, brackets, colons, commas, and the first byte
// of everything else. Behind the last place stands the text's size, twice.
// A container that has been opened.
struct container_open {
    char outer; // the bracket that closes the one around it
    uint32_t node;
};

class walk
{
public:
    walk(struct text whole, const uint32_t *places, size_t place_count, unsigned most_depth, json_node *room,
         container_open *stack)
        : text(whole.data), end(whole.data + whole.size), backslash(scan_backslash(text, end)), place(places),
          places_end(places + place_count), most(most_depth), nodes(room), open(stack)
    {
    }

    // False at the first fault, whichever it is.
    bool document()
    {
        for (;;) {
            json_node &node = nodes[count];
            if (closing == '}' ? !key(node) : !no_key(node))
                return false;
            bool opened = false;
            if (!value(node, &opened))
                return false;
            if (opened)
                continue;
            for (; place != places_end && text[*place] == closing; place++)
                close();
            if (place >= places_end || depth == 0 || text[*place] != ',')
                return place == places_end && depth == 0;
            place++;
        }
    }

    uint32_t count = 0;

private:
    const char *text, *end;
    const char *backslash; // the first that no string has reached yet; `end` where there is none
    const uint32_t *place, *places_end;
    unsigned most;
    json_node *nodes;
    unsigned depth = 0;
    char closing = ' ';   // the innermost container's bracket; outside of all a space, which no place is
    container_open *open; // not a member itself, so that all others can stay in registers

    // Whether only space stands between `at` and the next place: the node's value, begun at the last place, ends at `at`.
    bool ends_token(const char *at, json_node &node) const
    {
        const char *next = text + *place;
        node.end = uint32_t(at - text);
        while (at < next && json_is_space(*at))
            at++;
        return at == next;
    }

    // The string whose opening quote is at the last place: its text and whether it has a backslash.
    bool string(uint32_t start, uint32_t *stop, bool *escaped)
    {
        const char *quote = text + *place - 1;
        while (*quote != '"' && json_is_space(*quote))
            quote--;
        if (quote <= text + start || *quote != '"')
            return false;
        *stop = uint32_t(quote - text);
        *escaped = backslash < quote;
        return !*escaped || escapes(start, quote);
    }

    // The escapes of a string that has some.
    bool escapes(uint32_t start, const char *quote)
    {
        const char *first = backslash;
        backslash = scan_backslash(quote, end);
        return first > text + start && json_escapes_valid(first, quote);
    }

    // Digits alone, as nearly every number is; else by the grammar.
    const char *number(const char *at) const
    {
        const char *stop = scan_other(at, end);
        bool alone = stop > at && *at != '0' && (stop == end || (*stop != '.' && (*stop | 0x20) != 'e'));
        return alone ? stop : json_number_end(at, end);
    }

    // Reads a value, or no more than the opening bracket of a container that is not empty (*opened).
    bool value(json_node &node, bool *opened)
    {
        if (place >= places_end)
            return false;
        uint32_t start = *place++;
        const char *stop;
        json_kind kind;
        node.start = start;
        node.escaped = false;
        switch (text[start]) {
        case '{':
            return container(node, JSON_OBJECT, '}', opened);
        case '[':
            return container(node, JSON_ARRAY, ']', opened);
        case '"':
            node.start = start + 1;
            return string(start, &node.end, &node.escaped) && add(node, JSON_STRING);
        case 't':
            kind = JSON_TRUE;
            stop = json_literal_end(text + start, end);
            break;
        case 'f':
            kind = JSON_FALSE;
            stop = json_literal_end(text + start, end);
            break;
        case 'n':
            kind = JSON_NULL;
            stop = json_literal_end(text + start, end);
            break;
        default:
            kind = JSON_NUMBER;
            stop = number(text + start);
        }
        return stop && ends_token(stop, node) && add(node, kind);
    }

    bool container(json_node &node, json_kind kind, char bracket, bool *opened)
    {
        if (depth == JSON_DEPTH)
            return false;
        open[depth].outer = closing;
        open[depth].node = count;
        add(node, kind);
        depth++;
        closing = bracket;
        *opened = place == places_end || text[*place] != closing;
        return true;
    }

    // Closes the innermost container, whose bracket is at the next place.
    void close()
    {
        depth--;
        closing = open[depth].outer;
        if (depth <= most) {
            json_node &node = nodes[open[depth].node];
            node.end = *place + 1;
            node.next = count;
        }
    }

    // A node that is not listed, since it is too deep, is overwritten by the next.
    bool add(json_node &node, json_kind kind)
    {
        count += depth <= most;
        node.next = count;
        node.kind = kind;
        return true;
    }

    // The key at the next place, and past its colon. At the text's end both places are the same byte, or the colon is: value() sees.
    bool key(json_node &node)
    {
        if (text[place[0]] != '"' || text[place[1]] != ':')
            return false;
        uint32_t start = *place++;
        node.key_start = start + 1;
        if (!string(start, &node.key_end, &node.key_escaped))
            return false;
        place++;
        return true;
    }

    static bool no_key(json_node &node)
    {
        node.key_start = node.key_end = 0;
        node.key_escaped = false;
        return true;
    }
};

} // namespace

json_parser *json_parser_new(void)
{
    return new (std::nothrow) json_parser{};
}

void json_parser_free(json_parser *parser)
{
    delete parser;
}

const char *json_library(void)
{
    return "simdjson " SIMDJSON_VERSION;
}

bool json_parse(json_parser *parser, struct arena *arena, struct text text, unsigned depth, json_doc *doc,
                struct json_fault *fault)
{
    *fault = {nullptr, 0};
    if (!reserve(parser, text.size)) {
        arena->failed = true;
        return false;
    }
    dom_parser_implementation &found = *parser->implementation;
    auto bytes = reinterpret_cast<const uint8_t *>(text.data);
    if (found.stage1(bytes, text.size, simdjson::stage1_mode::regular) != simdjson::SUCCESS) {
        json_check(arena, text, nullptr, fault);
        return false;
    }
    size_t room = found.n_structural_indexes;
    // simdjson leaves room for them.
    found.structural_indexes[room] = found.structural_indexes[room + 1] = uint32_t(text.size);
    auto nodes = static_cast<json_node *>(arena_alloc(arena, (room + 1) * sizeof(json_node)));
    if (!nodes)
        return false;
    container_open stack[JSON_DEPTH];
    walk walked(text, found.structural_indexes.get(), room, depth, nodes, stack);
    if (!walked.document()) {
        json_check(arena, text, nullptr, fault);
        return false;
    }
    arena_shrink(arena, nodes, walked.count * sizeof(json_node));
    *doc = {text.data, nodes, walked.count};
    return true;
}
