// Which file an import means.

#include "server/config/environment.h"
#include "server/lsp/pool.h"
#include "server/modules/disk_modules.h"
#include "tests/unit/server/temp_dir.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace awaitls::server {
namespace {

class DiskModulesTest : public ::testing::Test {
protected:
    /// The path, below the folder, of the module that an import names; "-" for none.
    std::string find(const std::string& name, const std::string& importer) {
        const auto found = modules_.find(name, folder_.path() + "/" + importer);
        return found ? found->path.substr(folder_.path().size() + 1) : "-";
    }
    std::string name(const std::string& path) {
        const DiskModules::Name found = modules_.name_of(folder_.path() + "/" + path);
        return found.dotted + (found.package ? " package" : "");
    }

    TempDir folder_;
    DiskModules modules_{1 << 20};
};

TEST_F(DiskModulesTest, PackagesOfAProject) {
    folder_.write("pyproject.toml", "");
    folder_.write("app/__init__.py", "");
    folder_.write("app/store.py", "");
    folder_.write("app/inner/__init__.py", "");
    folder_.write("app/inner/deep.py", "");
    folder_.write("tests/test_app.py", "");
    EXPECT_EQ(find("app", "app/store.py"), "app/__init__.py");
    EXPECT_EQ(find("app.store", "app/inner/deep.py"), "app/store.py");
    EXPECT_EQ(find("app.inner.deep", "tests/test_app.py"), "app/inner/deep.py");
    EXPECT_EQ(find("app.missing", "app/store.py"), "-");
    EXPECT_EQ(find("store", "app/store.py"), "-");
    EXPECT_EQ(find("", "app/store.py"), "-");
    EXPECT_EQ(find("app.", "app/store.py"), "-");
    EXPECT_EQ(name("app/store.py"), "app.store");
    EXPECT_EQ(name("app/inner/__init__.py"), "app.inner package");
    EXPECT_EQ(name("app/__init__.py"), "app package");
}

TEST_F(DiskModulesTest, SourceFoldersAndScripts) {
    folder_.write("setup.py", "");
    folder_.write("src/app/__init__.py", "");
    folder_.write("src/app/store.py", "");
    folder_.write("bin/run.py", "");
    folder_.write("bin/help.py", "");
    folder_.write("plain/main.py", "");
    folder_.write("plain/sub/part.py", "");
    EXPECT_EQ(find("app.store", "bin/run.py"), "src/app/store.py");
    EXPECT_EQ(find("help", "bin/run.py"), "bin/help.py");
    EXPECT_EQ(find("plain.sub.part", "bin/run.py"), "plain/sub/part.py");
    EXPECT_EQ(find("sub.part", "plain/main.py"), "plain/sub/part.py");
    EXPECT_EQ(name("src/app/store.py"), "app.store");
    EXPECT_EQ(name("plain/sub/part.py"), "plain.sub.part");
}

TEST_F(DiskModulesTest, SeveralProjectsInOneFolder) {
    folder_.write("one/pyproject.toml", "");
    folder_.write("one/app/__init__.py", "");
    folder_.write("two/pyproject.toml", "");
    folder_.write("two/app/__init__.py", "");
    folder_.write("two/main.py", "");
    EXPECT_EQ(find("app", "one/app/__init__.py"), "one/app/__init__.py");
    EXPECT_EQ(find("app", "two/main.py"), "two/app/__init__.py");
}

TEST_F(DiskModulesTest, WhatWins) {
    folder_.write(".git/HEAD", "");
    folder_.write("both.py", "");
    folder_.write("both/__init__.py", "");
    folder_.write("stub.py", "");
    folder_.write("stub.pyi", "");
    folder_.write("queue.py", "");
    folder_.write("main.py", "");
    EXPECT_EQ(find("both", "main.py"), "both/__init__.py");
    EXPECT_EQ(find("stub", "main.py"), "stub.pyi");
    EXPECT_EQ(find("queue", "main.py"), "-");
    EXPECT_EQ(find("asyncio.queues", "main.py"), "-");
}

TEST_F(DiskModulesTest, WhatCannotBeReadIsAbsent) {
    folder_.write(".git/HEAD", "");
    folder_.write("main.py", "");
    folder_.write("large.py", std::string((1 << 20) + 1, '#'));
    folder_.write("folder.py/x", "");
    folder_.write("latin.py", "# -*- coding: latin-1 -*-\nx = '\xe9'\n");
    EXPECT_EQ(find("large", "main.py"), "-");
    EXPECT_EQ(find("folder", "main.py"), "-");
    EXPECT_EQ(find("latin", "main.py"), "latin.py");
    EXPECT_EQ(modules_.at(folder_.path() + "/none.py"), nullptr);
    EXPECT_EQ(modules_.find("a", "relative.py"), nullptr);
}

TEST_F(DiskModulesTest, AFileIsParsedOnce) {
    folder_.write(".git/HEAD", "");
    folder_.write("a.py", "x = 1\n");
    const std::string path = folder_.path() + "/a.py";
    const auto put = modules_.put(path, "x = 1\n");
    EXPECT_EQ(modules_.find("a", folder_.path() + "/b.py")->module, put);
    EXPECT_EQ(modules_.put(path, "x = 1\n"), put);
    EXPECT_NE(modules_.put(path, "x = 2\n"), put);
}

TEST_F(DiskModulesTest, WhatNobodyHoldsIsForgottenAndReadAgain) {
    folder_.write(".git/HEAD", "");
    folder_.write("held.py", "x = 1\n");
    folder_.write("free.py", "x = 1\n");
    const std::string& root = folder_.path();
    const auto held = modules_.at(root + "/held.py");
    std::weak_ptr<const analysis::ModuleFile> free = modules_.at(root + "/free.py");
    EXPECT_EQ(modules_.at(root + "/none.py"), nullptr);
    EXPECT_EQ(modules_.kept_bytes(), 12U);
    modules_.forget();
    EXPECT_EQ(modules_.kept_bytes(), 0U);
    EXPECT_TRUE(free.expired());
    EXPECT_EQ(modules_.known(root + "/free.py"), nullptr);
    EXPECT_EQ(modules_.at(root + "/held.py"), held) << "who holds it and who asks mean the same";
    folder_.write("free.py", "x = 22\n");
    folder_.write("none.py", "");
    EXPECT_EQ(modules_.at(root + "/free.py")->module->text(), "x = 22\n");
    EXPECT_NE(modules_.find("none", root + "/held.py"), nullptr);
    EXPECT_EQ(modules_.project_of(root + "/free.py"), root);
}

TEST_F(DiskModulesTest, AnIndexIsTheSameFromAnyNumberOfThreads) {
    folder_.write(".git/HEAD", "");
    const std::string& root = folder_.path();
    std::vector<std::string> files;
    for (int i = 0; i < 300; ++i) {
        const std::string name = "m" + std::to_string(i) + ".py";
        folder_.write(name, "class C" + std::to_string(i % 7) + "(B):\n    def f(self): w" +
                                std::to_string(i % 11) + "\n");
        files.push_back(root + "/" + name);
    }
    DiskModules modules(1 << 20);
    modules.index_with([&](const std::string&, const std::function<bool()>&) { return files; });
    Pool pool(5);
    const auto one = modules.make_index(root);
    const auto many = modules.make_index(
        root, {}, [&](std::size_t count, const std::function<void(std::size_t)>& work) {
            pool.for_each(count, work);
        });
    EXPECT_EQ(one->files_with("w3", 99)->size(), 27U);
    EXPECT_EQ(many->files_with("w3", 99), one->files_with("w3", 99));
    EXPECT_EQ(many->classes_with("f", 999), one->classes_with("f", 999));
    EXPECT_EQ(many->overriders("B", "f", false), one->overriders("B", "f", false));
}

TEST(Pool, ForEachDoesEachOnceAndThrowsWhatOneThrew) {
    Pool pool(4);
    std::vector<std::atomic<int>> counts(1000);
    pool.for_each(counts.size(), [&](std::size_t i) { ++counts[i]; });
    for (const std::atomic<int>& count : counts) EXPECT_EQ(count, 1);
    pool.for_each(0, [](std::size_t) { FAIL(); });
    EXPECT_THROW(pool.for_each(1000,
                               [](std::size_t i) {
                                   if (i == 7) throw DiskModules::Stopped{};
                               }),
                 DiskModules::Stopped);
    // From inside of the pool, whose threads may all be taken.
    std::atomic<int> done{0};
    std::mutex mutex; // of `ended`; a job uses nothing of these any more once it has let go
    std::condition_variable changed;
    int ended = 0;
    for (int i = 0; i < 4; ++i)
        pool.submit(Lane::Background, [&] {
            pool.for_each(50, [&](std::size_t) { ++done; });
            const std::lock_guard lock(mutex);
            ++ended;
            changed.notify_all();
        });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return ended == 4; });
    EXPECT_EQ(done, 200);
}

