#include "analysis/knowledge/knowledge.h"
#include "analysis/knowledge/knowledge_data.h"
#include "analysis/knowledge/tables.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::analysis {
namespace {

std::string canonical(std::string_view name) {
    std::string_view head;
    std::string_view tail;
    const bool changed = canonical_name(name, head, tail);
    const std::string joined = std::string(head) + std::string(tail);
    EXPECT_EQ(changed, joined != name) << name;
    return joined;
}

std::string returns(std::string_view name) {
    const Api* const api = find_api(name);
    return api != nullptr ? std::string(api->returns) : "(unknown)";
}

/// The dotted names of an annotation.
std::vector<std::string> names_of(std::string_view annotation) {
    std::vector<std::string> names;
    std::string name;
    for (const char c : std::string(annotation) + " ") {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.') {
            name += c;
        } else if (!name.empty()) {
            if (name != "...") {
                names.push_back(name);
            }
            name.clear();
        }
    }
    return names;
}

TEST(KnowledgeBlocking, FindsFunctionsMethodsAndClasses) {
    const BlockingApi* const sleep = find_blocking("time.sleep", BlockingUse::Call);
    ASSERT_NE(sleep, nullptr);
    EXPECT_EQ(sleep->kind, BlockingKind::Sleep);
    EXPECT_EQ(sleep->fix, BlockingFix::Sleep);
    EXPECT_EQ(sleep->replacement, "asyncio.sleep");
    EXPECT_EQ(find_blocking("time.sleep", BlockingUse::Enter), nullptr);

    const struct {
        std::string_view name;
        BlockingUse use;
        BlockingKind kind;
    } expected[] = {
        {"requests.get", BlockingUse::Call, BlockingKind::Http},
        {"requests.Session.post", BlockingUse::Call, BlockingKind::Http},
        {"httpx.Client.get", BlockingUse::Call, BlockingKind::Http},
        {"urllib.request.urlopen", BlockingUse::Call, BlockingKind::Http},
        {"subprocess.run", BlockingUse::Call, BlockingKind::Subprocess},
        {"subprocess.Popen", BlockingUse::Call, BlockingKind::Subprocess},
        {"subprocess.Popen.wait", BlockingUse::Call, BlockingKind::ProcessWait},
        {"builtins.open", BlockingUse::Call, BlockingKind::Open},
        {"pathlib.Path.open", BlockingUse::Call, BlockingKind::Open},
        {"pathlib.Path.read_text", BlockingUse::Call, BlockingKind::FileMethod},
        {"shutil.rmtree", BlockingUse::Call, BlockingKind::FileMethod},
        {"io.TextIOWrapper.read", BlockingUse::Call, BlockingKind::FileMethod},
        {"io.TextIOWrapper", BlockingUse::Iterate, BlockingKind::FileMethod},
        {"os.path.exists", BlockingUse::Call, BlockingKind::Path},
        {"builtins.input", BlockingUse::Call, BlockingKind::Input},
        {"sqlite3.connect", BlockingUse::Call, BlockingKind::Database},
        {"sqlite3.Cursor.execute", BlockingUse::Call, BlockingKind::Database},
        {"redis.Redis.get", BlockingUse::Call, BlockingKind::Database},
        {"socket.socket.recv", BlockingUse::Call, BlockingKind::Socket},
        {"smtplib.SMTP", BlockingUse::Call, BlockingKind::Network},
        {"socket.getaddrinfo", BlockingUse::Call, BlockingKind::Network},
        {"threading.Lock", BlockingUse::Enter, BlockingKind::Lock},
        {"threading.Lock.acquire", BlockingUse::Call, BlockingKind::Lock},
        {"threading.Thread.join", BlockingUse::Call, BlockingKind::Wait},
        {"queue.Queue.get", BlockingUse::Call, BlockingKind::Wait},
        {"concurrent.futures.Future.result", BlockingUse::Call, BlockingKind::Wait},
        {"zlib.compress", BlockingUse::Call, BlockingKind::Cpu},
        {"os.walk", BlockingUse::Call, BlockingKind::DirectoryWalk},
        {"ssl.SSLContext.load_cert_chain", BlockingUse::Call, BlockingKind::TlsCerts},
        {"importlib.import_module", BlockingUse::Call, BlockingKind::Import},
    };
    for (const auto& [name, use, kind] : expected) {
        const BlockingApi* const row = find_blocking(name, use);
        ASSERT_NE(row, nullptr) << name;
        EXPECT_EQ(row->kind, kind) << name;
    }
}

