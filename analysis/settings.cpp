#include "analysis/settings.h"

#include "analysis/text/text.h"

#include <string>

namespace awaitls::analysis {

namespace {

/// Collects fields in a form without ambiguity: every text is preceded by its length.
class Canonical {
public:
    void number(std::uint64_t value) { bytes_ += std::to_string(value) + ';'; }
    void text(std::string_view value) {
        number(value.size());
        bytes_ += value;
    }
    void bits(const std::bitset<kMaxRules>& value) { bytes_ += value.to_string(); }
    std::uint64_t hash() const { return hash_bytes(bytes_); }

private:
    std::string bytes_;
};

} // namespace

std::uint64_t Settings::fingerprint() const {
    Canonical canonical;
    canonical.bits(enabled);
    canonical.number(shapes_off.size());
    for (const auto& [rule, shapes] : shapes_off) {
        canonical.number(rule);
        canonical.number(shapes);
    }
    canonical.bits(selected_by_name);
    canonical.number(severity.size());
    for (const auto& [rule, level] : severity) {
        canonical.number(rule);
        canonical.number(static_cast<std::uint64_t>(level));
    }
    canonical.number(target_version.major);
    canonical.number(target_version.minor);
    canonical.number(target_version_stated ? 1 : 0);
    canonical.number(static_cast<std::uint64_t>(strictness));
    canonical.number(blocking_calls.size());
    for (const BlockingPattern& entry : blocking_calls) {
        canonical.text(entry.pattern);
        canonical.text(entry.advice);
    }
    canonical.number(options.size());
    for (const auto& [key, values] : options) {
        canonical.text(key);
        canonical.number(values.size());
        for (const std::string& value : values) canonical.text(value);
    }
    canonical.number(max_diagnostics);
    return canonical.hash();
}

} // namespace awaitls::analysis
