#pragma once

// One .gitignore, .ignore or info/exclude file.

#include "server/files/glob.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace awaitls::server {

enum class Verdict : std::uint8_t { None, Ignored, Kept };

/// The patterns of one ignore file, as git reads them: the last that matches decides.
class IgnoreRules {
public:
    /// Any bytes are accepted; a line that means nothing matches nothing.
    explicit IgnoreRules(std::string_view text);

    /// `path` is relative to the folder of the ignore file, with '/' and without a leading one.
    Verdict verdict(std::string_view path, bool is_directory) const;
    bool empty() const { return patterns_.empty(); }

private:
    struct Pattern {
        Glob glob;
        bool negated;
        bool directories_only;
        bool name_only; // without a slash: matched against the last component
    };
    std::vector<Pattern> patterns_;
};

} // namespace awaitls::server