TEST(KnowledgeBlocking, LeavesOutWhatDoesNotBlock) {
    for (const std::string_view name :
         {"urllib3.PoolManager", "requests.Session", "subprocess.Popen.poll", "os.path.join",
          "os.path.normpath", "pathlib.PurePath.joinpath", "queue.Queue.put",
          "queue.Queue.get_nowait", "asyncio.sleep", "asyncio.run", "logging.info", "json.loads",
          "pymongo.MongoClient", "redis.Redis", "redis.Redis.pipeline", "nothing.known", "time",
          ""}) {
        EXPECT_EQ(find_blocking(name, BlockingUse::Call), nullptr) << name;
    }
    EXPECT_EQ(find_blocking("asyncio.Lock", BlockingUse::Enter), nullptr);
}

TEST(KnowledgeBlocking, WildcardStandsForPublicMethodsOnly) {
    const BlockingApi* const row =
        find_blocking("botocore.client.BaseClient.put_object", BlockingUse::Call);
    ASSERT_NE(row, nullptr);
    EXPECT_EQ(row->name, "botocore.client.BaseClient.*");
    EXPECT_EQ(find_blocking("botocore.client.BaseClient._private", BlockingUse::Call), nullptr);
    EXPECT_EQ(find_blocking("botocore.client.BaseClient.get_paginator", BlockingUse::Call),
              nullptr);
    EXPECT_EQ(find_blocking("botocore.client.BaseClient.", BlockingUse::Call), nullptr);
    EXPECT_EQ(find_blocking("botocore.client.BaseClient", BlockingUse::Call), nullptr);
    EXPECT_EQ(find_blocking("botocore.client.BaseClient.*", BlockingUse::Enter), nullptr);
}

TEST(KnowledgeBlocking, IsInheritedAlongBases) {
    const BlockingApi* const row =
        find_blocking("http.client.HTTPSConnection.request", BlockingUse::Call);
    ASSERT_NE(row, nullptr);
    EXPECT_EQ(row->name, "http.client.HTTPConnection.request");
    ASSERT_NE(find_blocking("queue.PriorityQueue.get", BlockingUse::Call), nullptr);
    EXPECT_EQ(find_blocking("redis.asyncio.Redis.get", BlockingUse::Call), nullptr);
}

