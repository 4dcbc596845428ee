#pragma once

// Handlers read by their text, whether or not a cancellation can come to them: what flake8-async means by ASYNC103 and ASYNC104.

#include "analysis/rules/rule.h"

#include <vector>

namespace awaitls::analysis::cancellation {

/// A handler that catches cancellation.
struct TextualHandler {
    NodeId handler;
    bool open =
        false; // a path reaches its end, or leaves it by what is in `leaves`, without a `raise`
    std::vector<NodeId>
        leaves; // return, yield, break, continue, and raise of something else, before a `raise`; in text order
};

/// The handlers of a Try whose classes catch cancellation; one that names it with others (BaseException, nothing) counts only
/// where none stands before it.
std::vector<TextualHandler> textual_handlers(const Model& model, NodeId try_statement);

} // namespace awaitls::analysis::cancellation
