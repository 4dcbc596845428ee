#include "server/files/discover.h"
#include "server/files/file.h"
#include "server/files/glob.h"
#include "server/files/ignore.h"
#include "tests/unit/server/temp_dir.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace awaitls::server {
namespace {

namespace fs = std::filesystem;

bool git(std::string_view pattern, std::string_view path) {
    return Glob(pattern, Wildcards::StayInComponent).matches(path);
}
bool config(std::string_view pattern, std::string_view path) {
    return Glob(pattern, Wildcards::CrossSeparators).matches(path);
}

TEST(Glob, WildcardsOfGitStayInOneComponent) {
    EXPECT_TRUE(git("*.py", "a.py"));
    EXPECT_FALSE(git("*.py", "a/b.py"));
    EXPECT_TRUE(git("a/?.py", "a/b.py"));
    EXPECT_FALSE(git("a?b", "a/b"));
    EXPECT_TRUE(git("a/**/b", "a/b"));
    EXPECT_TRUE(git("a/**/b", "a/x/y/b"));
    EXPECT_FALSE(git("a/**/b", "a/xb"));
    EXPECT_TRUE(git("**/b", "b"));
    EXPECT_TRUE(git("**/b", "x/y/b"));
    EXPECT_FALSE(git("**/b", "xb"));
    EXPECT_TRUE(git("a/**", "a/x/y"));
    EXPECT_FALSE(git("a/**", "a"));
    EXPECT_FALSE(git("a**b", "a/b"));
    EXPECT_TRUE(git("{a,b}", "{a,b}"));
}

TEST(Glob, SetsAndEscapes) {
    EXPECT_TRUE(git("[a-c]x", "bx"));
    EXPECT_FALSE(git("[a-c]x", "dx"));
    EXPECT_TRUE(git("[!a-c]x", "dx"));
    EXPECT_TRUE(git("[^a]", "b"));
    EXPECT_TRUE(git("[]]", "]"));
    EXPECT_FALSE(git("a[!b]c", "a/c"));
    EXPECT_TRUE(git("\\*", "*"));
    EXPECT_FALSE(git("\\*", "a"));
    EXPECT_TRUE(git("[a", "[a"));
    EXPECT_TRUE(git("a\\", "a\\"));
    EXPECT_TRUE(git("[\\]]", "]"));
}

TEST(Glob, WildcardsOfConfigurationCross) {
    EXPECT_TRUE(config("tests/*", "tests/a/b.py"));
    EXPECT_TRUE(config("tests/*.py", "tests/a/b.py"));
    EXPECT_TRUE(config("*.{py,pyi}", "a/b.pyi"));
    EXPECT_TRUE(config("{a,b{c,d}}.py", "bd.py"));
    EXPECT_FALSE(config("{a,b{c,d}}.py", "b.py"));
    EXPECT_TRUE(config("{a", "{a"));
    EXPECT_TRUE(config("**/x.py", "x.py"));
    EXPECT_FALSE(config("", "x"));
}

TEST(Glob, ManyStarsTakeNoExponentialTime) {
    std::string pattern;
    for (int i = 0; i < 200; ++i) pattern += "*a";
    EXPECT_FALSE(config(pattern, std::string(4000, 'a') + 'b'));
}

Verdict ask(const char* rules, std::string_view path, bool directory = false) {
    return IgnoreRules(rules).verdict(path, directory);
}

TEST(Ignore, FollowsGit) {
    EXPECT_EQ(ask("build\n", "build", true), Verdict::Ignored);
    EXPECT_EQ(ask("build\n", "a/b/build"), Verdict::Ignored);
    EXPECT_EQ(ask("build/\n", "build"), Verdict::None);
    EXPECT_EQ(ask("build/\n", "x/build", true), Verdict::Ignored);
    EXPECT_EQ(ask("/build\n", "x/build"), Verdict::None);
    EXPECT_EQ(ask("/build\n", "build"), Verdict::Ignored);
    EXPECT_EQ(ask("a/b\n", "x/a/b"), Verdict::None);
    EXPECT_EQ(ask("a/b\n", "a/b"), Verdict::Ignored);
    EXPECT_EQ(ask("*.py\n!keep.py\n", "keep.py"), Verdict::Kept);
    EXPECT_EQ(ask("!keep.py\n*.py\n", "keep.py"), Verdict::Ignored);
    EXPECT_EQ(ask("# a.py\n\n", "# a.py"), Verdict::None);
    EXPECT_EQ(ask("\\#a\n\\!b\n", "#a"), Verdict::Ignored);
    EXPECT_EQ(ask("\\#a\n\\!b\n", "!b"), Verdict::Ignored);
    EXPECT_EQ(ask("a  \r\nb\\ \n", "a"), Verdict::Ignored);
    EXPECT_EQ(ask("a  \r\nb\\ \n", "b "), Verdict::Ignored);
    EXPECT_EQ(ask("\xEF\xBB\xBF"
                  "a\n",
                  "a"),
              Verdict::Ignored);
    EXPECT_EQ(ask("/\n//\n!\n", "x"), Verdict::None);
    EXPECT_EQ(ask("*", "x"), Verdict::Ignored);
}

std::vector<std::string> names(const Discovery& found, const TempDir& dir) {
    std::vector<std::string> result;
    for (const DiscoveredFile& file : found.files)
        result.push_back(relative_to(file.path, dir.path()));
    return result;
}

std::vector<std::string> find(const TempDir& dir, std::vector<std::string> below = {""}) {
    for (std::string& name : below) name = absolute_path(dir / name);
    return names(discover(below, [](const std::string&) { return false; }), dir);
}

using Names = std::vector<std::string>;

TEST(Discover, FindsPythonInOrder) {
    const TempDir dir;
    for (const char* name : {"b.py", "a.pyi", "c.txt", "z/a.py", "m/n/o.py", "B.py"})
        dir.write(name, "");
    EXPECT_EQ(find(dir), (Names{"B.py", "a.pyi", "b.py", "m/n/o.py", "z/a.py"}));
    EXPECT_EQ(find(dir, {"z", "b.py", "z/a.py", "c.txt"}), (Names{"z/a.py", "b.py", "c.txt"}));
    EXPECT_EQ(find(dir, {"m", ""}), (Names{"m/n/o.py", "B.py", "a.pyi", "b.py", "z/a.py"}));
}

TEST(Discover, RespectsIgnoreFiles) {
    const TempDir dir;
    dir.write(".git/info/exclude", "private.py\n");
    dir.write(".gitignore", "gen/\n*.tmp.py\n/top.py\n");
    dir.write("sub/.gitignore", "!kept.tmp.py\nlocal.py\n");
    dir.write("sub/.ignore", "quiet.py\n!local.py\n");
    for (const char* name :
         {"gen/a.py", "a.py", "b.tmp.py", "top.py", "private.py", "sub/top.py", "sub/kept.tmp.py",
          "sub/local.py", "sub/quiet.py", "sub/private.py", "sub/gen/b.py"}) {
        dir.write(name, "");
    }
    EXPECT_EQ(find(dir), (Names{"a.py", "sub/kept.tmp.py", "sub/local.py", "sub/top.py"}));
    // Rules of the folders above hold as well; what is named is taken in any case.
    EXPECT_EQ(find(dir, {"sub"}), (Names{"sub/kept.tmp.py", "sub/local.py", "sub/top.py"}));
    EXPECT_EQ(find(dir, {"top.py", "gen"}), (Names{"top.py", "gen/a.py"}));
}

TEST(Discover, AnInnerWorkTreeHasItsOwnRules) {
    const TempDir dir;
    dir.write(".git/HEAD", "");
    dir.write(".gitignore", "secret.py\n");
    dir.write("inner/.git/HEAD", "");
    dir.write("inner/secret.py", "");
    dir.write("secret.py", "");
    EXPECT_EQ(find(dir), (Names{"inner/secret.py"}));
}

TEST(Discover, RulesAboveCountOnlyInAWorkTree) {
    const TempDir dir;
    dir.write(".gitignore", "*.py\n");
    dir.write("sub/a.py", "");
    EXPECT_EQ(find(dir, {"sub"}), (Names{"sub/a.py"}));
}

TEST(Discover, LinksEndAndCountOnce) {
    const TempDir dir;
    dir.write("a/real.py", "");
    dir.write("outside.txt", "");
    fs::create_symlink("real.py", dir / "a/link.py");
    fs::create_symlink("../outside.txt", dir / "a/other.py");
    fs::create_symlink("../outside.txt", dir / "a/other2.py");
    fs::create_symlink("..", dir / "a/loop");
    fs::create_symlink("nowhere.py", dir / "a/broken.py");
    EXPECT_EQ(find(dir), (Names{"a/other.py", "a/real.py"}));
    EXPECT_EQ(find(dir, {"a/link.py"}), (Names{"a/link.py"}));
    EXPECT_EQ(find(dir, {"a/loop/a"}), (Names{"a/loop/a/other.py", "a/loop/a/real.py"}));
}

TEST(Discover, TellsWhatIsMissing) {
    const TempDir dir;
    dir.write("a.py", "");
    const Discovery found =
        discover({dir / "gone", dir / "a.py"}, [](const std::string&) { return false; });
    ASSERT_EQ(found.problems.size(), 1u);
    EXPECT_EQ(found.problems.front().path, dir / "gone");
    EXPECT_EQ(found.problems.front().message, "No such file or directory");
    EXPECT_EQ(names(found, dir), (Names{"a.py"}));
}

TEST(Discover, AsksForExcludedFoldersOnce) {
    const TempDir dir;
    dir.write("skip/deep/a.py", "");
    dir.write("b.py", "");
    std::vector<std::string> asked;
    const Discovery found = discover({dir.path()}, [&](const std::string& path) {
        asked.push_back(relative_to(path, dir.path()));
        return path == dir / "skip";
    });
    EXPECT_EQ(names(found, dir), (Names{"b.py"}));
    std::sort(asked.begin(), asked.end());
    EXPECT_EQ(asked, (Names{"b.py", "skip"}));
}

TEST(File, ReadsUpToTheLimit) {
    const TempDir dir;
    const std::string path = dir.write("a", "12345");
    EXPECT_EQ(read_file(path, 5).bytes, "12345");
    EXPECT_TRUE(read_file(path, 4).too_large);
    EXPECT_EQ(read_file(path, 4).size, 5u);
    EXPECT_EQ(read_file(dir / "none", 5).error, "No such file or directory");
    EXPECT_EQ(read_file(dir.path(), 5).error, "Is a directory");
}

TEST(File, ReplacesKeepingModeAndLink) {
    const TempDir dir;
    const std::string path = dir.write("real.py", "old");
    ASSERT_EQ(chmod(path.c_str(), 0750), 0);
    fs::create_symlink("real.py", dir / "link.py");
    EXPECT_EQ(replace_file(dir / "link.py", "old", "new"), "");
    EXPECT_EQ(dir.read("real.py"), "new");
    EXPECT_TRUE(fs::is_symlink(dir / "link.py"));
    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0750u);
}

TEST(File, DoesNotReplaceWhatWasChanged) {
    const TempDir dir;
    const std::string path = dir.write("a.py", "theirs");
    EXPECT_EQ(replace_file(path, "old", "new"), "it was changed by another program");
    EXPECT_EQ(replace_file(path, "longer than it", "new"), "it was changed by another program");
    EXPECT_EQ(dir.read("a.py"), "theirs");
    EXPECT_NE(replace_file(dir / "gone.py", "old", "new"), "");
    EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()), 1)
        << "a temporary file is left";
}

TEST(File, PathsBelowAFolder) {
    EXPECT_EQ(relative_to("/a/b/c.py", "/a"), "b/c.py");
    EXPECT_EQ(relative_to("/ab/c.py", "/a"), "/ab/c.py");
    EXPECT_EQ(relative_to("/c.py", "/"), "c.py");
    EXPECT_EQ(absolute_path("/a/./b/../c/"), "/a/c");
    EXPECT_EQ(absolute_path("."), current_directory());
}

} // namespace
} // namespace awaitls::server
