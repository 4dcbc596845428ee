// What an index of a project answers, from the texts of its files.

#include "server/modules/project_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace awaitls::server {
namespace {

using analysis::ClassPlace;
using Paths = std::vector<std::string>;

std::shared_ptr<const analysis::FileDigest> digest(const std::string& text) {
    return std::make_shared<const analysis::FileDigest>(analysis::digest_of(text));
}

std::string shown(const std::vector<ClassPlace>& places) {
    std::string result;
    for (const ClassPlace& place : places)
        result += (result.empty() ? "" : " ") + place.path + ":" + place.name;
    return result;
}

TEST(Digest, HeadersOfClassesAndMethods) {
    const analysis::FileDigest found = analysis::digest_of(
        "import a\n\nclass A(b.C, D[int], metaclass=M,  # why (\n        *rest):\n    \"doc\"\n    "
        "x = 1\n"
        "    async def f(self):\n        def inner(): pass\n    def g(self):\n"
        "        class Local(A):\n            def h(self): pass\n    class Inner:\n        def "
        "i(self): pass\n"
        "    def j(self): pass\n\nclass E[T](F): pass\ndef k(): pass\nasync  def l(): pass\n");
    std::string classes;
    for (const analysis::DeclaredClass& declared : found.classes) {
        classes += declared.name + "(";
        for (const std::string& base : declared.bases) classes += base + ",";
        classes += ")";
        for (const analysis::DeclaredMethod& method : declared.methods)
            classes += (method.is_async ? " ~" : " ") + method.name;
        classes += "; ";
    }
    EXPECT_EQ(classes, "A(C,D,rest,) ~f g j; Local(A,) h; Inner() i; E(F,); ");
}

TEST(Digest, AnyText) {
    for (const char* const text :
         {"", "class", "class ", "class A(", "class A[", "class A(B\n", "\r\r",
          "  class A:\r\n    def", "class A:\n def f(): pass", "\xff\xfe"})
        analysis::digest_of(text);
    const analysis::FileDigest found = analysis::digest_of("ab = 'cd' # ef\r\nab(\xc3\xa9)");
    EXPECT_EQ(found.names.size(), 4u);
    for (const char* const word : {"ab", "cd", "ef", "\xc3\xa9"})
        EXPECT_TRUE(
            std::binary_search(found.names.begin(), found.names.end(), analysis::name_hash(word)))
            << word;
}

ProjectIndex::Digests project() {
    return {{"/a.py", digest("class Base:\n    async def load(self): pass\n")},
            {"/b.py", digest("import a\n\nclass Mid(a.Base): pass\n")},
            {"/c.py", digest("class Quick(Mid):\n    def load(self): pass\n")},
            {"/tests/test_c.py", digest("Base()\n")}};
}

TEST(ProjectIndex, Answers) {
    const ProjectIndex index(project());
    EXPECT_EQ(index.files_with("Base", 9), (Paths{"/a.py", "/b.py"})) << "tests are left out";
    EXPECT_EQ(index.files_with("Base", 1), std::nullopt);
    EXPECT_EQ(index.files_with("unheard", 0), Paths{});
    EXPECT_EQ(shown(index.overriders("Base", "load", false)), "/c.py:Quick");
    EXPECT_EQ(shown(index.overriders("Base", "load", true)), "");
    EXPECT_EQ(shown(index.overriders("Other", "load", false)), "");
    EXPECT_EQ(shown(*index.classes_with("load", 2)), "/a.py:Base /c.py:Quick");
    EXPECT_EQ(index.classes_with("load", 1), std::nullopt);
}

TEST(ProjectIndex, BasesInCircles) {
    const ProjectIndex index(
        {{"/a.py", digest("class A(B):\n    def f(self): pass\nclass B(A): pass\n")}});
    EXPECT_EQ(shown(index.overriders("B", "f", false)), "/a.py:A");
    EXPECT_EQ(shown(index.overriders("C", "f", false)), "");
}

TEST(ProjectIndex, ChangesAreAsIfItWereMadeAnew) {
    const ProjectIndex base(project());
    ProjectIndex::Digests now = project();
    ProjectIndex::Digests changes{
        {"/b.py", digest("from a import Base\n\nclass Mid: pass\n")},
        {"/c.py", nullptr},
        {"/d.py", digest("class New(Base):\n    def load(self): pass\n")}};
    // Many changes make the base anew.
    for (int i = 0; i < 300; ++i)
        changes.emplace("/n" + std::to_string(i) + ".py", digest("x" + std::to_string(i)));
    std::shared_ptr<const ProjectIndex> index = std::make_shared<const ProjectIndex>(base);
    for (const auto& [path, changed] : changes) {
        index = index->with({{path, changed}});
        if (changed)
            now[path] = changed;
        else
            now.erase(path);
        const ProjectIndex fresh(now);
        for (const char* const word : {"Base", "Mid", "load", "x7", "x299"})
            ASSERT_EQ(index->files_with(word, 9), fresh.files_with(word, 9)) << path << word;
        for (const bool is_async : {false, true})
            ASSERT_EQ(shown(index->overriders("Base", "load", is_async)),
                      shown(fresh.overriders("Base", "load", is_async)));
        ASSERT_EQ(shown(*index->classes_with("load", 9)), shown(*fresh.classes_with("load", 9)));
    }
}

TEST(ProjectIndex, AllFilesWithAWord) {
    const ProjectIndex index({{"/p/b.py", digest("load()")},
                              {"/p/a.py", digest("# load")},
                              {"/p/c.py", digest("save()")},
                              {"/p/tests/test_a.py", digest("load()")}});
    EXPECT_EQ(index.all_files_with("load"), (Paths{"/p/a.py", "/p/b.py", "/p/tests/test_a.py"}));
    EXPECT_EQ(index.all_files_with("lo"), Paths{});
    const std::shared_ptr<const ProjectIndex> later = index.with(
        {{"/p/b.py", nullptr}, {"/p/c.py", digest("load")}, {"/p/0.py", digest("load")}});
    EXPECT_EQ(later->all_files_with("load"),
              (Paths{"/p/0.py", "/p/a.py", "/p/c.py", "/p/tests/test_a.py"}));
}

} // namespace
} // namespace awaitls::server
