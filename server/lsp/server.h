#pragma once

// The language server as a process: `awaitls server`.

#include "server/lsp/log.h"

#include <optional>
#include <string>

namespace awaitls::server {

struct ServerOptions {
    std::optional<LogLevel> log_level; // none: info, or what the client's settings say
    std::string log_file;              // path; empty: none
    std::string traffic_file;          // path to append all messages to, as JSON lines; empty: none
};

/// Serves one client on standard input and output until it is done. Returns the exit status: 0 after an
/// orderly shutdown, 1 where the client went without one, 2 where a file of the options cannot be written.
/// `release_memory` gives what the thread that calls it has freed back to the system; null: it stays with the process.
int run_language_server(const ServerOptions& options, void (*release_memory)() = nullptr);

} // namespace awaitls::server
