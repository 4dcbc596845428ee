// Sessions whose analyses fail, hang and are overtaken, which no real text makes them do.

#include "protocol/json_text.h"
#include "protocol/transport.h"
#include "server/lsp/session.h"
#include "tests/unit/server/temp_dir.h"

#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace awaitls::server {
namespace {

using analysis::FileAnalysis;

/// Workers wait here until the test lets them go on.
class Gate {
public:
    void open() {
        {
            const std::lock_guard lock(mutex_);
            open_ = true;
        }
        changed_.notify_all();
    }
    void pass() {
        std::unique_lock lock(mutex_);
        ++waiting_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return open_; });
    }
    /// Until somebody has arrived.
    void await() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return waiting_ > 0; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
    int waiting_ = 0;
};

/// A session and its client in one process and, but for the workers, on one thread.
class SessionTest : public testing::Test {
protected:
    ~SessionTest() override {
        gate_.open(); // whatever a test left behind
    }

    /// Requires: once, first.
    void start(AnalyseFunction analyse, const std::string& capabilities = "{}",
               const std::string& more_params = "") {
        auto [server, client] = protocol::make_memory_transports(loop_.io());
        client_ = std::move(client);
        protocol::Transport::Handlers handlers;
        handlers.on_messages = [this](std::vector<std::string> bodies) {
            for (std::string& body : bodies) {
                received_.push_back(std::move(body));
            }
        };
        handlers.on_warning = [](const std::string&) {};
        handlers.on_end = [](protocol::EndReason, const std::string&) {};
        client_->start(std::move(handlers));
        SessionOptions options;
        options.analyse = std::move(analyse);
        options.on_parent = [](std::int64_t) {};
        options.on_exit = [this](int status) { exit_status_ = status; };
        options.on_end = [] {};
        session_ =
            std::make_unique<Session>(loop_, pool_, log_, std::move(server), std::move(options));
        session_->start();
        send(
            R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"rootUri":null,)"
            R"("capabilities":)" +
            capabilities + more_params + "}}");
        send(R"({"jsonrpc":"2.0","method":"initialized","params":{}})");
        receive(R"("id":1,"result")");
    }

    void send(std::string body) { client_->send(std::move(body)); }
    void notify(const std::string& method, const std::string& params) {
        send(R"({"jsonrpc":"2.0","method":")" + method + R"(","params":)" + params + "}");
    }
    void request(int id, const std::string& method, const std::string& params) {
        send(R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"method":")" + method +
             R"(","params":)" + params + "}");
    }
    void open(const std::string& text) {
        notify(
            "textDocument/didOpen",
            R"({"textDocument":{"uri":"file:///a.py","languageId":"python","version":1,"text":")" +
                text + "\"}}");
    }
    void change(int version, const std::string& text) {
        notify("textDocument/didChange", R"({"textDocument":{"uri":"file:///a.py","version":)" +
                                             std::to_string(version) +
                                             R"(},"contentChanges":[{"text":")" + text + "\"}]}");
    }
    void hover(int id) {
        request(id, "textDocument/hover",
                R"({"textDocument":{"uri":"file:///a.py"},"position":{"line":0,"character":0}})");
    }

    /// Runs the loop until a message that contains `part` has come; takes and returns it.
    std::string receive(const std::string& part) {
        for (;;) {
            for (std::size_t i = 0; i < received_.size(); ++i) {
                if (received_[i].find(part) != std::string::npos) {
                    std::string found = std::move(received_[i]);
                    received_.erase(received_.begin() + static_cast<std::ptrdiff_t>(i));
                    return found;
                }
            }
            loop_.io().run_one();
        }
    }
    /// Lets everything already sent be handled, by a round trip.
    void settle(int id) {
        request(id, "unheard/of", "{}");
        receive("\"id\":" + std::to_string(id));
    }
    std::size_t count(const std::string& part) const {
        std::size_t found = 0;
        for (const std::string& body : received_) {
            found += body.find(part) != std::string::npos ? 1U : 0U;
        }
        return found;
    }

    EventLoop loop_;
    Log log_{LogLevel::Info};
    Pool pool_{3};
    std::unique_ptr<protocol::Transport> client_;
    std::vector<std::string> received_;
    int exit_status_ = -1;
    Gate gate_;
    std::atomic<int> runs_{0};
    std::unique_ptr<Session> session_; // dies before the pool that works for it
};