TEST_F(DiskModulesTest, OnlyProjectsAreIndexed) {
    folder_.write("a.py", "class A:\n    def f(self): pass\n");
    folder_.write("deep/b.py", "import a\n");
    const std::string& root = folder_.path();
    const auto list = [&](const std::string&, const std::function<bool()>&) {
        return std::vector<std::string>{root + "/a.py", root + "/deep/b.py"};
    };
    DiskModules loose(1 << 20);
    loose.index_with(list, DiskModules::one_after_the_other);
    EXPECT_EQ(loose.make_index(root), nullptr) << "somebody's downloads, say";
    EXPECT_EQ(loose.files_with("a", root + "/a.py", 9), std::nullopt);
    DiskModules workspace(1 << 20, {}, {root});
    workspace.index_with(list, DiskModules::one_after_the_other);
    EXPECT_EQ(workspace.project_of(root + "/deep/b.py"), root);
    EXPECT_EQ(workspace.files_with("a", root + "/a.py", 9)->size(), 1u);
    EXPECT_THROW(workspace.make_index(root, [] { return true; }), DiskModules::Stopped);
    folder_.write("setup.py", "");
    DiskModules marked(1 << 20);
    marked.index_with(list, DiskModules::one_after_the_other);
    EXPECT_EQ(marked.classes_with("f", root + "/deep/b.py", 9)->size(), 1u);
    // What changes is read again, and nothing else.
    folder_.write("deep/b.py", "class B:\n    def f(self): pass\n");
    const auto indexed = marked.with(root, marked.make_index(root));
    EXPECT_EQ(indexed->classes_with("f", root + "/a.py", 9)->size(), 2u);
    folder_.write("deep/b.py", "");
    EXPECT_EQ(indexed->changed({root + "/deep/b.py"})->classes_with("f", root + "/a.py", 9)->size(),
              1u);
}

