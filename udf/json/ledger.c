#include "json/ledger.h"

#define CAPACITY_FIRST 64

void ledger_write(struct ledger *ledger, struct arena *arena, struct ledger_entry entry)
{
    if (ledger->failed)
        return;
    if (ledger->count == ledger->capacity) {
        size_t capacity = ledger->capacity ? 2 * ledger->capacity : CAPACITY_FIRST;
        struct ledger_entry *entries = arena_alloc(arena, capacity * sizeof *entries);
        if (!entries) {
            ledger->failed = true;
            return;
        }
        if (ledger->count)
            memcpy(entries, ledger->entries, ledger->count * sizeof *entries);
        ledger->entries = entries;
        ledger->capacity = capacity;
    }
    ledger->entries[ledger->count++] = entry;
}
