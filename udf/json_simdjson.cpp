/* json.h on simdjson: its first stage finds where strings, numbers and brackets begin, checks UTF-8 and control characters with
 * the best instructions of the machine; this walk over its list checks the grammar strictly and lists the nodes. simdjson's own
 * front ends do not fit: On-Demand leaves unchecked what it skips, the DOM drops the source text and refuses 1e400. */
#include <cstdlib>
#include <memory>
#include <new>

#include "simdjson.h"

#include "json_check.h"
#include "scan.h"

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
};

namespace {

constexpr size_t KEEP = size_t(1) << 20; // capacity in bytes that is kept for the next document

bool reserve(json_parser *parser, size_t size)
{
    bool too_large = parser->capacity > KEEP && size <= KEEP;
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

class walk {
public:
    walk(struct text whole, const uint32_t *places, size_t place_count, unsigned most_depth, json_node *room)
        : text(whole.data), end(whole.data + whole.size), place(places), places_end(places + place_count),
          most(most_depth), nodes(room)
    {
    }

    // False at the first fault, whichever it is.
    bool document()
    {
        if (!value(json_node{}))
            return false;
        while (depth > 0) {
            if (!next_in_container())
                return false;
        }
        return place == places_end;
    }

    uint32_t count = 0;

private:
    const char *text, *end;
    const uint32_t *place, *places_end;
    unsigned most;
    json_node *nodes;
    unsigned depth = 0;
    struct {
        bool object, first;
        uint32_t node;
    } open[JSON_DEPTH];

    // Whether only space stands between `at` and the next place: what has begun at the last place ends at `at`.
    bool ends_token(const char *at) const
    {
        const char *next = place < places_end ? text + *place : end;
        while (at < next && json_is_space(*at))
            at++;
        return at == next;
    }

    // The string whose opening quote is at the last place: its text and whether it has a backslash.
    bool string(uint32_t start, uint32_t *stop, bool *escaped) const
    {
        const char *closing = (place < places_end ? text + *place : end) - 1;
        while (closing > text + start && json_is_space(*closing))
            closing--;
        if (closing == text + start || *closing != '"')
            return false;
        *stop = uint32_t(closing - text);
        const char *at = scan_backslash(text + start + 1, closing);
        *escaped = at < closing;
        while (at < closing) {
            const char *what;
            if (at[1] == '"')
                at += 2;
            else if (!(at = json_escape_end(at, closing, &what)))
                return false;
            at = scan_backslash(at, closing);
        }
        return true;
    }

    bool value(json_node node)
    {
        if (place == places_end)
            return false;
        uint32_t start = *place++;
        char c = text[start];
        node.start = start;
        switch (c) {
        case '{':
        case '[':
            if (depth == JSON_DEPTH)
                return false;
            node.kind = c == '{' ? JSON_OBJECT : JSON_ARRAY;
            open[depth] = {c == '{', true, count};
            add(node);
            depth++;
            return true;
        case '"':
            node.kind = JSON_STRING;
            node.start++;
            if (!string(start, &node.end, &node.escaped))
                return false;
            break;
        default: {
            bool literal = c == 't' || c == 'f' || c == 'n';
            const char *stop = literal ? json_literal_end(text + start, end) : json_number_end(text + start, end);
            if (!stop || !ends_token(stop))
                return false;
            node.end = uint32_t(stop - text);
            node.kind = c == 't' ? JSON_TRUE : c == 'f' ? JSON_FALSE : c == 'n' ? JSON_NULL : JSON_NUMBER;
        }
        }
        add(node);
        return true;
    }

    void add(const json_node &node)
    {
        if (depth > most)
            return;
        nodes[count] = node;
        nodes[count].next = count + 1;
        count++;
    }

    // Closes the innermost container, or reads its next element or member.
    bool next_in_container()
    {
        auto &inner = open[depth - 1];
        if (place == places_end)
            return false;
        char c = text[*place];
        if (c == (inner.object ? '}' : ']')) {
            depth--;
            if (depth <= most) {
                nodes[inner.node].end = *place + 1;
                nodes[inner.node].next = count;
            }
            place++;
            return true;
        }
        if (!inner.first) {
            if (c != ',')
                return false;
            place++;
        }
        inner.first = false;
        json_node node{};
        if (inner.object && !key(node))
            return false;
        return value(node);
    }

    bool key(json_node &node)
    {
        if (place == places_end || text[*place] != '"')
            return false;
        uint32_t start = *place++;
        node.key_start = start + 1;
        if (!string(start, &node.key_end, &node.key_escaped))
            return false;
        if (place == places_end || text[*place] != ':')
            return false;
        place++;
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
    auto nodes = static_cast<json_node *>(arena_alloc(arena, room * sizeof(json_node)));
    if (!nodes)
        return false;
    walk walked(text, found.structural_indexes.get(), room, depth, nodes);
    if (!walked.document()) {
        json_check(arena, text, nullptr, fault);
        return false;
    }
    arena_shrink(arena, nodes, walked.count * sizeof(json_node));
    *doc = {text.data, nodes, walked.count};
    return true;
}