TEST(KnowledgeApi, KnowsWhatCallsGive) {
    EXPECT_EQ(find_api("asyncio.sleep")->kind, ApiKind::Coroutine);
    EXPECT_EQ(find_api("asyncio.open_connection")->kind, ApiKind::Coroutine);
    EXPECT_EQ(returns("asyncio.open_connection"),
              "tuple[asyncio.StreamReader, asyncio.StreamWriter]");
    EXPECT_EQ(find_api("asyncio.create_task")->kind, ApiKind::Awaitable);
    EXPECT_EQ(returns("asyncio.create_task"), "asyncio.Task");
    EXPECT_EQ(find_api("asyncio.gather")->kind, ApiKind::Awaitable);
    EXPECT_EQ(returns("asyncio.timeout"), "asyncio.Timeout");
    EXPECT_EQ(returns("asyncio.run_coroutine_threadsafe"), "concurrent.futures.Future");
    EXPECT_EQ(returns("asyncio.get_running_loop"), "asyncio.AbstractEventLoop");
    EXPECT_EQ(returns("asyncio.create_subprocess_exec"), "asyncio.subprocess.Process");
    EXPECT_EQ(find_api("asyncio.subprocess.Process.wait")->kind, ApiKind::Coroutine);
    EXPECT_EQ(returns("concurrent.futures.Executor.submit"), "concurrent.futures.Future");
    EXPECT_EQ(returns("sqlite3.connect"), "sqlite3.Connection");
    EXPECT_EQ(returns("sqlite3.Connection.execute"), "sqlite3.Cursor");
    EXPECT_EQ(returns("builtins.open"), "io.TextIOWrapper");
    EXPECT_EQ(returns("requests.get"), "requests.Response");
    EXPECT_EQ(returns("requests.session"), "requests.Session");
    EXPECT_EQ(returns("logging.getLogger"), "logging.Logger");
    EXPECT_EQ(find_api("httpx.AsyncClient.get")->kind, ApiKind::Coroutine);
    EXPECT_EQ(returns("httpx.AsyncClient.get"), "httpx.Response");
    EXPECT_EQ(find_api("httpx.AsyncClient.stream")->kind, ApiKind::AsyncManager);
    EXPECT_EQ(find_api("aiohttp.ClientSession.get")->kind, ApiKind::CoroutineOrManager);
    EXPECT_EQ(returns("aiohttp.ClientSession.get"), "aiohttp.ClientResponse");
    EXPECT_EQ(find_api("aiohttp.ClientResponse.json")->kind, ApiKind::Coroutine);
    EXPECT_EQ(find_api("aiosqlite.connect")->kind, ApiKind::CoroutineOrManager);
    EXPECT_EQ(find_api("asyncpg.create_pool")->kind, ApiKind::CoroutineOrManager);
    EXPECT_EQ(find_api("redis.asyncio.Redis.get")->kind, ApiKind::Coroutine);
    EXPECT_EQ(find_api("redis.asyncio.client.Pipeline.get"), nullptr);
    EXPECT_EQ(find_api("trio.open_nursery")->kind, ApiKind::AsyncManager);
    EXPECT_EQ(returns("trio.open_nursery"), "trio.Nursery");
    EXPECT_EQ(find_api("websockets.connect")->kind, ApiKind::CoroutineOrManager);
    EXPECT_EQ(find_api("nothing.known"), nullptr);
    EXPECT_EQ(find_api(""), nullptr);
}

TEST(KnowledgeApi, ClassesGiveThemselvesAndMembersAreInherited) {
    EXPECT_EQ(find_api("threading.Lock")->kind, ApiKind::Class);
    EXPECT_EQ(returns("threading.Lock"), "threading.Lock");
    EXPECT_EQ(returns("asyncio.BaseEventLoop.create_task"),
              returns("asyncio.AbstractEventLoop.create_task"));
    EXPECT_EQ(find_api("asyncio.Task.add_done_callback"),
              find_api("asyncio.Future.add_done_callback"));
}

TEST(KnowledgeApi, SelfIsTheClassThatWasAsked) {
    EXPECT_EQ(returns("pathlib.PurePath.parent"), "pathlib.PurePath");
    EXPECT_EQ(returns("pathlib.Path.parent"), "pathlib.Path");
    EXPECT_EQ(returns("pathlib.Path.with_suffix"), "pathlib.Path");
    EXPECT_EQ(returns("pathlib.Path.cwd"), "pathlib.Path");
    EXPECT_EQ(returns("pathlib.Path.iterdir"), "collections.abc.Generator[pathlib.Path]");
}

