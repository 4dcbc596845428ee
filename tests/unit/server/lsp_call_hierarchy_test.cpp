#include "analysis/rules/catalog.h"
#include "protocol/uri.h"
#include "server/lsp/call_hierarchy.h"
#include "tests/unit/server/temp_dir.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::server {
namespace {

class After final : public analysis::Cancellation {
public:
    explicit After(std::size_t questions) : left_(questions) {}
    bool cancelled() const override { return left_ == 0 || --left_ == 0; }

private:
    mutable std::size_t left_;
};
constexpr std::size_t kNever = 1'000'000;

/// A project with `store.f` and modules that call it.
class LspCallHierarchy : public testing::Test {
protected:
    LspCallHierarchy() {
        dir_.write("pyproject.toml", "");
        dir_.write("store.py", "def f(): pass\n");
        for (int i = 0; i < 5; ++i) {
            dir_.write("m" + std::to_string(i) + ".py", "from store import f\nf()\n");
        }
        auto disk = std::make_shared<DiskModules>(1'000'000);
        disk->index_with(
            [this](const std::string&, const std::function<bool()>&) {
                std::vector<std::string> files;
                for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
                    if (entry.path().extension() == ".py" && entry.path().stem() != "ignored") {
                        files.push_back(entry.path().string());
                    }
                }
                return files;
            },
            DiskModules::one_after_the_other);
        world_.disk = std::move(disk);
        world_.settings = std::make_shared<const analysis::Settings>(analysis::default_settings());
    }

    CallQuestion callers_of(const std::string& name, const std::string& file = "store.py") {
        CallQuestion question;
        question.kind = CallQuestion::Kind::Incoming;
        question.uri = protocol::file_uri(dir_.path() + "/" + file);
        question.name = name;
        return question;
    }

    static std::size_t count(std::string_view text, std::string_view part) {
        std::size_t result = 0;
        for (std::size_t at = text.find(part); at != std::string_view::npos;
             at = text.find(part, at + 1)) {
            ++result;
        }
        return result;
    }

    TempDir dir_;
    CallWorld world_;
};

TEST_F(LspCallHierarchy, SaysWhatItDidNotSearch) {
    const CallQuestion question = callers_of("f");
    std::optional<CallAnswer> answer = answer_about_calls(question, world_, After(kNever));
    ASSERT_TRUE(answer);
    EXPECT_EQ(count(answer->result.text, "\"from\""), 5U);
    EXPECT_TRUE(answer->problems.empty());
    world_.max_files = 4; // the item's own file among them
    answer = answer_about_calls(question, world_, After(kNever));
    EXPECT_EQ(count(answer->result.text, "\"from\""), 3U);
    ASSERT_EQ(answer->problems.size(), 1U);
    EXPECT_EQ(answer->problems.front(),
              "more than 4 files may call `f`: callers in the others are not shown");
}

TEST_F(LspCallHierarchy, SaysThatAFileIsExcluded) {
    dir_.write("ignored.py", "def g(): g()\n");
    ASSERT_TRUE(answer_about_calls(callers_of("f"), world_, After(kNever))) << "it is indexed";
    const std::optional<CallAnswer> answer =
        answer_about_calls(callers_of("g", "ignored.py"), world_, After(kNever));
    ASSERT_TRUE(answer);
    EXPECT_EQ(count(answer->result.text, "\"from\""), 1U);
    ASSERT_EQ(answer->problems.size(), 1U);
    EXPECT_NE(answer->problems.front().find("is excluded from its project"), std::string::npos);
}

TEST_F(LspCallHierarchy, EndsWhereverItIsCancelled) {
    const CallQuestion question = callers_of("f");
    std::size_t questions = 1;
    for (; questions < 1000; ++questions) {
        if (answer_about_calls(question, world_, After(questions))) {
            break;
        }
    }
    EXPECT_GT(questions, 6U) << "asked for each file";
    EXPECT_LT(questions, 1000U);
}

TEST_F(LspCallHierarchy, AFileThatGoesWithoutAWord) {
    const CallQuestion question = callers_of("f");
    ASSERT_TRUE(answer_about_calls(question, world_, After(kNever)));
    std::filesystem::remove(dir_.path() + "/m3.py");
    const std::optional<CallAnswer> answer = answer_about_calls(question, world_, After(kNever));
    EXPECT_EQ(count(answer->result.text, "\"from\""), 4U);
    std::filesystem::remove(dir_.path() + "/m4.py");
    EXPECT_EQ(answer_about_calls(callers_of("f", "m4.py"), world_, After(kNever))->result.text,
              "null");
}

TEST_F(LspCallHierarchy, DataComesBackAsItWasWritten) {
    CallQuestion question = callers_of("f");
    question.kind = CallQuestion::Kind::Prepare;
    question.position = {0, 4};
    const std::optional<CallAnswer> answer = answer_about_calls(question, world_, After(kNever));
    ASSERT_TRUE(answer);
    const std::size_t data = answer->result.text.find("\"data\":");
    ASSERT_NE(data, std::string::npos);
    protocol::CallHierarchyItem item;
    item.uri = question.uri;
    item.data.text = answer->result.text.substr(data + 7);
    item.data.text.resize(item.data.text.size() - 2); // "}]"
    const std::optional<CallQuestion> read = read_call_data(item);
    ASSERT_TRUE(read) << item.data.text;
    EXPECT_EQ(read->uri, question.uri);
    EXPECT_EQ(read->name, "f");
    EXPECT_EQ(read->item, analysis::CallItem::Kind::Function);
    EXPECT_EQ(read->position, (protocol::Position{0, 4}));
    for (const char* const bad : {"", "null", "[]", "{", "{\"uri\":\"x\"}", "3"}) {
        item.data.text = bad;
        EXPECT_FALSE(read_call_data(item)) << bad;
    }
}

} // namespace
} // namespace awaitls::server