TEST_F(DiskModulesTest, InstalledPackages) {
    const std::string packages = "env/lib/python3.11/site-packages/";
    folder_.write("env/pyvenv.cfg", "version = 3.11.2\n");
    folder_.write(packages + "one.py", "");
    folder_.write(packages + "two/__init__.py", "");
    folder_.write(packages + "two/part.py", "");
    folder_.write(packages + "two-stubs/__init__.pyi", "");
    folder_.write(packages + "space/part.py", "");
    folder_.write(packages + "app/__init__.py", "");
    folder_.write(packages + "linked.pth",
                  "# a comment\nimport os; os.abort()\n../../../../linked\nmissing\n");
    folder_.write("linked/three.py", "");
    folder_.write("project/pyproject.toml", "");
    folder_.write("project/app/__init__.py", "");
    const auto look = [&](const DiskModules& modules, const std::string& wanted,
                          const std::string& importer = "project/app/__init__.py") -> std::string {
        const auto found = modules.find(wanted, folder_.path() + "/" + importer);
        const bool root =
            modules.has_root(wanted.substr(0, wanted.find('.')), folder_.path() + "/" + importer);
        EXPECT_TRUE(!found || root) << wanted;
        return found ? found->path.substr(folder_.path().size() + 1) +
                           (found->library ? " library" : "")
                     : "-";
    };
    const DiskModules with(1 << 20, Libraries::find(folder_.path() + "/env"));
    EXPECT_EQ(look(with, "one"), packages + "one.py library");
    EXPECT_EQ(look(with, "two"), packages + "two-stubs/__init__.pyi library");
    EXPECT_EQ(look(with, "two.part"), packages + "two/part.py library") << "stubs may be partial";
    EXPECT_EQ(look(with, "space.part"), packages + "space/part.py library");
    EXPECT_EQ(look(with, "three"), "linked/three.py library");
    EXPECT_EQ(look(with, "app"), "project/app/__init__.py") << "the project wins";
    EXPECT_EQ(look(with, "nothing"), "-");
    EXPECT_EQ(look(with, "asyncio"), "-");
    EXPECT_EQ(look(with, "one", packages + "two/part.py"), packages + "one.py library");
    EXPECT_EQ(look(with, "app", packages + "two/part.py"), packages + "app/__init__.py library");
    EXPECT_EQ(with.name_of(folder_.path() + "/" + packages + "two-stubs/__init__.pyi").dotted,
              "two");
    EXPECT_EQ(with.name_of(folder_.path() + "/" + packages + "space/part.py").dotted, "space.part");
    folder_.write("env/bin/python", "");
    const DiskModules by_interpreter(1 << 20, Libraries::find(folder_.path() + "/env/bin/python"));
    EXPECT_EQ(look(by_interpreter, "one"), packages + "one.py library");
    EXPECT_EQ(look(DiskModules(1 << 20), "one"), "-");
}

TEST_F(DiskModulesTest, TheEnvironmentInAProject) {
    folder_.write("project/pyproject.toml", "");
    folder_.write("project/main.py", "");
    folder_.write("project/.venv/lib/python3.12/site-packages/one.py", "");
    folder_.write("other/pyproject.toml", "");
    folder_.write("other/main.py", "");
    Libraries libraries;
    libraries.of_projects = true;
    libraries.fallback = package_folders(folder_.path() + "/project/.venv");
    const DiskModules modules(1 << 20, libraries);
    for (const char* const importer : {"/project/main.py", "/other/main.py"}) {
        const auto found = modules.find("one", folder_.path() + importer);
        ASSERT_TRUE(found) << importer;
        EXPECT_TRUE(found->library);
    }
    libraries.fallback.clear();
    const DiskModules own(1 << 20, libraries);
    EXPECT_TRUE(own.find("one", folder_.path() + "/project/main.py"));
    EXPECT_FALSE(own.find("one", folder_.path() + "/other/main.py"));
}

} // namespace
} // namespace awaitls::server