TEST(KnowledgeClasses, KnowProtocols) {
    const struct {
        std::string_view name;
        std::string_view flags; // a letter per flag: w W f F a c
    } expected[] = {
        {"asyncio.Lock", "Wc"},
        {"asyncio.TaskGroup", "Wc"},
        {"asyncio.Timeout", "Wc"},
        {"asyncio.Queue", "c"},
        {"asyncio.StreamReader", "Fc"},
        {"asyncio.Runner", "wc"},
        {"threading.Lock", "wc"},
        {"io.TextIOWrapper", "wfc"},
        {"requests.Session", "wc"},
        {"requests.Response", "wfc"},
        {"httpx.Client", "wc"},
        {"httpx.AsyncClient", "Wc"},
        {"aiohttp.ClientSession", "Wc"},
        {"aiohttp.ClientResponse", "Wc"},
        {"asyncpg.Pool", "Wac"},
        {"aiosqlite.Connection", "Wac"},
        {"trio.Nursery", "c"},
        {"trio.CancelScope", "wc"},
        {"anyio.CancelScope", "wc"},
        {"concurrent.futures.ThreadPoolExecutor", "wc"},
        {"builtins.list", "fc"},
        {"builtins.dict", "fc"},
        {"builtins.str", "fc"},
        {"builtins.int", "c"},
        {"contextlib.nullcontext", "wWc"},
        {"sqlite3.Cursor", "fc"},
    };
    for (const auto& [name, flags] : expected) {
        const ClassInfo* const info = find_class(name);
        ASSERT_NE(info, nullptr) << name;
        const std::string found =
            std::string(info->sync_manager ? "w" : "") + (info->async_manager ? "W" : "") +
            (info->sync_iterable ? "f" : "") + (info->async_iterable ? "F" : "") +
            (info->awaitable ? "a" : "") + (info->complete ? "c" : "");
        EXPECT_EQ(found, flags) << name;
    }
    EXPECT_FALSE(find_class("collections.abc.Iterator")->complete);
    EXPECT_EQ(find_class("asyncio.create_task"), nullptr);
}

TEST(KnowledgeClasses, Inherit) {
    EXPECT_TRUE(inherits_from("asyncio.Task", "asyncio.Future"));
    EXPECT_TRUE(inherits_from("pathlib.Path", "pathlib.PurePath"));
    EXPECT_TRUE(inherits_from("threading.Timer", "threading.Thread"));
    EXPECT_TRUE(inherits_from("unknown.Class", "unknown.Class"));
    EXPECT_FALSE(inherits_from("asyncio.Future", "asyncio.Task"));
    EXPECT_FALSE(inherits_from("unknown.Class", "asyncio.Task"));
}

TEST(KnowledgeAliases, GiveTheCanonicalSpelling) {
    EXPECT_EQ(canonical("aiohttp.client.ClientSession"), "aiohttp.ClientSession");
    EXPECT_EQ(canonical("aiohttp.client.ClientSession.get"), "aiohttp.ClientSession.get");
    EXPECT_EQ(canonical("asyncio.exceptions.TimeoutError"), "asyncio.TimeoutError");
    EXPECT_EQ(canonical("asyncio.exceptions.CancelledError"), "asyncio.CancelledError");
    EXPECT_EQ(canonical("asyncio.tasks.create_task"), "asyncio.create_task");
    EXPECT_EQ(canonical("io.open"), "builtins.open");
    EXPECT_EQ(canonical("posixpath.exists"), "os.path.exists");
    EXPECT_EQ(canonical("fastapi.Request"), "starlette.requests.Request");
    EXPECT_EQ(canonical("fastapi.concurrency.run_in_threadpool"),
              "starlette.concurrency.run_in_threadpool");
    EXPECT_EQ(canonical("typing.AsyncIterator"), "collections.abc.AsyncIterator");
    EXPECT_EQ(canonical("typing_extensions.Awaitable"), "collections.abc.Awaitable");
    EXPECT_EQ(canonical("typing.List"), "builtins.list");
    EXPECT_EQ(canonical("requests.sessions.Session.get"), "requests.Session.get");
    EXPECT_EQ(canonical("asyncio.sleep"), "asyncio.sleep");
    EXPECT_EQ(canonical("asyncio.TimeoutError"), "asyncio.TimeoutError");
    EXPECT_EQ(canonical("io.opener"), "io.opener");
    EXPECT_EQ(canonical(""), "");
}

