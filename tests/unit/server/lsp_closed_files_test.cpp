// What workers do for a pull of the whole workspace.

#include "protocol/uri.h"
#include "server/lsp/closed_files.h"
#include "tests/unit/server/temp_dir.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace awaitls::server {
namespace {

class Fixed final : public analysis::Cancellation {
public:
    explicit Fixed(bool cancelled) : cancelled_(cancelled) {}
    bool cancelled() const override { return cancelled_; }

private:
    bool cancelled_;
};

class ClosedFilesTest : public testing::Test {
protected:
    FoundFiles find(const analysis::Cancellation& cancellation,
                    const std::vector<std::string>& inner = {}) {
        return find_files({{folder_.path(), {}, inner}}, *disk_, cancellation);
    }
    ClosedReports analyse(const std::vector<ClosedFile>& files,
                          const analysis::Cancellation& cancellation) {
        return analyse_closed(
            files, 0, files.size(),
            {style_, previous_, *disk_, disk_, cancellation, *kept_, nullptr, mutex_});
    }
    std::string key(const std::string& name) const {
        return protocol::uri_key(protocol::file_uri(folder_ / name));
    }

    TempDir folder_;
    std::shared_ptr<const DiskModules> disk_ = std::make_shared<const DiskModules>(1 << 20);
    ClientStyle style_;
    PreviousResults previous_;
    std::unique_ptr<KeptResults> kept_ =
        std::make_unique<KeptResults>(nullptr, std::set<std::string>{}, *disk_);
    std::mutex mutex_;
    const Fixed go_on_{false};
    const Fixed stop_{true};
};

TEST_F(ClosedFilesTest, FindsFilesWithTheirProjects) {
    folder_.write("a/pyproject.toml", "[tool.awaitls]\nmax-file-size = 1000\n");
    folder_.write("a/one.py", "");
    folder_.write("b/pyproject.toml", "");
    folder_.write("b/two.py", "");
    folder_.write("c/three.py", "");
    const FoundFiles found = find(go_on_, {folder_ / "c"});
    ASSERT_EQ(found.files.size(), 2U);
    EXPECT_EQ(found.files[0].path, folder_ / "a/one.py");
    EXPECT_EQ(found.files[0].key, key("a/one.py"));
    EXPECT_EQ(found.files[0].max_file_size, 1000U);
    EXPECT_EQ(found.files[1].path, folder_ / "b/two.py");
    EXPECT_EQ(found.projects, (std::set<std::string>{folder_ / "a", folder_ / "b"}));
    EXPECT_TRUE(found.problems.empty());
}

TEST_F(ClosedFilesTest, StopsWhenCancelled) {
    folder_.write("a.py", "");
    EXPECT_TRUE(find(stop_).files.empty());
    EXPECT_TRUE(analyse(find(go_on_).files, stop_).reports.empty());
}

TEST_F(ClosedFilesTest, KeepsNoModuleOfAFileThatNobodyImports) {
    folder_.write("pyproject.toml", "");
    folder_.write("main.py", "from store import load\nload()\n");
    folder_.write("store.py", "async def load(): ...\n");
    const ClosedReports reports = analyse(find(go_on_).files, go_on_);
    EXPECT_EQ(reports.reports.size(), 2U);
    EXPECT_EQ(reports.keys, (std::vector<std::string>{key("main.py"), key("store.py")}));
    EXPECT_EQ(disk_->known(folder_ / "main.py"), nullptr);
    EXPECT_NE(disk_->known(folder_ / "store.py"), nullptr);
}

TEST_F(ClosedFilesTest, LeavesOutWhatCannotBeReadOrIsTooLarge) {
    folder_.write("pyproject.toml", "[tool.awaitls]\nmax-file-size = 10\n");
    folder_.write("gone.py", "");
    folder_.write("large.py", "text = 12345\n");
    folder_.write("small.py", "");
    const std::vector<ClosedFile> files = find(go_on_).files;
    std::filesystem::remove(folder_ / "gone.py");
    const ClosedReports reports = analyse(files, go_on_);
    EXPECT_EQ(reports.keys, std::vector<std::string>{key("small.py")});
    ASSERT_EQ(reports.problems.size(), 1U);
    EXPECT_NE(reports.problems[0].find("gone.py"), std::string::npos);
}

TEST_F(ClosedFilesTest, RepeatsWhatTheClientHolds) {
    folder_.write("a.py", "");
    folder_.write("b.py", "");
    const ClosedReports first = analyse(find(go_on_).files, go_on_);
    EXPECT_FALSE(repeat_reports({first.results, {}}, {}, previous_));
    for (const std::string name : {"a.py", "b.py"}) {
        previous_[key(name)] = {protocol::file_uri(folder_ / name),
                                result_id(first.results.front().hash)};
    }
    const std::optional<ClosedReports> again = repeat_reports({first.results, {}}, {}, previous_);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->reports, analyse(find(go_on_).files, go_on_).reports);
    EXPECT_EQ(again->keys, first.keys);
    // What is open is reported as a document.
    previous_.erase(key("a.py"));
    const std::optional<ClosedReports> rest =
        repeat_reports({first.results, {}}, {key("a.py")}, previous_);
    ASSERT_TRUE(rest);
    EXPECT_EQ(rest->keys, std::vector<std::string>{key("b.py")});
}

TEST_F(ClosedFilesTest, AnalysesWhatAChangeConcerns) {
    folder_.write("pyproject.toml", "");
    folder_.write("main.py", "from store import load\n\n\nasync def main():\n    load()\n");
    folder_.write("store.py", "import base\n\n\ndef load():\n    base.f()\n");
    folder_.write("base.py", "def f(): ...\n");
    folder_.write("other.py", "x = 1\n");
    const std::vector<ClosedFile> files = find(go_on_).files;
    const ClosedReports first = analyse(files, go_on_);
    EXPECT_EQ(first.analysed, 4U);
    const auto results =
        std::make_shared<const ClosedResults>(ClosedResults{first.results, kept_->dependencies()});
    for (std::size_t i = 0; i < files.size(); ++i)
        previous_[files[i].key] = {files[i].uri, result_id(first.results[i].hash)};
    const auto after = [&](const std::string& name, const std::string& text) {
        folder_.write(name, text);
        disk_ = disk_->changed({folder_ / name});
        kept_ =
            std::make_unique<KeptResults>(results, std::set<std::string>{folder_ / name}, *disk_);
        return analyse(files, go_on_);
    };
    const ClosedReports again = after("other.py", "y = 1\n");
    EXPECT_EQ(again.analysed, 1U);
    EXPECT_EQ(again.keys, first.keys);
    EXPECT_EQ(after("base.py", "import time\ndef f(): time.sleep(1)\n").analysed, 3U);
    EXPECT_NE(analyse(files, go_on_).results[1].hash, first.results[1].hash) << "main.py";
    // What the client does not hold is worked out again.
    previous_.erase(key("other.py"));
    EXPECT_EQ(analyse(files, go_on_).analysed, 4U);
}

} // namespace
} // namespace awaitls::server
