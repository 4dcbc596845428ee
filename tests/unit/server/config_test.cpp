#include "analysis/rules/catalog.h"
#include "server/config/options.h"
#include "server/config/resolve.h"
#include "server/config/toml.h"
#include "tests/unit/server/temp_dir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace awaitls::server {
namespace {

using analysis::PythonVersion;
using analysis::Severity;
using Strings = std::vector<std::string>;

std::size_t rule(std::string_view name) {
    return analysis::find_rule(name).value();
}

ConfigLayer layer(std::string_view toml, std::vector<ConfigProblem>& problems,
                  std::string base = "/base") {
    const TomlDocument document = parse_toml(toml, "test.toml");
    EXPECT_FALSE(document.problem) << document.problem->message;
    return read_layer(document.root, "test.toml", std::move(base), problems);
}

/// The settings under these sources, which have no mistakes.
analysis::Settings settings(const Strings& sources) {
    ConfigOverrides overrides;
    overrides.isolated = true;
    std::vector<ConfigProblem> problems;
    for (const std::string& source : sources) overrides.layers.push_back(layer(source, problems));
    for (const ConfigProblem& problem : problems) ADD_FAILURE() << problem.message;
    ConfigResolver resolver(std::move(overrides));
    return *resolver.resolve("/base/x.py").settings;
}

/// "line:column message" of each mistake.
Strings mistakes(std::string_view toml) {
    std::vector<ConfigProblem> problems;
    layer(toml, problems);
    Strings result;
    for (const ConfigProblem& problem : problems) {
        EXPECT_EQ(problem.file, "test.toml");
        result.push_back(std::to_string(problem.line) + ':' + std::to_string(problem.column) + ' ' +
                         problem.message);
    }
    return result;
}

TEST(Catalog, IsSortedAndFindable) {
    const std::span<const analysis::Rule> rules = analysis::catalog();
    for (std::size_t i = 0; i < rules.size(); ++i) {
        EXPECT_EQ(analysis::find_rule(rules[i].info.name), i);
        EXPECT_TRUE(i == 0 || rules[i - 1].info.name < rules[i].info.name) << rules[i].info.name;
    }
    EXPECT_FALSE(analysis::find_rule("blocking"));
    EXPECT_FALSE(analysis::find_rule(""));
}

TEST(Catalog, SelectsByNameCategoryCodeAndPrefix) {
    using analysis::select_rules;
    EXPECT_EQ(select_rules("blocking-sleep"), std::vector{rule("blocking-sleep")});
    EXPECT_EQ(select_rules("ALL").size(), analysis::catalog().size());
    for (const std::size_t index : select_rules("blocking")) {
        EXPECT_EQ(analysis::catalog()[index].info.category, analysis::Category::Blocking);
    }
    EXPECT_GT(select_rules("blocking").size(), 10u);
    EXPECT_EQ(select_rules("ASYNC251"), std::vector{rule("blocking-sleep")});
    EXPECT_GE(select_rules("ASYNC2").size(), 2u);
    EXPECT_EQ(select_rules("RUF006"), std::vector{rule("dangling-task")});
    EXPECT_GT(select_rules("ASYNC").size(), 40u);
    EXPECT_GE(select_rules("RUF").size(), 2u);
    for (const char* nothing : {"", "AS", "ASYN", "S", "RU", "rep", "async", "async251", "2", "all",
                                "testing-x", "ASYNC2x", "Blocking"}) {
        EXPECT_TRUE(select_rules(nothing).empty()) << nothing;
    }
}

TEST(Catalog, NamesTheNearest) {
    EXPECT_EQ(analysis::nearest_selector("blocking_sleep"), "blocking-sleep");
    EXPECT_EQ(analysis::nearest_selector("blcoking-sleep"), "blocking-sleep");
    EXPECT_EQ(analysis::nearest_selector("Blocking"), "blocking");
    EXPECT_EQ(analysis::nearest_selector("all"), "ALL");
    EXPECT_EQ(analysis::nearest_selector("RUF0066"), "RUF006");
    EXPECT_EQ(analysis::nearest_selector("sleep"), "blocking-sleep");
    EXPECT_EQ(analysis::nearest_selector("zzzzzzzz"), "");
    EXPECT_EQ(analysis::nearest_selector(std::string(100'000, 'x')), "");
}

TEST(Selection, DefaultsAndReplacement) {
    const analysis::Settings defaults = settings({});
    EXPECT_TRUE(defaults.enabled.test(rule("blocking-sleep")));
    EXPECT_FALSE(defaults.enabled.test(rule("blocking-cpu")));
    EXPECT_TRUE(defaults.selected_by_name.none());

    const analysis::Settings one = settings({"select = ['blocking-sleep']"});
    EXPECT_EQ(one.enabled.count(), 1u);
    EXPECT_EQ(one.selected_by_name, one.enabled);
    EXPECT_TRUE(settings({"select = []"}).enabled.none());
    EXPECT_TRUE(settings({"extend-select = ['blocking-cpu']"}).enabled.test(rule("blocking-cpu")));
    EXPECT_TRUE(settings({"extend-select = ['blocking-cpu']"}).enabled.test(rule("dangling-task")));
    EXPECT_TRUE(settings({"select = ['blocking']"}).selected_by_name.none());
}

TEST(Selection, TheMoreSpecificWins) {
    const std::size_t sleep = rule("blocking-sleep");
    const auto enabled = [&](const char* toml) { return settings({toml}).enabled.test(sleep); };
    EXPECT_TRUE(
        enabled("select = ['blocking-sleep']\nignore = ['blocking', 'ASYNC251', 'ASYNC2', 'ALL']"));
    EXPECT_TRUE(enabled("select = ['ASYNC251']\nignore = ['ASYNC2', 'blocking', 'ALL']"));
    EXPECT_FALSE(enabled("select = ['ASYNC251']\nignore = ['blocking-sleep']"));
    EXPECT_TRUE(enabled("select = ['ASYNC25']\nignore = ['ASYNC2', 'blocking']"));
    EXPECT_FALSE(enabled("select = ['ASYNC2']\nignore = ['ASYNC25']"));
    EXPECT_TRUE(enabled("select = ['blocking']\nignore = ['ALL']"));
    EXPECT_FALSE(enabled("select = ['ALL']\nignore = ['blocking']"));
    EXPECT_FALSE(enabled("select = ['blocking-sleep']\nignore = ['blocking-sleep']"))
        << "between equals ignore wins";
    EXPECT_TRUE(enabled("ignore = ['blocking']\nextend-select = ['blocking-sleep']"));
    EXPECT_FALSE(enabled("ignore = ['ALL']"));
}

TEST(Selection, CodesOfShapes) {
    const std::size_t open = rule("blocking-open"); // ASYNC230 and ASYNC231
    const auto shapes = [&](const Strings& sources) {
        const analysis::Settings some = settings(sources);
        return std::string(some.enabled.test(open) && some.shape_enabled(open, 0) ? "230 " : "") +
               (some.enabled.test(open) && some.shape_enabled(open, 1) ? "231" : "");
    };
    EXPECT_EQ(shapes({}), "230 231");
    EXPECT_EQ(shapes({"select = ['blocking-open']"}), "230 231");
    EXPECT_EQ(shapes({"select = ['ASYNC231']"}), "231");
    EXPECT_EQ(shapes({"select = ['ASYNC23']"}), "230 231");
    EXPECT_EQ(shapes({"select = ['S7493']"}), "230 231");
    EXPECT_EQ(shapes({"select = ['ASYNC230', 'ASYNC231']"}), "230 231");
    EXPECT_EQ(shapes({"ignore = ['ASYNC231']"}), "230 ");
    EXPECT_EQ(shapes({"ignore = ['ASYNC230', 'ASYNC231']"}), "");
    EXPECT_EQ(shapes({"select = ['blocking']\nignore = ['ASYNC230']"}), "231");
    EXPECT_EQ(shapes({"select = ['blocking-open']\nignore = ['ASYNC230']"}), "230 231")
        << "the name is more specific";
    EXPECT_EQ(shapes({"ignore = ['ASYNC231']", "select = ['ALL']"}), "230 ");
    EXPECT_EQ(shapes({"select = ['ASYNC231']", "select = ['ASYNC230']"}), "230 ");
}

TEST(Selection, WholeCodesMeanWhatGoesBeyondTheRule) {
    const std::size_t swallowed = rule("cancellation-swallowed"); // ASYNC103 means more than it
    const auto shapes = [&](const Strings& sources) {
        const analysis::Settings some = settings(sources);
        return std::string(some.enabled.test(swallowed) && some.shape_enabled(swallowed, 0) ? "own "
                                                                                            : "") +
               (some.enabled.test(swallowed) && some.shape_enabled(swallowed, 1) ? "beyond" : "");
    };
    EXPECT_EQ(shapes({}), "own ");
    for (const char* selector :
         {"ALL", "cancellation", "cancellation-swallowed", "ASYNC10", "ASYNC1", "ASYNC", "S7497"})
        EXPECT_EQ(shapes({"select = ['" + std::string(selector) + "']"}), "own ") << selector;
    EXPECT_EQ(shapes({"select = ['ASYNC103']"}), "own beyond");
    EXPECT_EQ(shapes({"extend-select = ['ASYNC103']"}), "own beyond");
    EXPECT_EQ(shapes({"select = ['ASYNC103', 'cancellation-swallowed']"}), "own beyond");
    EXPECT_EQ(shapes({"select = ['ASYNC103']", "select = ['S7497']"}), "own ");
    EXPECT_EQ(shapes({"extend-select = ['ASYNC103']\nignore = ['cancellation-swallowed']"}), "");
    EXPECT_EQ(shapes({"ignore = ['ASYNC103']"}), "");
    EXPECT_EQ(shapes({"extend-select = ['ASYNC103']\nignore = ['ASYNC1']"}), "own beyond")
        << "the whole code is more specific";
}

TEST(Selection, ShapesAreConsistent) {
    for (const analysis::Rule& rule : analysis::catalog()) {
        const analysis::RuleInfo& info = rule.info;
        EXPECT_LE(info.shapes.size(), 8u) << info.name;
        EXPECT_TRUE(info.shapes.empty() || info.shapes.front().beyond.empty()) << info.name;
        for (const analysis::Shape& shape : info.shapes) {
            EXPECT_TRUE(shape.beyond.empty() || !shape.codes.empty()) << info.name;
            for (const std::string_view code : shape.codes)
                EXPECT_NE(std::find(info.aliases.begin(), info.aliases.end(), code),
                          info.aliases.end())
                    << info.name << " " << code;
        }
    }
}

TEST(Selection, LaterSources) {
    const std::size_t sleep = rule("blocking-sleep");
    const auto enabled = [&](const Strings& sources) {
        return settings(sources).enabled.test(sleep);
    };
    EXPECT_TRUE(enabled({"select = ['task']", "select = ['blocking']"}));
    EXPECT_FALSE(enabled({"select = ['blocking']", "select = ['task']"}));
    EXPECT_FALSE(enabled({"select = ['ALL']", "ignore = ['blocking']"}));
    EXPECT_FALSE(enabled({"ignore = ['blocking-sleep']", "select = ['ALL']"}))
        << "an earlier ignore holds";
    EXPECT_TRUE(enabled({"ignore = ['blocking-sleep']", "select = ['ALL']\nignore = ['task']"}));
    EXPECT_TRUE(enabled({"ignore = ['blocking']", "extend-select = ['blocking-sleep']"}));
}

TEST(Severities, TheMoreSpecificWins) {
    const analysis::Settings some = settings(
        {"severity = { 'blocking-sleep' = 'hint', blocking = 'information', ALL = 'error' }"});
    EXPECT_EQ(some.severity.at(rule("blocking-sleep")), Severity::Hint);
    EXPECT_EQ(some.severity.at(rule("blocking-http")), Severity::Information);
    EXPECT_EQ(some.severity.at(rule("dangling-task")), Severity::Error);
}

TEST(Options, AreRead) {
    const analysis::Settings some = settings({R"(
        target-version = "py312"
        strictness = "likely"
        blocking-calls = ["legacy.* -> use `aio`", "a.b->c"]
    )"});
    EXPECT_EQ(some.target_version, (PythonVersion{3, 12}));
    EXPECT_EQ(some.strictness, analysis::Strictness::Likely);
    ASSERT_EQ(some.blocking_calls.size(), 2u);
    EXPECT_EQ(some.blocking_calls[0].pattern, "legacy.*");
    EXPECT_EQ(some.blocking_calls[0].advice, "use `aio`");
    EXPECT_EQ(some.blocking_calls[1].pattern, "a.b");
    const analysis::Settings table = settings({"[blocking-calls]\n'legacy.*' = 'use aio'"});
    ASSERT_EQ(table.blocking_calls.size(), 1u);
    EXPECT_EQ(table.blocking_calls[0].advice, "use aio");
}

TEST(Options, FingerprintsDifferWithEveryField) {
    const std::vector<Strings> sources = {
        {},
        {"ignore = ['blocking-sleep']"},
        {"extend-select = ['blocking-sleep']"},
        {"ignore = ['ASYNC230']"},
        {"ignore = ['ASYNC231']"},
        {"severity = {ALL = 'hint'}"},
        {"severity = {ALL = 'error'}"},
        {"target-version = '3.11'"},
        {"strictness = 'likely'"},
        {"blocking-calls = ['a -> bc']"},
        {"blocking-calls = ['ab -> c']"},
    };
    std::vector<std::uint64_t> prints;
    for (const Strings& source : sources) {
        prints.push_back(settings(source).fingerprint());
        EXPECT_EQ(prints.back(), settings(source).fingerprint());
    }
    std::sort(prints.begin(), prints.end());
    EXPECT_EQ(std::unique(prints.begin(), prints.end()), prints.end());
}

TEST(Problems, AreToldAtTheirPlace) {
    EXPECT_EQ(mistakes("\nselcet = ['ALL']"),
              Strings{"2:1 unknown key `selcet`; did you mean `select`?"});
    EXPECT_EQ(mistakes("xyzzy = 1"), Strings{"1:1 unknown key `xyzzy`"});
    EXPECT_EQ(mistakes("select = ['ALL', 'blocking_sleep']"),
              Strings{"1:18 there is no rule, category or code \"blocking_sleep\"; did you mean "
                      "\"blocking-sleep\"?"});
    EXPECT_EQ(mistakes("target-version = 3.1")[0],
              "1:18 `target-version` must be a string such as \"3.10\" or \"py310\", not a number");
    EXPECT_EQ(mistakes("max-file-size = '2 MB'"),
              Strings{"1:17 `max-file-size` must be a number of bytes, not a string"});
    EXPECT_EQ(mistakes("exclude = 'a'"),
              Strings{"1:11 `exclude` must be a list of strings: patterns of paths, not a string"});
    for (const char* wrong : {
             "select = 'ALL'",
             "ignore = [1]",
             "extend-select = {}",
             "exclude = [[]]",
             "per-file-ignores = ['a']",
             "per-file-ignores = { a = ['nosuch'] }",
             "per-file-ignores = { a = 'ALL' }",
             "severity = 'error'",
             "severity = { ALL = 'fatal' }",
             "severity = { ALL = 1 }",
             "severity = { nosuch = 'error' }",
             "target-version = '2.7'",
             "target-version = 'py3'",
             "target-version = '3.10.1'",
             "target-version = 'py3x'",
             "strictness = 'strict'",
             "strictness = true",
             "blocking-calls = ['no arrow']",
             "blocking-calls = [' -> x']",
             "blocking-calls = [1]",
             "blocking-calls = { a = 1 }",
             "blocking-calls = 1979-05-27",
             "max-file-size = 0",
             "max-file-size = -5",
             "max-file-size = 9_000_000_000",
             "python = 'x'",
             "cache-dir = '/tmp'",
             "blocking-sleep = { nosuch = 1 }",
         }) {
        EXPECT_EQ(mistakes(wrong).size(), 1u) << wrong;
    }
    EXPECT_TRUE(mistakes("select = ['ALL']\nmax-file-size = 1").empty());
}

TEST(Problems, TheRestHolds) {
    std::vector<ConfigProblem> problems;
    const ConfigLayer some =
        layer("select = ['nosuch', 'task']\nstrictness = 1\nmax-file-size = 7", problems);
    EXPECT_EQ(problems.size(), 2u);
    EXPECT_EQ(some.select, Strings{"task"});
    EXPECT_EQ(some.max_file_size, 7u);
}

TEST(Toml, BrokenTextIsToldAtItsLine) {
    const TomlDocument document = parse_toml("a = 1\nb = [1,\n= 2\n", "x.toml");
    ASSERT_TRUE(document.problem);
    EXPECT_EQ(document.problem->line, 3u);
    EXPECT_EQ(document.problem->file, "x.toml");
    EXPECT_TRUE(document.root.table.empty());
    for (const std::string& text :
         {std::string("\xff\xfe"), std::string(1, '\0'), std::string(100'000, '['),
          std::string("a=\"\\ud800\""), std::string("[ = 1"), std::string("[\n]"),
          std::string("a = [") + std::string(100'000, '[')}) {
        EXPECT_TRUE(parse_toml(text, "x.toml").problem) << text.substr(0, 10);
    }
}

TEST(Versions, Parsing) {
    EXPECT_EQ(parse_python_version("3.10"), (PythonVersion{3, 10}));
    EXPECT_EQ(parse_python_version("py37"), (PythonVersion{3, 7}));
    for (const char* wrong :
         {"", "3", "3.", "py", "py3", "2.7", "3.6", "3.1000", "3.10a", "py3.10", " 3.10"}) {
        EXPECT_FALSE(parse_python_version(wrong)) << wrong;
    }
    EXPECT_EQ(oldest_python(">=3.9"), (PythonVersion{3, 9}));
    EXPECT_EQ(oldest_python(" >= 3.9.2 , <4"), (PythonVersion{3, 9}));
    EXPECT_EQ(oldest_python("~=3.11"), (PythonVersion{3, 11}));
    EXPECT_EQ(oldest_python("==3.12.*"), (PythonVersion{3, 12}));
    EXPECT_EQ(oldest_python(">=3.8,>3.10,!=3.13"), (PythonVersion{3, 10}));
    EXPECT_EQ(oldest_python(">=3"), (PythonVersion{3, 0}));
    for (const char* none : {"", "<4", "!=3.9", ">=", ">=2.7", "3.9", ">=x", ",,,"})
        EXPECT_FALSE(oldest_python(none)) << none;
}

TEST(Resolve, TheNearestFileHolds) {
    const TempDir dir;
    dir.write("pyproject.toml",
              "[project]\nrequires-python = '>=3.12'\n[tool.awaitls]\nselect = ['task']\n");
    dir.write("a/pyproject.toml", "[project]\nname = 'a'\n");
    dir.write("a/b/awaitls.toml", "select = ['blocking-sleep']\n");
    dir.write("a/b/pyproject.toml", "[tool.awaitls]\nselect = []\n");
    ConfigResolver resolver;
    const FileSettings top = resolver.resolve(dir / "x.py");
    EXPECT_EQ(top.config_file, dir / "pyproject.toml");
    EXPECT_EQ(top.settings->target_version, (PythonVersion{3, 12}));
    EXPECT_TRUE(top.settings->enabled.test(rule("dangling-task")));
    EXPECT_FALSE(top.settings->enabled.test(rule("blocking-sleep")));
    EXPECT_EQ(resolver.resolve(dir / "a/x.py").config_file, dir / "pyproject.toml")
        << "a pyproject.toml without ours";
    EXPECT_EQ(resolver.resolve(dir / "a/x.py").settings, top.settings)
        << "one object for equal settings";
    const FileSettings inner = resolver.resolve(dir / "a/b/c/d/x.py");
    EXPECT_EQ(inner.config_file, dir / "a/b/awaitls.toml");
    EXPECT_EQ(inner.settings->enabled.count(), 1u);
    EXPECT_EQ(inner.settings->target_version, (PythonVersion{3, 12}));
    EXPECT_TRUE(resolver.problems().empty());
}

TEST(Resolve, WithoutFilesTheDefaultsHold) {
    const TempDir dir;
    dir.write("pyproject.toml", "[tool.awaitls]\nselect = []\n");
    ConfigOverrides overrides;
    overrides.isolated = true;
    ConfigResolver isolated(overrides);
    EXPECT_EQ(isolated.resolve(dir / "x.py").settings->enabled,
              analysis::default_settings().enabled);
    EXPECT_EQ(isolated.resolve(dir / "x.py").settings->target_version, (PythonVersion{3, 10}));
    EXPECT_EQ(isolated.resolve(dir / "x.py").config_file, "");
}

TEST(Resolve, BrokenFilesAreToldOnceAndTheRestGoesOn) {
    const TempDir dir;
    dir.write("pyproject.toml", "[tool.awaitls]\nselect = ['task']\n");
    dir.write("sub/pyproject.toml", "[project]\nname = \n");
    dir.write("odd/pyproject.toml", "tool.awaitls = 3\n");
    ConfigResolver resolver;
    EXPECT_EQ(resolver.resolve(dir / "sub/x.py").config_file, dir / "pyproject.toml");
    resolver.resolve(dir / "sub/deep/y.py");
    resolver.resolve(dir / "odd/y.py");
    const std::vector<ConfigProblem> problems = resolver.problems();
    ASSERT_EQ(problems.size(), 2u);
    EXPECT_EQ(problems[0].file, dir / "odd/pyproject.toml");
    EXPECT_EQ(problems[0].message, "`tool.awaitls` must be a table");
    EXPECT_EQ(problems[1].file, dir / "sub/pyproject.toml");
    EXPECT_EQ(problems[1].line, 2u);
}

TEST(Resolve, ForgetReadsAgain) {
    const TempDir dir;
    dir.write("awaitls.toml", "select = ['task']\n");
    ConfigResolver resolver;
    const std::shared_ptr<const analysis::Settings> before =
        resolver.resolve(dir / "x.py").settings;
    dir.write("awaitls.toml", "select = ['nosuch']\n");
    EXPECT_EQ(resolver.resolve(dir / "x.py").settings, before);
    resolver.forget();
    EXPECT_TRUE(resolver.resolve(dir / "x.py").settings->enabled.none());
    EXPECT_EQ(resolver.problems().size(), 1u);
    std::filesystem::remove(dir / "awaitls.toml");
    resolver.forget();
    EXPECT_EQ(resolver.resolve(dir / "x.py").config_file, "");
    EXPECT_TRUE(resolver.problems().empty());
}

TEST(Resolve, LayersComeOnTop) {
    const TempDir dir;
    dir.write("awaitls.toml", "select = ['task']\nstrictness = 'likely'\n");
    std::vector<ConfigProblem> problems;
    ConfigResolver resolver;
    resolver.set_layers({layer("select = ['blocking-sleep']", problems, dir.path())});
    EXPECT_EQ(resolver.resolve(dir / "x.py").settings->enabled.count(), 1u);
    EXPECT_EQ(resolver.resolve(dir / "x.py").settings->strictness, analysis::Strictness::Likely);
    resolver.set_layers({});
    EXPECT_TRUE(resolver.resolve(dir / "x.py").settings->enabled.test(rule("dangling-task")));
}

TEST(Resolve, ExcludesAndPerFileIgnores) {
    const TempDir dir;
    dir.write("awaitls.toml", R"(
        exclude = ["gen", "data/*.py", "!build", "/abs/x.py"]
        per-file-ignores."tests/*" = ["blocking"]
        per-file-ignores."one.py" = ["blocking-sleep"]
        per-file-ignores."!src" = ["dangling-task"]
    )");
    ConfigResolver resolver;
    const auto excluded = [&](const char* name) { return resolver.resolve(dir / name).excluded; };
    EXPECT_TRUE(excluded("gen/x.py"));
    EXPECT_TRUE(excluded("a/gen/b/x.py"));
    EXPECT_TRUE(excluded("data/a/b.py"));
    EXPECT_TRUE(excluded(".venv/lib/x.py"));
    EXPECT_FALSE(excluded("build/x.py"));
    EXPECT_FALSE(excluded("generic.py"));
    EXPECT_FALSE(excluded("data.py"));
    EXPECT_TRUE(resolver.excludes(dir / "gen"));
    EXPECT_FALSE(resolver.excludes(dir / "gen/x.py")) << "a walk does not get there";
    EXPECT_TRUE(resolver.excludes(dir / "node_modules"));

    const auto enabled = [&](const char* file, const char* name) {
        return resolver.resolve(dir / file).settings->enabled.test(rule(name));
    };
    EXPECT_FALSE(enabled("tests/a/b.py", "blocking-http"));
    EXPECT_TRUE(enabled("src/tests.py", "blocking-http"));
    EXPECT_FALSE(enabled("src/one.py", "blocking-sleep"));
    EXPECT_TRUE(enabled("src/one.py", "blocking-http"));
    EXPECT_TRUE(enabled("src/a/b.py", "dangling-task"));
    EXPECT_FALSE(enabled("lib/b.py", "dangling-task"));
}

TEST(Resolve, AGivenFileReplacesTheNearest) {
    const TempDir dir;
    dir.write("awaitls.toml", "select = ['task']\n");
    ConfigOverrides overrides;
    overrides.config_file =
        dir.write("other/strict.toml", "select = ['blocking-sleep']\nnosuch = 1\n");
    ConfigResolver resolver(overrides);
    EXPECT_EQ(resolver.resolve(dir / "x.py").settings->enabled.count(), 1u);
    EXPECT_EQ(resolver.resolve(dir / "sub/x.py").settings->enabled.count(), 1u);
    EXPECT_EQ(resolver.problems().size(), 1u);
}

TEST(ConfigurationPage, TellsEveryOption) {
    const TempDir dir;
    dir.write(".venv/pyvenv.cfg", "version = 3.12.1\n");
    const std::string page = configuration_page();
    for (const Option& option : option_table()) {
        EXPECT_NE(page.find("\n## " + std::string(option.key) + "\n"), std::string::npos)
            << option.key;
        if (option.example.empty()) continue;
        std::vector<ConfigProblem> problems;
        layer(option.example, problems, dir.path());
        EXPECT_TRUE(problems.empty()) << option.key << ": " << problems.front().message;
    }
}

} // namespace
} // namespace awaitls::server
