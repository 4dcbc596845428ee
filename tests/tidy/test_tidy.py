"""The repository obeys tidy.py, and each rule of tidy.py fails on a tree that breaks it."""

from __future__ import annotations

import unittest
from pathlib import Path

import tidy

ROOT = Path(__file__).resolve().parents[2]

CLEAN = {
    "analysis/CMakeLists.txt": "add_library(awaitls_analysis STATIC text/text.cpp)\n",
    "analysis/text/text.h": "#pragma once\n\n#include <string>\n",
    "analysis/text/text.cpp": '#include "analysis/text/text.h"\n\n#include <tree_sitter/api.h>\n',
    "protocol/CMakeLists.txt": "add_library(awaitls_protocol STATIC uri.cpp)\n",
    "protocol/uri.h": "#pragma once\n\n#include <nlohmann/json_fwd.hpp>\n",
    "protocol/uri.cpp": '#include "protocol/uri.h"\n#include <asio.hpp>\n#include <nlohmann/json.hpp>\n',
    "server/CMakeLists.txt": "add_executable(awaitls main.cpp)\n",
    "server/main.cpp": '#include "analysis/text/text.h"\n#include "generated/version.h"\n'
    '#include "protocol/uri.h"\n\n#include <spdlog/spdlog.h>\n\n#include <thread>\n',
    "docs/rules/blocking-sleep.md": "# blocking-sleep\n",
    "tests/fixtures/rules/blocking-sleep/plain.py": "time.sleep(1)  # error: blocking-sleep\n\tx\n",
    "package-lock.json": '{"integrity": "sha512-AAAA"}\n',
}


