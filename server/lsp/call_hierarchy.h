#pragma once

// The call hierarchy: who calls a function, and what it calls, over all files of a project. Worked out
// on workers, from values.

#include "analysis/calls.h"
#include "protocol/json_writer.h"
#include "protocol/types.h"
#include "server/lsp/document_map.h"
#include "server/modules/overlay_modules.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace awaitls::server {

/// Files that are searched for callers of one item, unless told otherwise: some seconds of work.
inline constexpr std::size_t kMaxCallerFiles = 10'000;

struct CallQuestion {
    enum class Kind { Prepare, Incoming, Outgoing };
    Kind kind = Kind::Prepare;
    std::string uri;             // of the document or cell, as the client writes it
    protocol::Position position; // to prepare: any; else where the item's name stood
    // The item; not to prepare.
    analysis::CallItem::Kind item = analysis::CallItem::Kind::Function;
    std::string name; // CallItem::name
};

/// What an item's `data` says. Nothing where we never wrote it so.
std::optional<CallQuestion> read_call_data(const protocol::CallHierarchyItem& item);

/// All that the answer depends on.
struct CallWorld {
    struct Open {
        std::string uri;
        std::string path; // empty where it is no file
        bool notebook = false;
        std::shared_ptr<const analysis::SourceText> text;
        std::shared_ptr<const DocumentMap> map; // of the text
        /// Of an earlier text, maybe; null: of none.
        std::shared_ptr<const analysis::ModuleFile> file;
    };
    std::shared_ptr<const DiskModules> disk;
    std::vector<Open> open;            // whose texts are known
    std::vector<std::string> projects; // that may have an index: sorted
    std::shared_ptr<const analysis::Settings> settings;
    protocol::PositionEncoding encoding = protocol::PositionEncoding::Utf16;
    std::size_t max_files = kMaxCallerFiles;
};

struct CallAnswer {
    protocol::RawJson result;          // null where there is nothing
    std::vector<std::string> problems; // for people: what was not looked at
};

/// Nothing when cancelled. Any thread.
std::optional<CallAnswer> answer_about_calls(const CallQuestion& question, const CallWorld& world,
                                             const analysis::Cancellation& cancellation);

} // namespace awaitls::server
