#include "analysis/knowledge/knowledge.h"

#include "analysis/knowledge/knowledge_data.h"
#include "analysis/text/text.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

namespace awaitls::analysis {

namespace {

std::string_view name_of(std::string_view name) {
    return name;
}

template <typename Row>
std::string_view name_of(const Row& row) {
    return row.name;
}

/// A name that is given in two parts, put together where it can be hashed and compared word by word.
class JoinedName {
public:
    /// Requires: both together are not longer than kLongestName.
    JoinedName(std::string_view head, std::string_view tail) : size_(head.size() + tail.size()) {
        std::memset(text_ + (size_ & ~std::size_t{7}), 0, 8);
        head.copy(text_, head.size());
        tail.copy(text_ + head.size(), tail.size());
    }

    std::string_view text() const { return {text_, size_}; }
    std::uint32_t hash() const {
        std::uint64_t value = size_;
        for (std::size_t at = 0; at < size_; at += 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, text_ + at, 8);
            value = (value ^ word) * 0xff51afd7ed558ccdULL;
            value ^= value >> 32;
        }
        return static_cast<std::uint32_t>(value);
    }

private:
    std::size_t size_;
    char text_[data::kLongestName + 8]; // zeros behind the name up to the end of its last word
};

/// Where the rows of a name begin in an array that is sorted by name. The arrays are searched many
/// times for each call of the code under analysis, nearly always in vain: a hash says so at once.
template <typename Row>
class Index {
public:
    explicit Index(std::span<const Row> rows) : rows_(rows) {
        std::size_t size = 16;
        while (size < rows.size() * 2) {
            size *= 2;
        }
        cells_.resize(size);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (i > 0 && name_of(rows[i - 1]) == name_of(rows[i])) {
                continue;
            }
            const std::uint32_t hash = JoinedName(name_of(rows[i]), {}).hash();
            std::size_t at = hash & (size - 1);
            while (cells_[at].row != 0) {
                at = (at + 1) & (size - 1);
            }
            cells_[at] = {hash, static_cast<std::uint32_t>(i + 1)};
        }
    }

    /// The rows whose name is `head` + `tail`.
    std::span<const Row> find(std::string_view head, std::string_view tail) const {
        if (head.size() + tail.size() > data::kLongestName) {
            return {};
        }
        const JoinedName wanted(head, tail);
        const std::uint32_t hash = wanted.hash();
        const std::size_t mask = cells_.size() - 1;
        for (std::size_t at = hash & mask; cells_[at].row != 0; at = (at + 1) & mask) {
            const std::size_t first = cells_[at].row - 1;
            if (cells_[at].hash != hash || name_of(rows_[first]) != wanted.text()) {
                continue;
            }
            std::size_t last = first + 1;
            while (last < rows_.size() && name_of(rows_[last]) == wanted.text()) {
                ++last;
            }
            return rows_.subspan(first, last - first);
        }
        return {};
    }

private:
    struct Cell {
        std::uint32_t hash = 0;
        std::uint32_t row = 0; // its number from 1; 0 in an empty cell
    };
    std::span<const Row> rows_;
    std::vector<Cell> cells_; // at most half of them full, a power of two
};

/// The index of an array, made when it is asked for first.
template <const auto& kRows>
const auto& index() {
    static const Index<
        std::remove_const_t<typename std::remove_cvref_t<decltype(kRows)>::element_type>>
        instance(kRows);
    return instance;
}

template <const auto& kRows>
auto find_row(std::string_view head, std::string_view tail) {
    const auto found = index<kRows>().find(head, tail);
    return found.empty() ? nullptr : found.data();
}

