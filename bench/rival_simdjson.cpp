// simdjson's two front ends. On-Demand walks every value of the message and of its payload, so that it is as strict as the
// decoder; the DOM checks all of it by itself.
#include <new>

#include "simdjson.h"

#include "rivals.h"

using namespace simdjson;

namespace
{

text text_of_view(std::string_view view)
{
    return {view.data(), view.size()};
}

// ---- On-Demand

struct ondemand_state {
    ondemand::parser message, payload, properties;
    rival_row *row;
    text document;
};

bool walk(ondemand_state &state, ondemand::value value, int slot);

bool walk_members(ondemand_state &state, ondemand::object object, rival_level level)
{
    for (auto result : object) {
        ondemand::field field;
        if (std::move(result).get(field) != SUCCESS)
            return false;
        std::string_view key = field.escaped_key();
        if (std::memchr(key.data(), '\\', key.size()) && field.unescaped_key(false).get(key) != SUCCESS)
            return false;
        int slot = level == LEVEL_NONE ? int(SLOT_NONE) : rival_slot(level, key.data(), key.size());
        if (!walk(state, field.value(), slot))
            return false;
    }
    return true;
}

bool walk_object(ondemand_state &state, ondemand::value value, int slot)
{
    ondemand::object object;
    if (value.get_object().get(object) != SUCCESS)
        return false;
    if (slot == SLOT_PROPERTIES) {
        std::string_view raw;
        if (object.raw_json().get(raw) != SUCCESS || object.reset().error() != SUCCESS)
            return false;
        state.row->values[slot].kind = RIVAL_RAW;
        state.row->values[slot].text = text_of_view(raw);
    }
    return walk_members(state, object, rival_level_of(slot));
}

bool walk_array(ondemand_state &state, ondemand::value value)
{
    ondemand::array array;
    if (value.get_array().get(array) != SUCCESS)
        return false;
    for (auto result : array) {
        ondemand::value element;
        if (std::move(result).get(element) != SUCCESS || !walk(state, element, SLOT_NONE))
            return false;
    }
    return true;
}

bool walk_number(ondemand_state &state, ondemand::value value, int slot)
{
    std::string_view token = value.raw_json_token();
    ondemand::number number;
    if (value.get_number().get(number) != SUCCESS)
        return false;
    if (slot >= 0) {
        size_t size = token.size();
        while (size > 0 && static_cast<unsigned char>(token[size - 1]) <= ' ')
            size--;
        state.row->values[slot].kind = RIVAL_RAW;
        state.row->values[slot].text = {token.data(), size};
    }
    return true;
}

bool walk(ondemand_state &state, ondemand::value value, int slot)
{
    ondemand::json_type type;
    if (value.type().get(type) != SUCCESS)
        return false;
    std::string_view string;
    bool boolean;
    switch (type) {
    case ondemand::json_type::object:
        return walk_object(state, value, slot);
    case ondemand::json_type::array:
        return walk_array(state, value);
    case ondemand::json_type::number:
        return walk_number(state, value, slot);
    case ondemand::json_type::string:
        if (value.get_string().get(string) != SUCCESS)
            return false;
        rival_take_string(state.row, slot, text_of_view(string), &state.document);
        return true;
    case ondemand::json_type::boolean:
        if (value.get_bool().get(boolean) != SUCCESS)
            return false;
        if (slot >= 0)
            state.row->values[slot].kind = boolean ? RIVAL_TRUE : RIVAL_FALSE;
        return true;
    default:
        return value.is_null().get(boolean) == SUCCESS && boolean;
    }
}

bool walk_document(ondemand_state &state, ondemand::parser &parser, text json, rival_level level)
{
    ondemand::document document;
    ondemand::object object;
    return parser.iterate(json.data, json.size, json.size + SIMDJSON_PADDING).get(document) == SUCCESS &&
           document.get_object().get(object) == SUCCESS && walk_members(state, object, level) &&
           document.at_end();
}

bool ondemand_read(void *opaque, text message, rival_row *row)
{
    auto &state = *static_cast<ondemand_state *>(opaque);
    state.row = row;
    state.document = {nullptr, 0};
    return walk_document(state, state.message, message, LEVEL_MESSAGE) && state.document.data &&
           walk_document(state, state.payload, state.document, LEVEL_PAYLOAD) &&
           (!rival_has_document(row) ||
            walk_document(state, state.properties, row->values[SLOT_PROPERTIES].text, LEVEL_PROPERTIES));
}

void *ondemand_open(size_t)
{
    return new (std::nothrow) ondemand_state;
}

void ondemand_close(void *state)
{
    delete static_cast<ondemand_state *>(state);
}

// ---- DOM

struct dom_state {
    dom::parser message, payload, properties;
};

void dom_take(rival_row *row, dom::element element, int slot, text *document);

void dom_members(rival_row *row, dom::object object, rival_level level, text *document)
{
    for (auto member : object) {
        int slot = rival_slot(level, member.key.data(), member.key.size());
        if (slot != SLOT_NONE)
            dom_take(row, member.value, slot, document);
    }
}

void dom_take(rival_row *row, dom::element element, int slot, text *document)
{
    rival_value ignored, *value = slot >= 0 ? &row->values[slot] : &ignored;
    switch (element.type()) {
    case dom::element_type::OBJECT:
        dom_members(row, element.get_object().value_unsafe(), rival_level_of(slot), document);
        break;
    case dom::element_type::STRING:
        rival_take_string(row, slot, text_of_view(element.get_string().value_unsafe()), document);
        break;
    case dom::element_type::INT64:
        value->kind = RIVAL_INTEGER;
        value->as.integer = element.get_int64().value_unsafe();
        break;
    case dom::element_type::UINT64:
        value->kind = RIVAL_NATURAL;
        value->as.natural = element.get_uint64().value_unsafe();
        break;
    case dom::element_type::DOUBLE:
        value->kind = RIVAL_REAL;
        value->as.real = element.get_double().value_unsafe();
        break;
    case dom::element_type::BOOL:
        value->kind = element.get_bool().value_unsafe() ? RIVAL_TRUE : RIVAL_FALSE;
        break;
    default:
        break;
    }
}

bool dom_document(dom::parser &parser, rival_row *row, text json, rival_level level, text *document)
{
    dom::object object;
    if (parser.parse(json.data, json.size, false).get_object().get(object) != SUCCESS)
        return false;
    dom_members(row, object, level, document);
    return true;
}

bool dom_read(void *opaque, text message, rival_row *row)
{
    auto &state = *static_cast<dom_state *>(opaque);
    text document = {nullptr, 0};
    if (!dom_document(state.message, row, message, LEVEL_MESSAGE, &document) || !document.data ||
        !dom_document(state.payload, row, document, LEVEL_PAYLOAD, nullptr))
        return false;
    if (rival_has_document(row))
        return dom_document(state.properties, row, row->values[SLOT_PROPERTIES].text, LEVEL_PROPERTIES,
                            nullptr);
    rival_value *properties = &row->values[SLOT_PROPERTIES];
    properties->text = rival_find_properties(document);
    properties->kind = properties->text.data ? RIVAL_RAW : RIVAL_ABSENT;
    return true;
}

void *dom_open(size_t)
{
    return new (std::nothrow) dom_state;
}

void dom_close(void *state)
{
    delete static_cast<dom_state *>(state);
}

} // namespace

const rival rival_ondemand = {"simdjson On-Demand, walking all values", ondemand_open, ondemand_close,
                              ondemand_read};
const rival rival_dom = {"simdjson DOM", dom_open, dom_close, dom_read};
