#include "levels.h"

#include <vector>

#include "simdjson.h"

static const std::vector<const simdjson::implementation *> &levels()
{
    static const std::vector<const simdjson::implementation *> found = [] {
        std::vector<const simdjson::implementation *> all;
        for (const simdjson::implementation *each : simdjson::get_available_implementations())
            if (each->supported_by_runtime_system())
                all.push_back(each);
        return all;
    }();
    return found;
}

size_t levels_count(void)
{
    return levels().size();
}

void levels_use(size_t level)
{
    simdjson::get_active_implementation() = levels()[level];
}
