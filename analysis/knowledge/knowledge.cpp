#include "analysis/knowledge/knowledge.h"

#include "analysis/knowledge/knowledge_data.h"

#include <algorithm>
#include <cstddef>

namespace awaitls::analysis {

namespace {

/// The order of `name` against the text `head` + `tail`, without building that text.
int compare_joined(std::string_view name, std::string_view head, std::string_view tail) {
    const std::string_view start = name.substr(0, std::min(name.size(), head.size()));
    const int first = start.compare(head);
    return first != 0 ? first : name.substr(head.size()).compare(tail);
}

/// The rows whose name is `head` + `tail`.
template <typename Row>
std::span<const Row> find_rows(std::span<const Row> rows, std::string_view head,
                               std::string_view tail) {
    const auto first = std::partition_point(rows.begin(), rows.end(), [&](const Row& row) {
        return compare_joined(row.name, head, tail) < 0;
    });
    auto last = first;
    while (last != rows.end() && compare_joined(last->name, head, tail) == 0) {
        ++last;
    }
    return {first, last};
}

template <typename Row>
const Row* find_row(std::span<const Row> rows, std::string_view head, std::string_view tail) {
    const std::span<const Row> found = find_rows(rows, head, tail);
    return found.empty() ? nullptr : found.data();
}

bool contains(std::span<const std::string_view> sorted, std::string_view head,
              std::string_view tail) {
    const auto found =
        std::partition_point(sorted.begin(), sorted.end(), [&](std::string_view name) {
            return compare_joined(name, head, tail) < 0;
        });
    return found != sorted.end() && compare_joined(*found, head, tail) == 0;
}

/// The compiler of the tables refuses a base that is unknown or a cycle; this bounds the walk all
/// the same.
constexpr int kMaxBaseDepth = 16;

/// Calls `visit(class)` for a class and its known bases, depth first from the left, until it
/// returns true.
template <typename Visit>
bool visit_bases(std::string_view class_name, const Visit& visit, int depth = 0) {
    if (visit(class_name)) {
        return true;
    }
    const ClassInfo* const info = depth < kMaxBaseDepth ? find_class(class_name) : nullptr;
    std::string_view rest = info != nullptr ? info->bases : std::string_view();
    while (!rest.empty()) {
        const std::size_t comma = rest.find(", ");
        if (visit_bases(rest.substr(0, comma), visit, depth + 1)) {
            return true;
        }
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 2);
    }
    return false;
}

/// Calls `visit(head, tail)` for the name itself and, where it reads `Class.member` of a known
/// class, for the member of each base, until it returns true.
template <typename Visit>
bool visit_declarations(std::string_view qualified_name, const Visit& visit) {
    const std::size_t dot = qualified_name.rfind('.');
    if (dot == std::string_view::npos) {
        return visit(qualified_name, std::string_view());
    }
    const std::string_view member = qualified_name.substr(dot);
    return visit_bases(qualified_name.substr(0, dot),
                       [&](std::string_view class_name) { return visit(class_name, member); });
}

/// The row of a name in a table whose names are unique.
template <typename Row>
const Row* find_declared(std::span<const Row> rows, std::string_view qualified_name) {
    const Row* found = nullptr;
    visit_declarations(qualified_name, [&](std::string_view head, std::string_view tail) {
        found = find_row(rows, head, tail);
        return found != nullptr;
    });
    return found;
}

bool contains_declared(std::span<const std::string_view> names, std::string_view qualified_name) {
    return visit_declarations(qualified_name, [&](std::string_view head, std::string_view tail) {
        return contains(names, head, tail);
    });
}

const BlockingApi* blocking_row(std::string_view head, std::string_view tail, BlockingUse use) {
    for (const BlockingApi& row : find_rows(data::kBlocking, head, tail)) {
        if (row.use == use) {
            return &row;
        }
    }
    return nullptr;
}

} // namespace

const BlockingApi* find_blocking(std::string_view qualified_name, BlockingUse use) {
    const BlockingApi* found = nullptr;
    if (use != BlockingUse::Call) {
        visit_bases(qualified_name, [&](std::string_view class_name) {
            found = blocking_row(class_name, {}, use);
            return found != nullptr;
        });
        return found;
    }
    visit_declarations(qualified_name, [&](std::string_view head, std::string_view tail) {
        if (contains(data::kNotBlocking, head, tail)) {
            return true;
        }
        found = blocking_row(head, tail, use);
        if (found == nullptr && tail.size() > 1 && tail[1] != '_') {
            found = blocking_row(head, ".*", use);
        }
        return found != nullptr;
    });
    return found;
}

const Api* find_api(std::string_view qualified_name) {
    return find_declared(data::kApis, qualified_name);
}

const ClassInfo* find_class(std::string_view qualified_name) {
    return find_row(data::kClasses, qualified_name, {});
}

bool inherits_from(std::string_view class_name, std::string_view base) {
    return visit_bases(class_name, [&](std::string_view name) { return name == base; });
}

bool canonical_name(std::string_view qualified_name, std::string_view& head,
                    std::string_view& tail) {
    std::string_view prefix = qualified_name;
    while (!prefix.empty()) {
        if (const data::Alias* const alias = find_row(data::kAliases, prefix, {})) {
            head = alias->canonical;
            tail = qualified_name.substr(prefix.size());
            return true;
        }
        const std::size_t dot = prefix.rfind('.');
        prefix = dot == std::string_view::npos ? std::string_view() : prefix.substr(0, dot);
    }
    head = qualified_name;
    tail = {};
    return false;
}

const Runner* find_runner(std::string_view qualified_name) {
    return find_declared(data::kRunners, qualified_name);
}

bool find_argument_use(std::string_view qualified_name, ArgumentUse& use) {
    const data::ArgumentRule* const rule = find_declared(data::kArguments, qualified_name);
    if (rule == nullptr) {
        return false;
    }
    use = rule->use;
    return true;
}

std::span<const std::string_view> star_names(std::string_view module) {
    const data::StarModule* const found = find_row(data::kStarModules, module, {});
    return found != nullptr ? found->names : std::span<const std::string_view>();
}

bool waits_for_network_forever(std::string_view qualified_name) {
    return contains_declared(data::kNetworkWaits, qualified_name);
}

bool is_shared_session(std::string_view qualified_name) {
    return contains(data::kSessions, qualified_name, {});
}

bool reenters_loop(std::string_view qualified_name) {
    return contains_declared(data::kReentry, qualified_name);
}

bool is_known_package(std::string_view root) {
    return contains(data::kPackages, root, {});
}

} // namespace awaitls::analysis