TEST_F(SessionTest, OneFailureIsTriedAgain) {
    start(
        [this](auto text, auto settings, auto name, auto previous, auto* cancellation, auto place) {
            if (++runs_ == 1) {
                throw std::runtime_error("a defect");
            }
            return FileAnalysis::analyse(text, settings, name, previous, cancellation, place);
        });
    open("x = 1\\n");
    EXPECT_NE(receive("publishDiagnostics").find("\"diagnostics\":[]"), std::string::npos);
    EXPECT_EQ(runs_, 2);
    EXPECT_NE(receive("logMessage\",\"params\":{\"type\":1").find("a defect"), std::string::npos);
}

TEST_F(SessionTest, AContentThatFailsTwiceIsLeftAlone) {
    start(
        [this](auto text, auto settings, auto name, auto previous, auto* cancellation, auto place) {
            ++runs_;
            if (text->text().find("bad") != std::string::npos) {
                throw std::runtime_error("a defect");
            }
            return FileAnalysis::analyse(text, settings, name, previous, cancellation, place);
        });
    open("bad\\n");
    EXPECT_NE(receive("publishDiagnostics").find("Not analysed until it changes"),
              std::string::npos);
    EXPECT_EQ(runs_, kMaxFailures);
    hover(2);
    EXPECT_NE(receive("\"id\":2").find("\"result\":null"), std::string::npos);
    notify("textDocument/didSave", R"({"textDocument":{"uri":"file:///a.py"}})");
    settle(3);
    EXPECT_EQ(runs_, kMaxFailures);
    change(2, "good\\n");
    EXPECT_NE(receive("publishDiagnostics").find("\"diagnostics\":[]"), std::string::npos);
    EXPECT_EQ(runs_, kMaxFailures + 1);
}

TEST_F(SessionTest, AFirstAnalysisThatIsOvertakenIsNotPublished) {
    start(
        [this](auto text, auto settings, auto name, auto previous, auto* cancellation, auto place) {
            if (++runs_ == 1) {
                gate_.pass();
            }
            return FileAnalysis::analyse(text, settings, name, previous, cancellation, place);
        });
    open("x = 1\\n");
    settle(2);
    gate_.await();
    change(2, "x = 2\\n");
    settle(3);
    gate_.open();
    EXPECT_NE(receive("publishDiagnostics").find("\"version\":2"), std::string::npos);
    settle(4);
    EXPECT_EQ(count("publishDiagnostics"), 0U);
}

TEST_F(SessionTest, AnOvertakenAnalysisIsCancelled) {
    std::atomic<int> cancelled{0};
    start([this, &cancelled](auto text, auto settings, auto name, auto previous, auto* cancellation,
                             auto place) -> AnalysisPtr {
        ++runs_;
        if (text->text().find("endless") != std::string::npos) {
            while (!cancellation->cancelled()) {
                std::this_thread::yield();
            }
            ++cancelled;
            return nullptr;
        }
        return FileAnalysis::analyse(text, settings, name, previous, cancellation, place);
    });
    open("x = 1\\n");
    receive("publishDiagnostics");
    change(2, "endless\\n"); // on the io thread until its deadline, then on a worker
    settle(2);
    change(3, "x = 3\\n");
    EXPECT_NE(receive("publishDiagnostics").find("\"version\":3"), std::string::npos);
    EXPECT_EQ(count("publishDiagnostics"), 0U);
    session_.reset();
    EXPECT_TRUE(pool_.stop(std::chrono::minutes(1)));
    EXPECT_EQ(cancelled, 2);
}

TEST_F(SessionTest, ARequestThatWaitsCanBeCancelled) {
    start(
        [this](auto text, auto settings, auto name, auto previous, auto* cancellation, auto place) {
            gate_.pass();
            return FileAnalysis::analyse(text, settings, name, previous, cancellation, place);
        });
    open("x = 1\\n");
    hover(2);
    hover(3);
    settle(4);
    notify("$/cancelRequest", R"({"id":2})");
    EXPECT_NE(receive("\"id\":2").find("-32800"), std::string::npos);
    EXPECT_EQ(count("\"id\":3"), 0U);
    gate_.open();
    EXPECT_NE(receive("\"id\":3").find("\"result\":null"), std::string::npos);
}

TEST_F(SessionTest, AWaitingPullAnswersForTheNewText) {
    start(
        [this](auto text, auto settings, auto name, auto previous, auto* cancellation, auto place) {
            gate_.pass();
            return FileAnalysis::analyse(text, settings, name, previous, cancellation, place);
        },
        R"({"textDocument":{"diagnostic":{}}})");
    open("x = 1\\n");
    request(2, "textDocument/diagnostic", R"({"textDocument":{"uri":"file:///a.py"}})");
    settle(3);
    change(2, "x = 2\\n");
    settle(4);
    gate_.open();
    EXPECT_NE(receive("\"id\":2").find("\"kind\":\"full\""), std::string::npos);
}

TEST_F(SessionTest, APullDuringEndlessEditsIsToldToComeAgain) {
    start(
        [this](auto text, auto settings, auto name, auto previous, auto* cancellation, auto place) {
            gate_.pass();
            return FileAnalysis::analyse(text, settings, name, previous, cancellation, place);
        },
        R"({"textDocument":{"diagnostic":{}}})");
    open("x = 1\\n");
    request(2, "textDocument/diagnostic", R"({"textDocument":{"uri":"file:///a.py"}})");
    for (int version = 2; version <= kMaxCarried + 2; ++version) {
        settle(100 + version);
        change(version, "x = 2\\n");
    }
    const std::string answer = receive("\"id\":2,");
    EXPECT_NE(answer.find("-32802"), std::string::npos);
    EXPECT_NE(answer.find("\"retriggerRequest\":true"), std::string::npos);
}

TEST_F(SessionTest, ShutdownAnswersWhatWaits) {
    start(
        [this](auto text, auto settings, auto name, auto previous, auto* cancellation, auto place) {
            gate_.pass();
            return FileAnalysis::analyse(text, settings, name, previous, cancellation, place);
        });
    open("x = 1\\n");
    hover(2);
    settle(3);
    request(4, "shutdown", "null");
    EXPECT_NE(receive("\"id\":2").find("error"), std::string::npos);
    EXPECT_NE(receive("\"id\":4").find("\"result\":null"), std::string::npos);
    notify("exit", "null");
    while (exit_status_ < 0) {
        loop_.io().run_one();
    }
    EXPECT_EQ(exit_status_, 0);
}

/// Params of `initialize` that make a folder one whose closed files are reported.
std::string whole_folder(const TempDir& folder) {
    return R"(,"workspaceFolders":[{"uri":"file://)" + folder.path() +
           R"(","name":"a"}],"initializationOptions":{"diagnosticMode":"workspace"})";
}

