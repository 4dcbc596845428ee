#pragma once

#include <cstdint>

namespace awaitls::analysis {

/// Is told which rule is at work, by the thread that analyses; the analysis itself knows no time.
class RuleObserver {
public:
    virtual ~RuleObserver() = default;
    /// What runs from now on is a check of the rule, with what it asks for and nobody asked for before.
    virtual void begin(std::uint16_t rule) = 0;
    /// No check runs from now on.
    virtual void end() = 0;
};

} // namespace awaitls::analysis