TEST(KnowledgeAliases, AreFixpointsAndNameNoKnownRow) {
    for (const data::Alias& alias : data::kAliases) {
        EXPECT_EQ(canonical(alias.canonical), alias.canonical);
        EXPECT_NE(alias.name, alias.canonical);
    }
    for (const Api& api : data::kApis) {
        EXPECT_EQ(canonical(api.name), api.name);
    }
}

TEST(KnowledgeRunners, KnowWhereCallablesRun) {
    const Runner* const executor = find_runner("asyncio.AbstractEventLoop.run_in_executor");
    ASSERT_NE(executor, nullptr);
    EXPECT_EQ(executor->where, RunsOn::Thread);
    EXPECT_EQ(executor->position, 1);
    EXPECT_EQ(find_runner("asyncio.to_thread")->position, 0);
    EXPECT_EQ(find_runner("threading.Thread")->keyword, "target");
    EXPECT_EQ(find_runner("concurrent.futures.ProcessPoolExecutor.submit")->where, RunsOn::Process);
    EXPECT_EQ(find_runner("concurrent.futures.ThreadPoolExecutor.map")->where, RunsOn::Thread);
    EXPECT_EQ(find_runner("asyncio.Task.add_done_callback")->where, RunsOn::Loop);
    EXPECT_EQ(find_runner("asyncio.BaseEventLoop.call_later")->position, 1);
    EXPECT_EQ(find_runner("anyio.run")->where, RunsOn::NewLoop);
    EXPECT_EQ(find_runner("builtins.sorted")->position, -1);
    EXPECT_EQ(find_runner("functools.partial")->where, RunsOn::Caller);
    EXPECT_EQ(find_runner("homeassistant.core.HomeAssistant.async_add_executor_job")->where,
              RunsOn::Thread);
    EXPECT_EQ(find_runner("asyncio.run"), nullptr);
}

TEST(KnowledgeArguments, KnowWhoAwaits) {
    ArgumentUse use = ArgumentUse::Discards;
    EXPECT_TRUE(find_argument_use("asyncio.TaskGroup.create_task", use));
    EXPECT_EQ(use, ArgumentUse::Spawns);
    EXPECT_TRUE(find_argument_use("asyncio.wait_for", use));
    EXPECT_EQ(use, ArgumentUse::Awaits);
    EXPECT_TRUE(find_argument_use("builtins.print", use));
    EXPECT_EQ(use, ArgumentUse::Discards);
    EXPECT_TRUE(find_argument_use("logging.Logger.info", use));
    EXPECT_EQ(use, ArgumentUse::Discards);
    EXPECT_FALSE(find_argument_use("project.helper", use));
}

TEST(KnowledgeLists, AnswerMembership) {
    EXPECT_TRUE(reenters_loop("asyncio.run"));
    EXPECT_TRUE(reenters_loop("asyncio.AbstractEventLoop.run_until_complete"));
    EXPECT_TRUE(reenters_loop("asyncio.BaseEventLoop.run_forever"));
    EXPECT_TRUE(reenters_loop("asgiref.sync.AsyncToSync.__call__"));
    EXPECT_FALSE(reenters_loop("asyncio.create_task"));
    EXPECT_TRUE(waits_for_network_forever("asyncio.StreamReader.read"));
    EXPECT_FALSE(waits_for_network_forever("asyncio.sleep"));
    EXPECT_TRUE(is_shared_session("aiohttp.ClientSession"));
    EXPECT_FALSE(is_shared_session("requests.get"));
    EXPECT_TRUE(is_known_package("aiohttp"));
    EXPECT_TRUE(is_known_package("time"));
    EXPECT_FALSE(is_known_package("aiohttp.web"));
    EXPECT_FALSE(is_known_package("my_project"));
    EXPECT_FALSE(is_known_package(""));
}

