#define _GNU_SOURCE
#include "tool/xml.h"

#include <ctype.h>

void xml_blank_comments(char *xml, size_t size)
{
    char *const end = xml + size;
    for (char *start; (start = memmem(xml, (size_t)(end - xml), "<!--", 4));) {
        char *close = memmem(start + 4, (size_t)(end - start - 4), "-->", 3);
        xml = close ? close + 3 : end;
        memset(start, ' ', (size_t)(xml - start));
    }
}

/* Behind the `<name>` or `</name>` (`lead`: its first bytes) that comes first; NULL if there is none. *tag is where it begins. */
static const char *behind_tag(struct text xml, struct text lead, const char *name, const char **tag)
{
    const size_t length = strlen(name);
    const char *const end = xml.data + xml.size;
    for (const char *at = xml.data; (at = memmem(at, (size_t)(end - at), lead.data, lead.size)); at++) {
        const char *behind = at + lead.size + length;
        if (behind >= end || memcmp(at + lead.size, name, length) != 0 || isalnum((unsigned char)*behind) ||
            *behind == '_')
            continue;
        behind = memchr(behind, '>', (size_t)(end - behind));
        *tag = at;
        return behind ? behind + 1 : NULL;
    }
    return NULL;
}

struct text xml_element(struct text xml, const char *name)
{
    const char *tag, *end = xml.data + xml.size;
    const char *start = behind_tag(xml, TEXT("<"), name, &tag);
    if (!start)
        return (struct text){NULL, 0};
    if (behind_tag((struct text){start, (size_t)(end - start)}, TEXT("</"), name, &tag))
        end = tag;
    return (struct text){start, (size_t)(end - start)};
}

struct text xml_value(struct text xml, const char *name)
{
    struct text text = xml_element(xml, name);
    const char *child = text.size ? memchr(text.data, '<', text.size) : NULL;
    if (child)
        text.size = (size_t)(child - text.data);
    while (text.size > 0 && isspace((unsigned char)text.data[0]))
        text = text_from(text, 1);
    while (text.size > 0 && isspace((unsigned char)text.data[text.size - 1]))
        text.size--;
    return text;
}
