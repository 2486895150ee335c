#define _GNU_SOURCE
#include "tool/xml_tree.h"

#include <stdio.h>
#include <stdlib.h>

#include "json/json_check.h"

#define DEPTH_LIMIT 64

struct reader {
    struct arena *arena;
    struct text xml;
    size_t at;
    unsigned depth;
    char *problem; /* empty until something is wrong */
};

static struct text rest_of(const struct reader *reader)
{
    return text_from(reader->xml, reader->at);
}

static bool at_text(const struct reader *reader, const char *text)
{
    return text_starts(rest_of(reader), text_of(text));
}

__attribute__((format(printf, 3, 4))) static bool fail(struct reader *reader, size_t at, const char *format,
                                                       ...)
{
    if (*reader->problem)
        return false;
    size_t line = 1;
    for (size_t i = 0; i < at && i < reader->xml.size; i++)
        line += reader->xml.data[i] == '\n';
    int start = snprintf(reader->problem, XML_PROBLEM, "line %zu: ", line);
    va_list list;
    va_start(list, format);
    (void)vsnprintf(reader->problem + start, XML_PROBLEM - (size_t)start, format, list);
    va_end(list);
    return false;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->xml.size && is_space(reader->xml.data[reader->at]))
        reader->at++;
}

/* Moves behind the next `end`. */
static bool skip_past(struct reader *reader, const char *end, const char *what)
{
    const size_t start = reader->at;
    struct text rest = rest_of(reader);
    const char *found = rest.size ? memmem(rest.data, rest.size, end, strlen(end)) : NULL;
    if (!found)
        return fail(reader, start, "%s has no end", what);
    reader->at += (size_t)(found - rest.data) + strlen(end);
    return true;
}

static bool skip_comment(struct reader *reader)
{
    const size_t start = reader->at;
    reader->at += 4; /* <!-- */
    if (!skip_past(reader, "--", "a comment"))
        return false;
    return reader->at < reader->xml.size && reader->xml.data[reader->at++] == '>'
               ? true
               : fail(reader, start, "a comment contains `--`");
}

/* White space, comments and instructions outside the root element. */
static bool skip_around(struct reader *reader)
{
    for (;;) {
        skip_space(reader);
        bool comment = at_text(reader, "<!--");
        if (!comment && !at_text(reader, "<?"))
            return true;
        if (!(comment ? skip_comment(reader) : skip_past(reader, "?>", "an instruction")))
            return false;
    }
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ':' || (unsigned char)c >= 0x80;
}

static struct text read_name(struct reader *reader)
{
    const size_t start = reader->at;
    while (reader->at < reader->xml.size && is_name(reader->xml.data[reader->at]))
        reader->at++;
    return (struct text){reader->xml.data + start, reader->at - start};
}

/* ---- Text ---------------------------------------------------------------------------------------------- */

/* UTF-8 of a number; 0 bytes if it is none that XML knows. */
static size_t put_character(char *to, unsigned long code)
{
    if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return 0;
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, code >>= 6)
        to[i] = (char)(0x80 | (code & 0x3F));
    to[0] = (char)((0xF00 >> size & 0xF0) | code);
    return size;
}