TEST(KnowledgeLists, StarNames) {
    const std::span<const std::string_view> time = star_names("time");
    EXPECT_TRUE(std::binary_search(time.begin(), time.end(), "sleep"));
    const std::span<const std::string_view> asyncio = star_names("asyncio");
    EXPECT_TRUE(std::binary_search(asyncio.begin(), asyncio.end(), "TaskGroup"));
    EXPECT_FALSE(std::binary_search(asyncio.begin(), asyncio.end(), "tasks"));
    EXPECT_TRUE(star_names("nothing.known").empty());
    for (const data::StarModule& module : data::kStarModules) {
        EXPECT_TRUE(std::is_sorted(module.names.begin(), module.names.end())) << module.name;
        EXPECT_EQ(star_names(module.name).data(), module.names.data());
    }
}

TEST(KnowledgeData, EveryAnnotationNamesKnownClasses) {
    for (const Api& api : data::kApis) {
        int depth = 0;
        for (const char c : api.returns) {
            depth += c == '[' ? 1 : c == ']' ? -1 : 0;
            ASSERT_GE(depth, 0) << api.name;
        }
        EXPECT_EQ(depth, 0) << api.name;
        for (const std::string& name : names_of(api.returns)) {
            EXPECT_TRUE(name == "None" || find_class(name) != nullptr ||
                        find_class("builtins." + name) != nullptr)
                << api.name << " gives " << api.returns;
        }
    }
}

TEST(KnowledgeData, EveryBaseIsKnownAndFlagsAreInherited) {
    for (const ClassInfo& info : data::kClasses) {
        std::istringstream bases{std::string(info.bases)};
        for (std::string base; std::getline(bases >> std::ws, base, ',');) {
            ASSERT_NE(find_class(base), nullptr) << info.name;
        }
    }
    for (const BlockingApi& row : data::kBlocking) {
        if (row.use != BlockingUse::Call) {
            EXPECT_NE(find_class(row.name), nullptr) << row.name;
        }
    }
}

TEST(KnowledgeData, ArraysAreSorted) {
    const auto by_name = [](const auto& left, const auto& right) { return left.name < right.name; };
    EXPECT_TRUE(std::is_sorted(data::kApis.begin(), data::kApis.end(), by_name));
    EXPECT_TRUE(std::is_sorted(data::kClasses.begin(), data::kClasses.end(), by_name));
    EXPECT_TRUE(std::is_sorted(data::kAliases.begin(), data::kAliases.end(), by_name));
    EXPECT_TRUE(std::is_sorted(data::kBlocking.begin(), data::kBlocking.end(), by_name));
    EXPECT_TRUE(std::is_sorted(data::kRunners.begin(), data::kRunners.end(), by_name));
    EXPECT_TRUE(std::is_sorted(data::kArguments.begin(), data::kArguments.end(), by_name));
    EXPECT_TRUE(std::is_sorted(data::kPackages.begin(), data::kPackages.end()));
}

// The compiler of the tables.

constexpr std::string_view kClassesHeader = "name\tbases\tflags\tsource\n";
constexpr std::string_view kBlockingHeader = "name\tuse\tkind\tfix\treplacement\tsource\n";
constexpr std::string_view kApiHeader = "name\tkind\treturns\tsource\n";

std::string errors_of(const std::vector<tables::TableFile>& files) {
    tables::Tables parsed;
    std::string text;
    for (const tables::TableError& error : tables::read_tables(files, parsed)) {
        text += tables::to_string(error) + "\n";
    }
    return text;
}

std::string errors_of(std::string_view file, std::string_view header, std::string_view rows) {
    return errors_of({{std::string(file), std::string(header) + std::string(rows)}});
}

