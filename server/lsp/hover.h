#pragma once

// What the client shows for a place in the text.

#include "analysis/analysis.h"
#include "protocol/types.h"
#include "server/lsp/diagnostics.h"
#include "server/lsp/document.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace awaitls::server {

/// The findings at an offset, in this part, with the page of their rule in brief, what is known of the code there, or
/// the rule that a suppression comment names. None where there is nothing to say.
/// Requires: `analysis` is of the document's present text.
std::optional<protocol::Hover> hover_at(const Document& document,
                                        const analysis::FileAnalysis& analysis, std::size_t part,
                                        std::uint32_t offset, const ClientStyle& style);

} // namespace awaitls::server
