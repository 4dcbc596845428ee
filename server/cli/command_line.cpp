#include "server/cli/command_line.h"

#include "generated/version.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string_view>

namespace awaitls::server {

namespace {

using analysis::Severity;
using List = std::vector<std::string>;

constexpr const char* kOutputFormats =
    "full, concise, grouped, json, json-lines, sarif, github, gitlab, junit";

const std::map<std::string, OutputFormat> kFormatNames{
    {"full", OutputFormat::Full},
    {"concise", OutputFormat::Concise},
    {"grouped", OutputFormat::Grouped},
    {"json", OutputFormat::Json},
    {"json-lines", OutputFormat::JsonLines},
    {"sarif", OutputFormat::Sarif},
    {"github", OutputFormat::Github},
    {"gitlab", OutputFormat::Gitlab},
    {"junit", OutputFormat::Junit},
};
const std::map<std::string, PageFormat> kPageFormatNames{
    {"text", PageFormat::Text},
    {"markdown", PageFormat::Markdown},
    {"json", PageFormat::Json},
};
const std::map<std::string, Severity> kSeverityNames{
    {"error", Severity::Error},
    {"warning", Severity::Warning},
    {"information", Severity::Information},
    {"hint", Severity::Hint},
};

/// An option whose value is one of a few names.
template <typename Value>
void add_choice(CLI::App& app, const char* name, Value& target,
                const std::map<std::string, Value>& choices, const std::string& names,
                const char* help, const char* group) {
    app.add_option_function<std::string>(
           name,
           [&target, &choices, names, name](const std::string& text) {
               const auto choice = choices.find(text);
               if (choice == choices.end()) {
                   throw CLI::ValidationError(
                       name, fmt::format("there is no \"{}\"; there are: {}", text, names));
               }
               target = choice->second;
           },
           help)
        ->option_text(fmt::format("({})", names))
        ->group(group);
}

/// A comma-separated list that may be given several times, one argument each.
CLI::Option* add_list(CLI::App& app, const char* name, List& target, const char* help,
                      const char* value, const char* group) {
    return app.add_option(name, target, help)
        ->delimiter(',')
        ->allow_extra_args(false)
        ->option_text(value)
        ->group(group);
}

void add_check(CLI::App& app, CheckOptions& options, List& select, List& ignore) {
    constexpr const char* kRules = "Rules";
    constexpr const char* kFixes = "Fixes";
    constexpr const char* kOutput = "Output";
    constexpr const char* kFiles = "Files and configuration";
    constexpr const char* kStatus = "Exit status and speed";

    app.add_option("PATH", options.paths,
                   "Files, and folders to search for *.py and *.pyi; `-` is standard input. "
                   "Default: the current folder")
        ->option_text("...");

    add_list(app, "--select", select,
             "Run these rules in place of the configured ones: names, categories, codes, ALL",
             "RULE,...", kRules);
    add_list(app, "--ignore", ignore, "Do not run these rules", "RULE,...", kRules);
    add_list(app, "--extend-select", options.extend_select, "Run these rules too", "RULE,...",
             kRules);
    app.add_flag(
           "--hints", options.hints,
           "Show hints as well; otherwise they are for editors, json and rules selected by name")
        ->group(kRules);

    app.add_flag("--fix", options.fix, "Apply the safe fixes to the files")->group(kFixes);
    app.add_flag("--unsafe-fixes", options.unsafe_fixes,
                 "Count, show and apply the unsafe fixes as well")
        ->group(kFixes);
    app.add_flag(
           "--diff", options.diff,
           "Print what --fix would change and write nothing; exit status 1 if there is something")
        ->group(kFixes);

    add_choice(app, "--output-format", options.format, kFormatNames, kOutputFormats,
               "How findings are written", kOutput);
    app.add_option("--output-file", options.output_file,
                   "Write to a file instead of standard output")
        ->option_text("FILE")
        ->group(kOutput);
    app.add_flag("--statistics", options.statistics,
                 "Count the findings of each rule instead of showing them")
        ->group(kOutput);
    app.add_option("--baseline", options.baseline,
                   "Do not report the findings that this file knows, by their code and not by "
                   "their line")
        ->option_text("FILE")
        ->group(kOutput);
    app.add_flag("--write-baseline", options.write_baseline,
                 "Write what is found to the file of --baseline instead of reporting it")
        ->group(kOutput);
    app.add_flag("--timings", options.timings, "Tell on standard error how long each stage took")
        ->group(kOutput);
    app.add_flag("--show-settings", options.show_settings,
                 "Show the settings that hold for each PATH, and check nothing")
        ->group(kOutput);

    app.add_option("--config", options.config,
                   "A setting as TOML (--config 'strictness = \"likely\"'), or a file to use in "
                   "place of the nearest "
                   "pyproject.toml or awaitls.toml")
        ->allow_extra_args(false)
        ->option_text("KEY=VALUE|FILE")
        ->group(kFiles);
    app.add_flag("--isolated", options.isolated, "Read no configuration file")->group(kFiles);
    app.add_option(
           "--python", options.python,
           "The project's environment, or the interpreter in it: installed packages are read "
           "from it, and its version counts where no other is configured. Nothing in it is "
           "run")
        ->option_text("PATH")
        ->group(kFiles);
    app.add_option("--target-version", options.target_version,
                   "The oldest Python that the code runs on")
        ->option_text("3.10|py310")
        ->group(kFiles);
    app.add_option_function<std::string>(
           "--stdin-filename",
           [&options](const std::string& name) { options.stdin_filename = name; },
           "The path that standard input stands for: in findings, and for the configuration")
        ->option_text("PATH")
        ->group(kFiles);
    app.add_option("--cache-dir", options.cache_dir,
                   "Where results are kept for the next run. Default: $XDG_CACHE_HOME/awaitls")
        ->option_text("PATH")
        ->group(kFiles);
    app.add_flag_callback(
           "--no-cache", [&options] { options.cache = false; },
           "Neither use what the last run found, nor keep what this one finds")
        ->group(kFiles);

    add_choice(app, "--fail-on", options.fail_on, kSeverityNames,
               "error, warning, information, hint",
               "Exit with 1 from this severity on. Default: warning", kStatus);
    app.add_flag("--exit-zero", options.exit_zero, "Exit with 0 whatever is found")->group(kStatus);
    app.add_option("--jobs", options.jobs, "Threads to use. Default: one for each core")
        ->check(CLI::Range(1u, 1024u))
        ->option_text("N")
        ->group(kStatus);

    app.footer("Exit status: 0 nothing found, 1 findings (see --fail-on), 2 something could not be "
               "checked: a wrong\n"
               "argument, a file that cannot be read, a mistake in the configuration (the rest is "
               "checked nevertheless).");
    app.callback([&options, &select, &ignore, &app] {
        if (app.count("--select") > 0) options.select = select;
        if (app.count("--ignore") > 0) options.ignore = ignore;
        const bool reads_stdin =
            options.paths == List{"-"} || (options.paths.empty() && options.stdin_filename);
        const bool names_stdin =
            std::find(options.paths.begin(), options.paths.end(), "-") != options.paths.end();
        if (reads_stdin) options.paths = {"-"};
        if (!reads_stdin && names_stdin)
            throw CLI::ValidationError("-", "standard input cannot be checked together with files");
        if (!reads_stdin && options.stdin_filename) {
            throw CLI::ValidationError("--stdin-filename",
                                       "goes with standard input: give `-` and no other path");
        }
        if (options.write_baseline && options.baseline.empty())
            throw CLI::ValidationError("--write-baseline", "goes with `--baseline FILE`");
        if (options.write_baseline && (options.fix || options.diff))
            throw CLI::ValidationError("--write-baseline",
                                       "goes neither with `--fix` nor with `--diff`");
        const bool text = options.format == OutputFormat::Full ||
                          options.format == OutputFormat::Concise ||
                          options.format == OutputFormat::Grouped;
        if (options.statistics && !text && options.format != OutputFormat::Json) {
            throw CLI::ValidationError("--statistics", "is written as text or as json only");
        }
        if (options.diff && (options.statistics || app.count("--output-format") > 0)) {
            throw CLI::ValidationError(
                "--diff", "prints a diff: it goes with neither --statistics nor --output-format");
        }
    });
}

void add_rule(CLI::App& app, RuleOptions& options) {
    app.add_option("NAME", options.name,
                   "A rule, or the code of the same problem in another tool (ASYNC251)");
    app.add_flag("--all", options.all, "Every rule");
    add_choice(app, "--output-format", options.format, kPageFormatNames, "text, markdown, json",
               "text: a page, or with --all one line for each rule", "Options");
    app.add_option("--output-dir", options.output_dir,
                   "With --all and markdown: write a page for each rule and an index there, and "
                   "configuration.md in "
                   "the folder above")
        ->option_text("DIR");
    app.callback([&options] {
        if (options.all == !options.name.empty())
            throw CLI::ValidationError("NAME", "give the name of a rule, or --all");
        if (!options.output_dir.empty() &&
            !(options.all && options.format == PageFormat::Markdown)) {
            throw CLI::ValidationError("--output-dir", "goes with --all --output-format markdown");
        }
    });
}

void add_server(CLI::App& app, ServerOptions& options, bool& stdio) {
    app.add_flag("--stdio", stdio, "Speak on standard input and output, which it does anyway");
    app.add_option("--log-file", options.log_file, "Append what the server does to a file as well")
        ->option_text("FILE");
    app.add_option_function<std::string>(
           "--log-level",
           [&options](const std::string& name) {
               options.log_level = log_level_from_name(name);
               if (!options.log_level) {
                   throw CLI::ValidationError(
                       "--log-level",
                       fmt::format("there is no \"{}\"; there are: error, warning, info, debug",
                                   name));
               }
           },
           "How much is logged. Default: info, or what the client's settings say")
        ->option_text("(error, warning, info, debug)");
    app.add_option("--traffic", options.traffic_file,
                   "Append every message, received and sent, to a file as a JSON line, for a "
                   "report of a bug: with the text of all documents. AWAITLS_TRAFFIC=FILE in the "
                   "environment does the same")
        ->envname("AWAITLS_TRAFFIC")
        ->option_text("FILE");
}

} // namespace

Command parse_command_line(int argc, const char* const* argv) {
    CLI::App app("Finds asyncio bugs in Python, and the edits that fix them.", "awaitls");
    app.set_version_flag("--version", fmt::format("awaitls {}", kVersion), "Print the version");
    app.set_help_flag("-h,--help", "Print this help");
    app.require_subcommand(1);
    app.footer("`awaitls COMMAND --help` tells more.");

    CheckOptions check_options;
    List select;
    List ignore;
    CLI::App* check = app.add_subcommand("check", "Check files, and fix them with --fix");
    add_check(*check, check_options, select, ignore);

    RuleOptions rule_options;
    CLI::App* rule = app.add_subcommand("rule", "Explain a rule");
    add_rule(*rule, rule_options);

    ServerOptions server_options;
    bool stdio = false;
    CLI::App* server = app.add_subcommand("server", "Run the language server");
    add_server(*server, server_options, stdio);

    if (argc <= 1) {
        std::fputs(app.help().c_str(), stderr);
        return kExitError;
    }
    const std::string_view first = argv[1];
    if (!first.starts_with('-') && first != "check" && first != "rule" && first != "server") {
        fmt::print(stderr, "error: there is no command \"{}\"; there are: check, rule, server\n",
                   first);
        return kExitError;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error); // prints the help or the version
        const std::string verb =
            app.get_subcommands().empty() ? "" : ' ' + app.get_subcommands().front()->get_name();
        fmt::print(stderr, "error: {}\n`awaitls{} --help` tells what there is.\n", error.what(),
                   verb);
        return kExitError;
    }
    if (check->parsed()) return check_options;
    if (rule->parsed()) return rule_options;
    return server_options;
}

} // namespace awaitls::server