/* Reads the reference at the start of `text`, which has an `&` there, and moves after it; 0 if it is none. */
static size_t read_reference(struct text *text, char *to)
{
    static const struct {
        const char *name;
        char means;
    } known[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!text_starts(*text, text_of(known[i].name)))
            continue;
        *text = text_from(*text, strlen(known[i].name));
        *to = known[i].means;
        return 1;
    }
    char digits[12];
    const char *end = memchr(text->data, ';', text->size);
    if (!text_starts(*text, TEXT("&#")) || !end || (size_t)(end - text->data) > sizeof digits)
        return 0;
    bool hex = text->data[2] == 'x';
    size_t size = (size_t)(end - text->data) - 2 - hex;
    memcpy(digits, text->data + 2 + hex, size);
    digits[size] = '\0';
    if (size == 0 || digits[strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789")])
        return 0;
    *text = text_from(*text, (size_t)(end - text->data) + 1);
    return put_character(to, strtoul(digits, NULL, hex ? 16 : 10));
}

static struct text trim(struct text text)
{
    while (text.size > 0 && is_space(text.data[0]))
        text = text_from(text, 1);
    while (text.size > 0 && is_space(text.data[text.size - 1]))
        text.size--;
    return text;
}

/* Behind `end`, which the text is known to have. */
static struct text text_past(struct text text, const char *end)
{
    const char *found = memmem(text.data, text.size, end, strlen(end));
    return text_from(text, found ? (size_t)(found - text.data) + strlen(end) : text.size);
}

/* The value of an element without elements, whose inside was read. */
static bool read_value(struct reader *reader, struct xml_node *node)
{
    char *value = arena_alloc(reader->arena, node->inner.size + 1);
    size_t size = 0;
    if (!value)
        return fail(reader, 0, "out of memory");
    for (struct text text = node->inner; text.size > 0;) {
        if (text_starts(text, TEXT("<!--"))) {
            text = text_past(text_from(text, 4), "-->");
        } else if (text_starts(text, TEXT("<?"))) {
            text = text_past(text, "?>");
        } else if (text_starts(text, TEXT("<![CDATA["))) {
            const struct text behind = text_past(text, "]]>");
            const size_t data = (size_t)(behind.data - text.data) - strlen("<![CDATA[]]>");
            memcpy(value + size, text.data + strlen("<![CDATA["), data);
            size += data;
            text = behind;
        } else if (*text.data == '&') {
            size += read_reference(&text, value + size); /* one: see check_references */
        } else {
            value[size++] = *text.data;
            text = text_from(text, 1);
        }
    }
    node->value = trim((struct text){value, size});
    return true;
}

/* ---- Elements ------------------------------------------------------------------------------------------ */

static struct xml_node *read_element(struct reader *reader, size_t lead);

/* Reads the attributes, to the end of the tag; *empty says whether that is `/>`. */
static bool read_tag(struct reader *reader, struct xml_node *node, bool *empty)
{
    const size_t start = reader->at;
    for (;;) {
        skip_space(reader);
        *empty = at_text(reader, "/>");
        if (*empty || at_text(reader, ">")) {
            reader->at += *empty ? 2 : 1;
            return true;
        }
        struct text name = read_name(reader);
        skip_space(reader);
        bool equals = name.size > 0 && at_text(reader, "=");
        reader->at += equals;
        skip_space(reader);
        const char *quote = at_text(reader, "\"") ? "\"" : at_text(reader, "'") ? "'" : NULL;
        if (!equals || !quote)
            return fail(reader, start, "the tag <%.*s has no end", TEXT_ARGUMENTS(node->name));
        reader->at++;
        if (!skip_past(reader, quote, "an attribute"))
            return false;
        node->has_attributes = true;
    }
}

static bool not_closed(struct reader *reader, size_t at, const struct xml_node *node)
{
    return fail(reader, at, "<%.*s> is not closed: the file was cut, or a tag is missing",
                TEXT_ARGUMENTS(node->name));
}

/* Refuses an `&` that begins no reference, in what is between elements, too: the server reads nothing of such a file. */
static bool check_references(struct reader *reader, struct text text)
{
    char character[4];
    const char *found;
    while (text.size > 0 && (found = memchr(text.data, '&', text.size))) {
        text = text_from(text, (size_t)(found - text.data));
        if (read_reference(&text, character) == 0)
            return fail(reader, (size_t)(found - reader->xml.data),
                        "`&` does not begin a reference: write &amp;");
    }
    return true;
}

/* Reads what is between the tags, and the closing one. */
static bool read_inside(struct reader *reader, struct xml_node *node)
{
    struct xml_node **last = &node->first;
    const size_t start = reader->at;
    for (size_t lead = start;;) {
        const struct text rest = rest_of(reader);
        const char *tag = rest.size ? memchr(rest.data, '<', rest.size) : NULL;
        if (!tag)
            return not_closed(reader, start, node);
        if (!check_references(reader, (struct text){rest.data, (size_t)(tag - rest.data)}))
            return false;
        reader->at += (size_t)(tag - rest.data);
        if (at_text(reader, "</"))
            break;
        if (at_text(reader, "<!--") || at_text(reader, "<?") || at_text(reader, "<![CDATA[")) {
            const bool comment = at_text(reader, "<!--"), data = at_text(reader, "<![");
            if (!(comment ? skip_comment(reader)
                          : skip_past(reader, data ? "]]>" : "?>", data ? "CDATA" : "an instruction")))
                return false;
            continue;
        }
        *last = read_element(reader, lead);
        if (!*last)
            return false;
        last = &(*last)->next;
        lead = reader->at;
    }
    node->inner = (struct text){reader->xml.data + start, reader->at - start};
    const size_t closing = reader->at;
    reader->at += 2;
    struct text name = read_name(reader);
    skip_space(reader);
    if (reader->at == reader->xml.size)
        return not_closed(reader, start, node);
    if (!text_equal(name, node->name) || !at_text(reader, ">"))
        return fail(reader, closing, "</%.*s> where <%.*s> should be closed", TEXT_ARGUMENTS(name),
                    TEXT_ARGUMENTS(node->name));
    reader->at++;
    return node->first || read_value(reader, node);
}

static struct xml_node *read_element(struct reader *reader, size_t lead)
{
    const size_t start = reader->at;
    struct xml_node *node = arena_alloc(reader->arena, sizeof *node);
    if (!node) {
        fail(reader, start, "out of memory");
        return NULL;
    }
    *node = (struct xml_node){.lead = {reader->xml.data + lead, start - lead}};
    reader->at++; /* < */
    node->name = read_name(reader);
    bool empty = false;
    if (node->name.size == 0 || reader->depth++ == DEPTH_LIMIT) {
        fail(reader, start,
             node->name.size ? "elements are nested too deep" : "`<` does not begin an element: write &lt;");
        return NULL;
    }
    if (!read_tag(reader, node, &empty))
        return NULL;
    node->inner = node->value = (struct text){reader->xml.data + reader->at, 0};
    if (!empty && !read_inside(reader, node))
        return NULL;
    reader->depth--;
    node->whole = (struct text){reader->xml.data + start, reader->at - start};
    return node;
}

/* How many bytes the character at the start of `text` has; 0 if it is none of XML, or no UTF-8. */
static size_t character_size(struct text text)
{
    const char c = *text.data;
    if ((unsigned char)c < 0x80)
        return (unsigned char)c >= ' ' || is_space(c);
    return json_utf8_length(text.data, text.data + text.size);
}

static bool check_characters(struct reader *reader)
{
    for (size_t at = 0, size; at < reader->xml.size; at += size) {
        size = character_size(text_from(reader->xml, at));
        if (size == 0)
            return fail(reader, at, "the byte 0x%02X is not a character that XML allows",
                        (unsigned)(unsigned char)reader->xml.data[at]);
    }
    return true;
}

struct xml_node *xml_parse(struct arena *arena, struct text xml, char *problem)
{
    struct reader reader = {.arena = arena, .xml = xml, .problem = problem};
    *problem = '\0';
    if (!check_characters(&reader))
        return NULL;
    if (at_text(&reader, "\xEF\xBB\xBF"))
        reader.at = 3;
    if (!skip_around(&reader))
        return NULL;
    if (!at_text(&reader, "<") || at_text(&reader, "<!")) {
        fail(&reader, reader.at,
             at_text(&reader, "<!") ? "a DOCTYPE is not read" : "an element is expected here");
        return NULL;
    }
    struct xml_node *root = read_element(&reader, reader.at);
    if (!root || !skip_around(&reader))
        return NULL;
    if (reader.at == xml.size)
        return root;
    fail(&reader, reader.at, "there is text after the end of <%.*s>", TEXT_ARGUMENTS(root->name));
    return NULL;
}

const struct xml_node *xml_child(const struct xml_node *node, const char *name, const struct xml_node *after)
{
    const struct xml_node *child = after ? after->next : node->first;
    while (child && !text_equal(child->name, text_of(name)))
        child = child->next;
    return child;
}
