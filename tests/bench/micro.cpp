// The steps of an analysis one by one, in process, on the documents that are named before the options of Google
// Benchmark: bench_micro FILE... [--benchmark_...].

#include "analysis/analysis.h"
#include "analysis/rules/catalog.h"
#include "analysis/syntax/lower.h"
#include "analysis/syntax/outline.h"
#include "analysis/syntax/parser.h"
#include "protocol/diagnostics_message.h"
#include "server/lsp/diagnostics.h"

#include <benchmark/benchmark.h>
#include <tree_sitter/api.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

extern "C" const TSLanguage* tree_sitter_python(void);

namespace {

namespace analysis = awaitls::analysis;
using Text = std::shared_ptr<const analysis::SourceText>;

/// A document and the same with one and with two letters typed at one of several places in its async functions.
struct Document {
    std::string name;
    Text text;
    std::vector<std::uint32_t> places; // behind NAME of `NAME = await ...`
    std::vector<Text> typed;           // by place
    std::vector<Text> typed_twice;
};

Document read_document(const std::string& path) {
    constexpr std::size_t kPlaces = 10;
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        std::fprintf(stderr, "cannot read %s\n", path.c_str());
        std::exit(EXIT_FAILURE);
    }
    Document result;
    result.text = std::make_shared<const analysis::SourceText>(
        std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()));
    result.name = std::to_string(result.text->lines().line_count()) + "_lines";
    const std::string& text = result.text->text();
    std::vector<std::uint32_t> all;
    for (std::size_t at = text.find(" = await "); at != std::string::npos;
         at = text.find(" = await ", at + 1))
        all.push_back(static_cast<std::uint32_t>(at));
    for (std::size_t i = 0; i < kPlaces && !all.empty(); ++i) {
        const std::uint32_t place = all[all.size() * i / kPlaces];
        const auto type = [place](const Text& before) {
            return std::make_shared<const analysis::SourceText>(before,
                                                                analysis::Span{place, place}, "x");
        };
        result.places.push_back(place);
        result.typed.push_back(type(result.text));
        result.typed_twice.push_back(type(result.typed.back()));
    }
    return result;
}

std::shared_ptr<const analysis::Settings> settings() {
    static const std::shared_ptr<const analysis::Settings> instance = [] {
        auto made = std::make_shared<analysis::Settings>();
        for (std::size_t rule = 0; rule < analysis::catalog().size(); ++rule)
            made->enabled.set(rule, analysis::catalog()[rule].info.on_by_default);
        return made;
    }();
    return instance;
}

std::shared_ptr<const analysis::FileAnalysis>
analyse(const Text& text, std::shared_ptr<const analysis::FileAnalysis> previous) {
    return analysis::FileAnalysis::analyse(text, settings(), "module.py", std::move(previous));
}

void count_bytes(benchmark::State& state, std::size_t bytes) {
    state.SetBytesProcessed(static_cast<std::int64_t>(bytes) *
                            static_cast<std::int64_t>(state.iterations()));
}

// --- steps ---------------------------------------------------------------------------------------------

void outline(benchmark::State& state, const Document& document) {
    for (auto _ : state) benchmark::DoNotOptimize(analysis::make_outline(document.text->text()));
    count_bytes(state, document.text->text().size());
}

void outline_after_letter(benchmark::State& state, const Document& document) {
    const analysis::Outline before = analysis::make_outline(document.text->text());
    std::size_t turn = 0;
    for (auto _ : state) {
        const std::uint32_t place = document.places[turn];
        benchmark::DoNotOptimize(analysis::edit_outline(
            before, document.text->text(), document.typed[turn]->text(), place,
            static_cast<std::uint32_t>(document.text->text().size()) - place));
        turn = (turn + 1) % document.places.size();
    }
}

/// Tree-sitter and lowering of every region.
void parse_regions(benchmark::State& state, const Document& document) {
    const analysis::Outline cut = analysis::make_outline(document.text->text());
    for (auto _ : state)
        for (const analysis::RegionRange& range : cut.regions)
            benchmark::DoNotOptimize(analysis::parse_region(
                document.text->text().substr(range.span.begin, range.span.size())));
    count_bytes(state, document.text->text().size());
}

void lower_tree(benchmark::State& state, const Document& document) {
    TSParser* const parser = ts_parser_new();
    ts_parser_set_language(parser, tree_sitter_python());
    const std::string& text = document.text->text();
    TSTree* const tree = ts_parser_parse_string(parser, nullptr, text.data(),
                                                static_cast<std::uint32_t>(text.size()));
    for (auto _ : state) benchmark::DoNotOptimize(analysis::lower(tree, text));
    ts_tree_delete(tree);
    ts_parser_delete(parser);
    count_bytes(state, document.text->text().size());
}

