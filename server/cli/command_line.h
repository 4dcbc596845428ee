#pragma once

// The arguments of the program.

#include "analysis/settings.h"
#include "server/lsp/server.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace awaitls::server {

enum class OutputFormat : std::uint8_t {
    Full,
    Concise,
    Grouped,
    Json,
    JsonLines,
    Sarif,
    Github,
    Gitlab,
    Junit,
};

/// `awaitls check`. Paths and patterns are as given, relative ones to the current folder.
struct CheckOptions {
    std::vector<std::string> paths; // empty: the current folder; "-" is standard input

    std::optional<std::vector<std::string>> select;
    std::optional<std::vector<std::string>> ignore;
    std::vector<std::string> extend_select;
    std::vector<std::string> config; // each KEY=VALUE as TOML, or a file
    std::string target_version;      // empty: as configured
    std::string python;              // path of an environment; empty: none
    bool isolated = false;

    bool fix = false;
    bool unsafe_fixes = false;
    bool diff = false;

    OutputFormat format = OutputFormat::Full;
    std::string output_file; // empty: standard output
    bool statistics = false;
    std::string baseline;        // empty: none
    bool write_baseline = false; // to write it, not to go by it
    bool hints = false;
    bool timings = false;
    bool show_settings = false;

    bool cache = true;     // results are kept for the next run
    std::string cache_dir; // in this folder; empty: where caches of the user are

    bool exit_zero = false;
    analysis::Severity fail_on = analysis::Severity::Warning;
    std::optional<std::string> stdin_filename;
    unsigned jobs = 0; // 0: one for each core
};

enum class PageFormat : std::uint8_t { Text, Markdown, Json };

/// `awaitls rule`.
struct RuleOptions {
    std::string name; // a selector; empty with `all`
    bool all = false;
    PageFormat format = PageFormat::Text;
    std::string output_dir; // empty: standard output
};

/// What the arguments ask for, or the exit status of a program that has already said what there was
/// to say (help, the version, a wrong argument).
using Command = std::variant<int, CheckOptions, RuleOptions, ServerOptions>;

inline constexpr int kExitClean = 0;
inline constexpr int kExitFindings = 1;
inline constexpr int kExitError = 2;

/// `argv` as main() has it.
Command parse_command_line(int argc, const char* const* argv);

} // namespace awaitls::server