TEST_F(SessionTest, AWorkspacePullWaitsForOpenDocuments) {
    start(
        [this](auto text, auto settings, auto name, auto previous, auto* cancellation, auto place) {
            gate_.pass();
            return FileAnalysis::analyse(text, settings, name, previous, cancellation, place);
        },
        R"({"textDocument":{"diagnostic":{}}})");
    open("x = 1\\n");
    request(2, "workspace/diagnostic", R"({"previousResultIds":[]})");
    request(3, "workspace/diagnostic", R"({"previousResultIds":[]})");
    settle(4);
    notify("$/cancelRequest", R"({"id":2})");
    EXPECT_NE(receive("\"id\":2").find("-32800"), std::string::npos);
    change(2, "x = 2\\n");
    settle(5);
    EXPECT_EQ(count("\"id\":3"), 0U);
    gate_.open();
    EXPECT_NE(receive("\"id\":3").find("\"version\":2,\"kind\":\"full\""), std::string::npos);
}

TEST_F(SessionTest, AWorkspacePullDoesNotWaitForADocumentThatIsClosed) {
    start(
        [this](auto text, auto settings, auto name, auto previous, auto* cancellation, auto place) {
            gate_.pass();
            return FileAnalysis::analyse(text, settings, name, previous, cancellation, place);
        },
        R"({"textDocument":{"diagnostic":{}}})");
    open("x = 1\\n");
    request(2, "workspace/diagnostic", R"({"previousResultIds":[]})");
    settle(3);
    notify("textDocument/didClose", R"({"textDocument":{"uri":"file:///a.py"}})");
    EXPECT_NE(receive("\"id\":2").find("\"items\":[]"), std::string::npos);
}

TEST_F(SessionTest, AWorkspacePullIsCancelledWhileWorkersAreBusy) {
    const TempDir folder;
    folder.write("a.py", "x = 1\n");
    start(FileAnalysis::analyse, R"({"textDocument":{"diagnostic":{}}})", whole_folder(folder));
    pool_.submit(Lane::Background, [this] { gate_.pass(); });
    gate_.await();
    request(2, "workspace/diagnostic", R"({"previousResultIds":[],"workDoneToken":"w"})");
    request(3, "workspace/diagnostic", R"({"previousResultIds":[]})");
    settle(4);
    EXPECT_NE(receive("$/progress").find("\"kind\":\"begin\""), std::string::npos);
    notify("$/cancelRequest", R"({"id":2})");
    EXPECT_NE(receive("\"id\":2").find("-32800"), std::string::npos);
    EXPECT_NE(receive("$/progress").find("\"kind\":\"end\""), std::string::npos);
    EXPECT_EQ(count("\"id\":3"), 0U);
    gate_.open();
    EXPECT_NE(receive("\"id\":3").find("a.py\",\"version\":null,\"kind\":\"full\""),
              std::string::npos);
}

TEST_F(SessionTest, ShutdownAnswersAWorkspacePull) {
    const TempDir folder;
    start(FileAnalysis::analyse, R"({"textDocument":{"diagnostic":{}}})", whole_folder(folder));
    pool_.submit(Lane::Background, [this] { gate_.pass(); });
    request(2, "workspace/diagnostic", R"({"previousResultIds":[]})");
    settle(3);
    request(4, "shutdown", "null");
    EXPECT_NE(receive("\"id\":2").find("-32802"), std::string::npos);
    EXPECT_NE(receive("\"id\":4").find("\"result\":null"), std::string::npos);
}

TEST_F(SessionTest, ALongAnalysisIsShownAsProgress) {
    start(
        [this](auto text, auto settings, auto name, auto previous, auto* cancellation, auto place) {
            gate_.pass();
            return FileAnalysis::analyse(text, settings, name, previous, cancellation, place);
        },
        R"({"window":{"workDoneProgress":true}})");
    open("x = 1\\n");
    const std::string create = receive("window/workDoneProgress/create");
    const std::size_t at = create.find("\"id\":") + 5;
    send(R"({"jsonrpc":"2.0","result":null,"id":)" +
         create.substr(at, create.find_first_of(",}", at) - at) + "}");
    EXPECT_NE(receive("$/progress").find("\"kind\":\"begin\""), std::string::npos);
    gate_.open();
    EXPECT_NE(receive("$/progress").find("\"kind\":\"end\""), std::string::npos);
    receive("publishDiagnostics");
}

} // namespace
} // namespace awaitls::server