void analyse_all(benchmark::State& state, const Document& document) {
    for (auto _ : state) benchmark::DoNotOptimize(analyse(document.text, nullptr));
    count_bytes(state, document.text->text().size());
}

/// The first letter in a function.
void analyse_after_letter(benchmark::State& state, const Document& document) {
    const std::shared_ptr<const analysis::FileAnalysis> before = analyse(document.text, nullptr);
    std::size_t turn = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(analyse(document.typed[turn], before));
        turn = (turn + 1) % document.typed.size();
    }
}

/// A further letter in the same function.
void analyse_while_typing(benchmark::State& state, const Document& document) {
    std::vector<std::shared_ptr<const analysis::FileAnalysis>> before;
    for (const Text& typed : document.typed)
        before.push_back(analyse(typed, analyse(document.text, nullptr)));
    std::size_t turn = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(analyse(document.typed_twice[turn], before[turn]));
        turn = (turn + 1) % document.typed.size();
    }
}

/// A comment that grows at the end of the file: what an edit costs beyond its region, putting all findings together included.
void compose(benchmark::State& state, const Document& document) {
    const auto ending = [&](const char* comment) {
        return std::make_shared<const analysis::SourceText>(document.text->text() +
                                                            "\n\nassert True\n" + comment);
    };
    const std::shared_ptr<const analysis::FileAnalysis> before =
        analyse(ending("# the en"), nullptr);
    const Text after = ending("# the end");
    for (auto _ : state) benchmark::DoNotOptimize(analyse(after, before));
}

/// The diagnostics message of a new analysis, most of whose findings are serialised already.
void render(benchmark::State& state, const Document& document) {
    const std::shared_ptr<const analysis::FileAnalysis> analyses[] = {
        analyse(document.text, nullptr), analyse(document.typed.front(), nullptr)};
    awaitls::server::ClientStyle style;
    const auto uri = std::make_shared<const awaitls::protocol::Uri>(
        awaitls::protocol::parse_uri("file:///module.py"));
    awaitls::server::DiagnosticsView view(style);
    std::size_t turn = 0;
    for (auto _ : state) {
        const auto& analysis = analyses[turn % 2];
        view.show(analysis,
                  awaitls::server::map_of_text(uri, 1, analysis->module()->source, style.encoding));
        awaitls::protocol::DiagnosticsMessage message =
            awaitls::protocol::DiagnosticsMessage::publish("file:///module.py",
                                                           static_cast<std::int32_t>(turn));
        view.append_to(message, 0);
        benchmark::DoNotOptimize(message.finish());
        ++turn;
    }
    state.counters["findings"] = static_cast<double>(analyses[0]->diagnostics().size());
}

} // namespace

int main(int argc, char** argv) {
    std::vector<Document> documents;
    int named = 1;
    for (; named < argc && argv[named][0] != '-'; ++named)
        documents.push_back(read_document(argv[named]));
    if (documents.empty()) {
        std::fprintf(stderr, "usage: bench_micro FILE... [--benchmark_...]\n");
        return EXIT_FAILURE;
    }
    struct Step {
        const char* name;
        void (*run)(benchmark::State&, const Document&);
        bool types;
    };
    constexpr Step kSteps[] = {
        {"outline", outline, false},
        {"outline_after_letter", outline_after_letter, true},
        {"parse_regions", parse_regions, false},
        {"lower_tree", lower_tree, false},
        {"analyse_all", analyse_all, false},
        {"analyse_after_letter", analyse_after_letter, true},
        {"analyse_while_typing", analyse_while_typing, true},
        {"compose", compose, false},
        {"render", render, true},
    };
    for (const Document& document : documents) {
        for (const Step& step : kSteps) {
            if (step.types && document.places.empty()) continue;
            benchmark::RegisterBenchmark((std::string(step.name) + "/" + document.name).c_str(),
                                         step.run, document);
        }
    }
    std::vector<char*> rest{argv[0]};
    rest.insert(rest.end(), argv + named, argv + argc);
    int count = static_cast<int>(rest.size());
    benchmark::Initialize(&count, rest.data());
    if (benchmark::ReportUnrecognizedArguments(count, rest.data())) return EXIT_FAILURE;
    benchmark::RunSpecifiedBenchmarks();
    return EXIT_SUCCESS;
}
