#pragma once

// Quick fixes, "fix all", and suppression, made from the present analysis of a document.

#include "analysis/analysis.h"
#include "protocol/types.h"
#include "server/lsp/diagnostics.h"
#include "server/lsp/document.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::server {

inline constexpr std::string_view kFixAllKind = "source.fixAll.awaitls";
/// The same of all cells of a notebook: clients ask for "source" kinds for one cell after the other, each time of the text
/// before.
inline constexpr std::string_view kNotebookFixAllKind = "notebook.source.fixAll.awaitls";
inline constexpr std::string_view kFixAllTitle = "awaitls: fix all safe problems";
/// Actions for one request; a selection of a whole file would otherwise give thousands.
inline constexpr std::size_t kMaxActions = 100;

/// Whether the client's `only` admits a kind; all kinds are admitted without it.
bool wants_kind(const protocol::CodeActionContext& context, std::string_view kind);

/// Edits of a document, in the order of its text, in the form that the client takes: of these versions where it can say so.
/// None where an edit is not within one cell of a notebook, or would change what is no Python there.
std::optional<protocol::WorkspaceEdit> workspace_edit(const Document& document,
                                                      const std::vector<analysis::Edit>& edits,
                                                      const ClientStyle& style);

struct FindingActions {
    std::vector<protocol::CodeAction> fixes;    // best first for each finding
    std::vector<protocol::CodeAction> rewrites; // refactorings that end a finding
    std::vector<protocol::CodeAction> suppressions;
};

/// For the findings that touch the range. Requires: `analysis` is of the document's present text.
FindingActions finding_actions(const Document& document, const analysis::FileAnalysis& analysis,
                               analysis::Span range, const ClientStyle& style);

/// True if some finding has a safe fix.
bool has_safe_fix(const analysis::FileAnalysis& analysis);

/// The edits that apply all safe fixes until none is left. May take long; any thread.
std::vector<analysis::Edit>
fix_all_edits(const std::shared_ptr<const analysis::FileAnalysis>& analysis,
              const std::string& display_name);

/// Few, small, line-wise edits that turn one text into the other.
std::vector<analysis::Edit> line_edits(std::string_view before, std::string_view after);

} // namespace awaitls::server