template <const auto& kNames>
bool contains(std::string_view head, std::string_view tail) {
    return !index<kNames>().find(head, tail).empty();
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
template <const auto& kRows>
auto find_declared(std::string_view qualified_name) {
    decltype(find_row<kRows>({}, {})) found = nullptr;
    visit_declarations(qualified_name, [&](std::string_view head, std::string_view tail) {
        found = find_row<kRows>(head, tail);
        return found != nullptr;
    });
    return found;
}

template <const auto& kNames>
bool contains_declared(std::string_view qualified_name) {
    return visit_declarations(qualified_name, [](std::string_view head, std::string_view tail) {
        return contains<kNames>(head, tail);
    });
}

const BlockingApi* blocking_row(std::string_view head, std::string_view tail, BlockingUse use) {
    for (const BlockingApi& row : index<data::kBlocking>().find(head, tail)) {
        if (row.use == use) {
            return &row;
        }
    }
    return nullptr;
}

const BlockingApi* find_blocking_call(std::string_view qualified_name) {
    const BlockingApi* found = nullptr;
    visit_declarations(qualified_name, [&](std::string_view head, std::string_view tail) {
        if (contains<data::kNotBlocking>(head, tail)) {
            return true;
        }
        found = blocking_row(head, tail, BlockingUse::Call);
        if (found == nullptr && tail.size() > 1 && tail[1] != '_') {
            found = blocking_row(head, ".*", BlockingUse::Call);
        }
        return found != nullptr;
    });
    return found;
}

/// What the tables say of a name that is called.
struct NameFacts {
    const Api* api = nullptr;
    const BlockingApi* blocking = nullptr;
    const Runner* runner = nullptr;
    const data::ArgumentRule* arguments = nullptr;
    bool reenters_loop = false;
    bool waits_for_network = false;
};

NameFacts look_up(std::string_view name) {
    return {find_declared<data::kApis>(name),        find_blocking_call(name),
            find_declared<data::kRunners>(name),     find_declared<data::kArguments>(name),
            contains_declared<data::kReentry>(name), contains_declared<data::kNetworkWaits>(name)};
}

/// The facts of a name. Code calls few names often, and a dozen rules ask about each call: a thread
/// keeps what it looked up lately, one name in each cell.
const NameFacts& facts_of(std::string_view name) {
    struct Cell {
        std::uint64_t hash = 0;
        std::string name;
        NameFacts facts;
    };
    constexpr std::size_t kCells = 2048;
    thread_local std::vector<Cell> cells(kCells);
    const std::uint64_t hash = hash_bytes(name, 1) | 1; // never that of an empty cell
    Cell& cell = cells[(hash >> 1) % kCells];
    if (cell.hash != hash || cell.name != name) {
        cell = {hash, std::string(name), look_up(name)};
    }
    return cell.facts;
}

} // namespace

const BlockingApi* find_blocking(std::string_view qualified_name, BlockingUse use) {
    if (use == BlockingUse::Call) {
        return facts_of(qualified_name).blocking;
    }
    const BlockingApi* found = nullptr;
    visit_bases(qualified_name, [&](std::string_view class_name) {
        found = blocking_row(class_name, {}, use);
        return found != nullptr;
    });
    return found;
}

const Api* find_api(std::string_view qualified_name) {
    return facts_of(qualified_name).api;
}

const ClassInfo* find_class(std::string_view qualified_name) {
    return find_row<data::kClasses>(qualified_name, {});
}

bool inherits_from(std::string_view class_name, std::string_view base) {
    return visit_bases(class_name, [&](std::string_view name) { return name == base; });
}

bool canonical_name(std::string_view qualified_name, std::string_view& head,
                    std::string_view& tail) {
    std::string_view prefix = qualified_name;
    while (!prefix.empty()) {
        if (const data::Alias* const alias = find_row<data::kAliases>(prefix, {})) {
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
    return facts_of(qualified_name).runner;
}

bool find_argument_use(std::string_view qualified_name, ArgumentUse& use) {
    const data::ArgumentRule* const rule = facts_of(qualified_name).arguments;
    if (rule == nullptr) {
        return false;
    }
    use = rule->use;
    return true;
}

std::span<const std::string_view> star_names(std::string_view module) {
    const data::StarModule* const found = find_row<data::kStarModules>(module, {});
    return found != nullptr ? found->names : std::span<const std::string_view>();
}

bool waits_for_network_forever(std::string_view qualified_name) {
    return facts_of(qualified_name).waits_for_network;
}

bool is_shared_session(std::string_view qualified_name) {
    return contains<data::kSessions>(qualified_name, {});
}

bool reenters_loop(std::string_view qualified_name) {
    return facts_of(qualified_name).reenters_loop;
}

bool is_known_package(std::string_view root) {
    return contains<data::kPackages>(root, {});
}

} // namespace awaitls::analysis