TEST(KnowledgeCompiler, AcceptsAndSortsGoodTables) {
    tables::Tables parsed;
    const std::vector<tables::TableFile> files = {
        {"classes.tsv", "# comment\n\n" + std::string(kClassesHeader) +
                            "p.D\tp.C\twith async-with complete\tsource\np.C\t\t\tsource\n"},
        {"api_p.tsv", std::string(kApiHeader) + "p.make\tfunction\tp.C | None\tsource\n"},
        {"blocking.tsv", std::string(kBlockingHeader) + "p.C.*\tcall\thttp\tnone\t\tsource\n"
                                                        "p.C.close\tcall\tnever\tnone\t\tsource\n"},
    };
    const std::vector<tables::TableError> errors = tables::read_tables(files, parsed);
    ASSERT_TRUE(errors.empty()) << tables::to_string(errors.front());
    EXPECT_EQ(parsed.classes.front().cells[0], "p.C");
    ASSERT_EQ(parsed.apis.size(), 3U); // the classes are callable
    const std::string code = tables::render_cpp(parsed);
    EXPECT_NE(code.find("{\"p.D\"sv, \"p.C\"sv, true, true, false, false, false, true, false}"),
              std::string::npos);
    EXPECT_NE(code.find("BlockingKind::Http"), std::string::npos);
    EXPECT_NE(tables::render_markdown(parsed).find("| `p.C` | `*` | call |"), std::string::npos);
}

TEST(KnowledgeCompiler, RejectsBadRows) {
    EXPECT_EQ(errors_of("other.tsv", "", ""), "other.tsv:1: no table has this name\n");
    EXPECT_EQ(errors_of("sessions.tsv", "", ""),
              "sessions.tsv:1: the first line must name the columns: name, source\n");
    EXPECT_EQ(errors_of("sessions.tsv", "name\torigin\n", "p.C\ts\n"),
              "sessions.tsv:1: the first line must name the columns: name, source\n");
    EXPECT_EQ(errors_of("sessions.tsv", "name\tsource\n", "p.C\n"),
              "sessions.tsv:2: 2 columns expected (name, source), 1 found\n");
    EXPECT_EQ(errors_of("sessions.tsv", "name\tsource\n", "p.C\t\n"),
              "sessions.tsv:2: the source is missing\n");
    EXPECT_EQ(errors_of("sessions.tsv", "name\tsource\n", "p..C\ts\n"),
              "sessions.tsv:2: `p..C` is not a dotted name\n");
    EXPECT_EQ(errors_of("sessions.tsv", "name\tsource\n", "p.C\ts \n"),
              "sessions.tsv:2: column source begins or ends with a space\n");
    EXPECT_EQ(errors_of("sessions.tsv", "name\tsource\n", "p.C\ts\xc3\xa9\n"),
              "sessions.tsv:2: column source holds a character that is not printable ASCII\n");
    EXPECT_EQ(errors_of("sessions.tsv", "name\tsource\n", "p.C\ts\n\np.C\ts\n"),
              "sessions.tsv:4: `p.C` is already at sessions.tsv:2\n");
    EXPECT_EQ(errors_of("blocking.tsv", kBlockingHeader, "p.f\tcall\tslow\tnone\t\ts\n")
                  .rfind("blocking.tsv:2: unknown kind `slow`; known: sleep, http, ", 0),
              0U);
    EXPECT_EQ(errors_of("blocking.tsv", kBlockingHeader, "p.f\trun\thttp\tnone\t\ts\n"),
              "blocking.tsv:2: unknown use `run`; known: call, enter, iterate\n");
    EXPECT_EQ(errors_of("blocking.tsv", kBlockingHeader, "p.f\tcall\thttp\tfork\t\ts\n"),
              "blocking.tsv:2: unknown fix `fork`; known: none, sleep, thread\n");
    EXPECT_EQ(errors_of("api_p.tsv", kApiHeader, "p.f\tmacro\t\ts\n")
                  .rfind("api_p.tsv:2: unknown kind `macro`", 0),
              0U);
    EXPECT_EQ(errors_of("api_p.tsv", kApiHeader, "p.f\tfunction\tlist[\ts\n"),
              "api_p.tsv:2: `list[` is not an annotation of names and brackets\n");
    EXPECT_EQ(
        errors_of("classes.tsv", kClassesHeader, "p.C\t\tcomplete with\ts\n"),
        "classes.tsv:2: flag `with` is unknown, twice or out of the order with, async-with, for, "
        "async-for, await, complete, source\n");
    EXPECT_EQ(
        errors_of("runners.tsv", "name\twhere\tposition\tkeyword\tsource\n",
                  "p.f\tthread\t-2\tfunc\ts\np.g\tmoon\t0\t\ts\np.h\tloop\t0\ta b\ts\n"),
        "runners.tsv:2: position `-2` is neither -1 nor 0 to 9\n"
        "runners.tsv:3: unknown where `moon`; known: loop, thread, process, caller, new-loop\n"
        "runners.tsv:4: keyword `a b` is no identifier\n");
    EXPECT_EQ(errors_of("arguments.tsv", "name\tuse\tsource\n", "p.f\tignores\ts\n"),
              "arguments.tsv:2: unknown use `ignores`; known: awaits, spawns, discards\n");
    EXPECT_EQ(errors_of("star_names.tsv", "module\tnames\tsource\n", "p\tb a\ts\n"),
              "star_names.tsv:2: `a` is twice or out of order\n");
}