class Seeded(unittest.TestCase):
    def violations(self, files: dict[str, str | None]) -> list[str]:
        """Of the clean tree with files added, replaced, or (None) removed."""
        tree = CLEAN | files
        return tidy.check({path: text for path, text in tree.items() if text is not None})

    def assert_only(self, files: dict[str, str | None], *parts: str) -> None:
        found = self.violations(files)
        self.assertEqual(len(found), 1, found)
        for part in parts:
            self.assertIn(part, found[0])

    def test_clean_tree_has_no_violation(self) -> None:
        self.assertEqual(self.violations({}), [])

    def test_each_forbidden_include_of_each_layer(self) -> None:
        for layer, names in tidy.FORBIDDEN_INCLUDES.items():
            for name in names:
                for spelling in (f"<{name}>", f"<{name}/x.h>", f"  # include <{name}.hpp>"):
                    with self.subTest(layer=layer, spelling=spelling):
                        line = spelling if "#" in spelling else f"#include {spelling}"
                        path = f"{layer}/bad.h"
                        found = self.violations({path: f"#pragma once\n{line}\n"})
                        expected = f"{path}:2: {layer} may not"
                        self.assertTrue(any(v.startswith(expected) for v in found), found)

    def test_layers_include_nothing_of_one_another(self) -> None:
        self.assert_only(
            {"protocol/x.h": '#pragma once\n#include "analysis/text/text.h"\n'},
            "protocol/x.h:2",
            "may not include analysis/text/text.h",
        )
        self.assert_only(
            {"analysis/x.h": '#pragma once\n#include "protocol/uri.h"\n'},
            "analysis/x.h:2",
            "may not include protocol/uri.h",
        )

    def test_a_name_that_only_starts_alike_is_allowed(self) -> None:
        files = {"analysis/x.h": "#pragma once\n#include <system_error>\n"}
        self.assertEqual(self.violations(files), [])

    def test_build_program_may_read_files(self) -> None:
        program = min(tidy.BUILD_PROGRAMS)
        files = {
            program: "#include <fstream>\n",
            "analysis/knowledge/CMakeLists.txt": "add_executable(c compile.cpp)\n",
        }
        self.assertEqual(self.violations(files), [])

    def test_heavy_headers_stay_out_of_headers(self) -> None:
        self.assert_only(
            {"protocol/x.h": "#pragma once\n#include <nlohmann/json.hpp>\n"}, "x.h:2", "json.hpp"
        )
        self.assert_only({"server/x.h": "#pragma once\n#include <asio.hpp>\n"}, "x.h:2", "asio.hpp")

    def test_include_that_is_no_path_from_the_root(self) -> None:
        self.assert_only(
            {"analysis/text/text.cpp": '#include "text.h"\n'}, "text.cpp:1", "no path from the root"
        )

    def test_header_without_pragma_once(self) -> None:
        self.assert_only({"server/x.h": "#include <string>\n"}, "server/x.h", "#pragma once")

    def test_source_that_is_not_listed(self) -> None:
        self.assert_only(
            {"analysis/text/more.cpp": "\n"}, "analysis/text/more.cpp", "no CMakeLists.txt lists"
        )
        self.assert_only(
            {"server/CMakeLists.txt": "add_executable(awaitls\n# main.cpp\n)\n"},
            "server/main.cpp",
            "no CMakeLists.txt lists",
        )

    def test_source_of_another_folder_with_the_same_name_is_not_enough(self) -> None:
        files = {"analysis/fix/text.cpp": "\n"}
        self.assert_only(files, "analysis/fix/text.cpp", "no CMakeLists.txt lists")

    def test_listed_source_that_is_gone(self) -> None:
        self.assert_only({"protocol/uri.cpp": None}, "protocol/CMakeLists.txt", "uri.cpp")

    def test_source_listed_by_its_own_folder(self) -> None:
        files = {
            "analysis/knowledge/a.cpp": "\n",
            "analysis/knowledge/CMakeLists.txt": "add_library(k a.cpp)\n",
        }
        self.assertEqual(self.violations(files), [])

    def test_source_listed_by_an_included_file(self) -> None:
        files: dict[str, str | None] = {
            "server/lsp/pool.cpp": "\n",
            "server/lsp/sources.cmake": "set(SOURCES lsp/pool.cpp)\n",
        }
        self.assertEqual(self.violations(files), [])
        files["server/lsp/sources.cmake"] = "set(SOURCES pool.cpp)\n"
        self.assertEqual(len(self.violations(files)), 2)

    def test_unfinished_work(self) -> None:
        for word in ("TODO", "FIXME", "XXX"):
            self.assert_only({"docs/a.md": f"one\n{word}: two\n"}, "docs/a.md:2", word)

    def test_machine_path(self) -> None:
        self.assert_only({"docs/a.md": "see /ro" + "ot/project\n"}, "docs/a.md:1", "one machine")
        self.assert_only({"tests/a.py": "p = '/wo" + "rk/project'\n"}, "tests/a.py:1", "one machine")

    def test_registry_address(self) -> None:
        self.assert_only({"docs/a.md": "https://pypi.org/x\n"}, "docs/a.md:1", "registry")

    def test_lock_file_with_an_address(self) -> None:
        for path in ("package-lock.json", "tests/package-lock.json"):
            self.assert_only({path: '{\n"resolved": "x"}\n'}, f"{path}:2", "an address")

    def test_lock_file_with_a_package_that_asks_for_money(self) -> None:
        words = '"funding": {\n"url": "https://x"\n},\n"deprecated": "use \\"y\\", https://y",\n'
        self.assertEqual(self.violations({"package-lock.json": f"{{{words}}}\n"}), [])
        self.assert_only({"package-lock.json": f'{{{words}"resolved": "x"}}\n'}, "package-lock.json:5", "an address")

    def test_tab_carriage_return_trailing_space_and_last_newline(self) -> None:
        self.assert_only({"docs/a.md": "a\n\tb\n"}, "docs/a.md:2", "tab")
        self.assert_only({"docs/a.md": "a\r\n"}, "docs/a.md:1", "carriage return")
        self.assert_only({"tests/a.py": "a \n"}, "tests/a.py:1", "space at the end")
        self.assert_only({"docs/a.md": "a\nb"}, "docs/a.md:2", "no newline")

    def test_tables_and_fixtures_may_hold_tabs(self) -> None:
        files = {
            "analysis/knowledge/a.tsv": "a\tb\n",
            "tests/fixtures/damage/a.py": "\tx \r\n# TODO",
        }
        self.assertEqual(self.violations(files), [])

    def test_rule_without_fixture(self) -> None:
        self.assert_only(
            {"docs/rules/dangling-task.md": "# dangling-task\n"}, "dangling-task", "no fixture"
        )

    def test_fixture_without_rule(self) -> None:
        self.assert_only({"tests/fixtures/rules/gone/a.py": "# gone\n"}, "no rule gone")

    def test_fixture_that_expects_nothing(self) -> None:
        self.assert_only(
            {"tests/fixtures/rules/blocking-sleep/plain.py": "pass\n"}, "no fixture expects"
        )


class Repository(unittest.TestCase):
    def test_tree_is_read(self) -> None:
        tree = tidy.load(ROOT)
        self.assertIn("CMakeLists.txt", tree)
        self.assertIn("tests/tidy/tidy.py", tree)
        self.assertFalse([path for path in tree if path.startswith(("build/", "node_modules/"))])

    def test_repository_is_tidy(self) -> None:
        violations = tidy.check(tidy.load(ROOT))
        self.assertEqual(violations, [], "\n".join(violations))


if __name__ == "__main__":
    unittest.main()
