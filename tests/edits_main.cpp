// Edits files at random and checks, after each edit, that the incremental analysis gives what an analysis from scratch gives:
// findings, related places, fixes, lines, regions. Prints "N edits, 0 differences" or the first difference.
//
//   awaitls_edits [--edits N] [--seed S] [--undo N] FILE...
//
// Every --undo edits (default 12) the file returns to its text on disk, so that damage does not pile up.

#include "analysis/rules/catalog.h"
#include "tests/support/fixture.h"
#include "tests/support/random_edits.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace {

using awaitls::analysis::FileAnalysis;

std::string state(const FileAnalysis& file) {
    std::string result = awaitls::tests::render(file);
    for (const awaitls::analysis::RegionInfo& region : file.regions())
        result += std::to_string(region.span.begin) + "-" + std::to_string(region.span.end) +
                  (region.health == awaitls::analysis::Health::Clean ? " clean " : " broken ") +
                  std::to_string(region.id) + "\n";
    result += std::to_string(file.lines().line_count());
    return result;
}

} // namespace

int main(int argc, char** argv) {
    std::uint64_t edits = 1000;
    std::uint64_t seed = 1;
    std::uint64_t undo = 12;
    std::vector<std::string> files;
    for (int i = 1; i < argc; ++i) {
        const auto number = [&](const char* name, std::uint64_t& value) {
            if (std::strcmp(argv[i], name) != 0 || i + 1 >= argc) return false;
            value = std::strtoull(argv[++i], nullptr, 10);
            return true;
        };
        if (!number("--edits", edits) && !number("--seed", seed) && !number("--undo", undo))
            files.emplace_back(argv[i]);
    }
    if (files.empty() || edits == 0 || undo == 0) {
        std::fprintf(stderr, "usage: awaitls_edits [--edits N] [--seed S] [--undo N] FILE...\n");
        return 2;
    }
    // Every rule is on: more to keep equal.
    auto all = std::make_shared<awaitls::analysis::Settings>(awaitls::analysis::default_settings());
    for (std::size_t rule = 0; rule < awaitls::analysis::catalog().size(); ++rule)
        all->enabled.set(rule);
    const std::shared_ptr<const awaitls::analysis::Settings> settings = all;
    awaitls::tests::Random random(seed);
    std::uint64_t done = 0;
    std::uint64_t findings = 0;
    std::uint64_t regions = 0;
    for (std::uint64_t round = 0; done < edits; ++round) {
        const std::string& path = files[round % files.size()];
        auto source =
            std::make_shared<const awaitls::analysis::SourceText>(awaitls::tests::read_file(path));
        std::shared_ptr<const FileAnalysis> current =
            FileAnalysis::analyse(source, settings, "file.py");
        for (std::uint64_t i = 0; i < undo && done < edits; ++i, ++done) {
            const awaitls::analysis::Edit edit =
                awaitls::tests::random_edit(random, current->text());
            const auto edited =
                std::make_shared<const awaitls::analysis::SourceText>(source, edit.span, edit.text);
            const auto whole = std::make_shared<const awaitls::analysis::SourceText>(
                awaitls::analysis::apply_edits(current->text(), {edit}));
            const std::shared_ptr<const FileAnalysis> next =
                FileAnalysis::analyse(edited, settings, "file.py", current);
            const std::shared_ptr<const FileAnalysis> fresh =
                FileAnalysis::analyse(whole, settings, "file.py");
            findings += fresh->diagnostics().size();
            regions += next->regions_computed();
            const std::string a = state(*next);
            const std::string b = state(*fresh);
            if (edited->text() != whole->text() || edited->lines() != whole->lines() || a != b) {
                std::size_t at = 0;
                while (at < a.size() && at < b.size() && a[at] == b[at]) ++at;
                std::printf("difference after edit %llu (seed %llu) of %s: bytes %u-%u became "
                            "\"%s\"\nincremental: ...%s\nfrom scratch: ...%s\n",
                            static_cast<unsigned long long>(done),
                            static_cast<unsigned long long>(seed), path.c_str(), edit.span.begin,
                            edit.span.end, edit.text.c_str(),
                            a.substr(at > 80 ? at - 80 : 0, 300).c_str(),
                            b.substr(at > 80 ? at - 80 : 0, 300).c_str());
                if (std::FILE* out = std::fopen("edits-before.py", "wb")) {
                    std::fwrite(current->text().data(), 1, current->text().size(), out);
                    std::fclose(out);
                }
                if (std::FILE* out = std::fopen("edits-after.py", "wb")) {
                    std::fwrite(whole->text().data(), 1, whole->text().size(), out);
                    std::fclose(out);
                }
                return 1;
            }
            current = next;
            source = edited;
        }
    }
    std::printf("%llu edits, 0 differences (%llu findings compared, %llu regions analysed anew)\n",
                static_cast<unsigned long long>(done), static_cast<unsigned long long>(findings),
                static_cast<unsigned long long>(regions));
    return 0;
}