TEST(KnowledgeCompiler, RejectsContradictionsBetweenTables) {
    EXPECT_EQ(errors_of("classes.tsv", kClassesHeader, "p.C\tp.B\t\ts\n"),
              "classes.tsv:2: base `p.B` is no class of classes.tsv\n");
    EXPECT_EQ(
        errors_of("classes.tsv", kClassesHeader, "p.A\tp.B\t\ts\np.B\tp.A\t\ts\n"),
        "classes.tsv:2: `p.A` derives from itself\nclasses.tsv:3: `p.B` derives from itself\n");
    EXPECT_EQ(errors_of("api_p.tsv", kApiHeader, "p.f\tfunction\tp.C\ts\n"),
              "api_p.tsv:2: `p.C` in the annotation is no class of classes.tsv\n");
    EXPECT_EQ(errors_of("blocking.tsv", kBlockingHeader, "p.C.f\tcall\thttp\tnone\t\ts\n"),
              "blocking.tsv:2: `p.C` is no class of classes.tsv\n");
    EXPECT_EQ(errors_of("blocking.tsv", kBlockingHeader, "p.C\tenter\tlock\tnone\t\ts\n"),
              "blocking.tsv:2: `p.C` is no class of classes.tsv\n");
    EXPECT_EQ(errors_of({{"aliases.tsv", "name\tcanonical\tsource\np.old\tp.new\ts\n"},
                         {"sessions.tsv", "name\tsource\np.old.C\ts\n"}}),
              "sessions.tsv:2: `p.old.C` is not canonical: aliases.tsv says `p.new.C`\n");
    EXPECT_EQ(errors_of("aliases.tsv", "name\tcanonical\tsource\n", "p.a\tp.b\ts\np.b\tp.c\ts\n"),
              "aliases.tsv:2: `p.b` is not canonical: aliases.tsv says `p.c`\n");
    EXPECT_EQ(errors_of({{"api_a.tsv", std::string(kApiHeader) + "p.f\tcoroutine\t\ts\n"},
                         {"api_b.tsv", std::string(kApiHeader) + "p.f\tfunction\t\ts\n"}}),
              "api_b.tsv:2: `p.f` is already at api_a.tsv:2\n");
}

} // namespace
} // namespace awaitls::analysis
