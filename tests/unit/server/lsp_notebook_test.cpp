// The cells of open notebooks: random changes give what joining the cells anew gives.

#include "server/lsp/code_actions.h"
#include "server/lsp/document.h"
#include "server/notebook/notebook.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace awaitls::server {
namespace {

using protocol::NotebookCellKind;
using protocol::Position;
using protocol::PositionEncoding;

constexpr PositionEncoding kEncodings[] = {PositionEncoding::Utf8, PositionEncoding::Utf16,
                                           PositionEncoding::Utf32};

/// What the client holds.
struct ClientCell {
    std::string uri;
    NotebookCellKind kind = NotebookCellKind::Code;
    std::string language = "python";
    std::int64_t version = 1;
    std::string text;

    protocol::NotebookCell item() const { return {kind, uri, {}, {}}; }
    protocol::TextDocumentItem text_document() const { return {uri, language, version, text}; }
};

void refuse(LogLevel level, const std::string& text) {
    if (level != LogLevel::Debug) {
        ADD_FAILURE() << text;
    }
}

std::uint64_t next_opening() {
    static std::uint64_t last = 0;
    return ++last;
}

Document open(const std::vector<ClientCell>& cells, PositionEncoding encoding) {
    protocol::DidOpenNotebookDocumentParams params;
    params.notebook_document.uri = "file:///n.ipynb";
    for (const ClientCell& cell : cells) {
        params.notebook_document.cells.push_back(cell.item());
        params.cell_text_documents.push_back(cell.text_document());
    }
    return {protocol::parse_uri("file:///n.ipynb"), 1,
            NotebookCells(params, encoding, next_opening, refuse)};
}

void apply(Document& document, protocol::NotebookCellsChange change) {
    document.apply(document.version() + 1, {{}, std::move(change)}, next_opening, refuse);
}

std::string random_text(std::mt19937& random, std::size_t pieces) {
    static constexpr const char* kPieces[] = {"a",       "\n",       "\n",
                                              "\r\n",    "\xC3\xA4", "\xF0\x9F\x98\x80",
                                              " ",       "%",        "\n%%bash\n",
                                              "!",       "?",        "=",
                                              "#",       "'",        "def f():\n  g()\n",
                                              "x = 1\n", "%%time\n"};
    std::string text;
    for (std::size_t i = 0; i < pieces; ++i) {
        text += kPieces[random() % std::size(kPieces)];
    }
    return text;
}

/// The notebook as a file that `check` reads. Cells in other languages are known by the kernel there.
std::string module_of(const std::vector<ClientCell>& cells) {
    nlohmann::json json{{"cells", nlohmann::json::array()}};
    for (const ClientCell& cell : cells) {
        const bool code = cell.kind == NotebookCellKind::Code;
        json["cells"].push_back({{"cell_type", code ? "code" : "markdown"},
                                 {"source", cell.language == "python" ? nlohmann::json(cell.text)
                                                                      : nlohmann::json(1)}});
    }
    const Notebook notebook = read_notebook(json.dump());
    EXPECT_EQ(notebook.error, "");
    return notebook.text;
}

void expect_consistent(const Document& document, const std::vector<ClientCell>& cells) {
    ASSERT_EQ(document.text()->text(), module_of(cells));
    ASSERT_EQ(document.text()->lines(), analysis::LineIndex(document.text()->text()));
    const DocumentMap& map = *document.map();
    std::size_t part = 0;
    std::size_t number = 0;
    for (const ClientCell& cell : cells) {
        number += cell.kind == NotebookCellKind::Code ? 1 : 0;
        if (cell.kind != NotebookCellKind::Code || cell.language != "python") {
            ASSERT_EQ(map.find(protocol::uri_key(cell.uri)), std::nullopt);
            continue;
        }
        ASSERT_LT(part, map.parts().size());
        const Part& known = map.parts()[part];
        ASSERT_EQ(map.find(protocol::uri_key(cell.uri)), part);
        ASSERT_EQ(known.uri->text, cell.uri);
        ASSERT_EQ(known.version, cell.version);
        ASSERT_EQ(known.text->text(), cell.text);
        ASSERT_EQ(known.cell, number);
        ASSERT_EQ(as_python(cell.text),
                  document.text()->text().substr(known.begin, cell.text.size()));
        for (std::uint32_t at = 0; at <= cell.text.size(); ++at) {
            if (at < cell.text.size() &&
                (static_cast<unsigned char>(cell.text[at]) & 0xC0U) == 0x80U) {
                continue;
            }
            const std::uint32_t offset = known.begin + at;
            const DocumentMap::Place place = map.place({offset, offset});
            ASSERT_EQ(place.part, part);
            if (!(at > 0 && cell.text[at - 1] == '\r' && cell.text[at] == '\n')) {
                ASSERT_EQ(map.offset(part, place.range.start), offset);
            }
        }
        ++part;
    }
    ASSERT_EQ(part, map.parts().size());
}

class RandomClient {
public:
    RandomClient(unsigned seed, PositionEncoding encoding) : random_(seed), encoding_(encoding) {
        for (int i = 0; i < 4; ++i) {
            cells_.push_back(new_cell());
        }
    }

    const std::vector<ClientCell>& cells() const { return cells_; }

    protocol::NotebookCellsChange change() {
        protocol::NotebookCellsChange result;
        if (random_() % 4 == 0) {
            restructure(result);
        }
        for (std::size_t edits = random_() % 3; edits > 0 && !cells_.empty(); --edits) {
            edit(result);
        }
        return result;
    }

private:
    ClientCell new_cell() {
        ClientCell cell;
        cell.uri = "vscode-notebook-cell:/n.ipynb#" + std::to_string(++made_);
        if (random_() % 6 == 0) {
            cell.kind = NotebookCellKind::Markup;
        } else if (random_() % 6 == 0) {
            cell.language = "sql";
        }
        cell.text = random_text(random_, random_() % 12);
        return cell;
    }

    void restructure(protocol::NotebookCellsChange& result) {
        protocol::NotebookCellStructureChange& structure = result.structure.emplace();
        const std::size_t start = random_() % (cells_.size() + 1);
        const std::size_t count = random_() % (cells_.size() - start + 1);
        const auto begin = cells_.begin() + static_cast<std::ptrdiff_t>(start);
        std::vector<ClientCell> taken(begin, begin + static_cast<std::ptrdiff_t>(count));
        const auto at = cells_.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
        std::shuffle(taken.begin(), taken.end(), random_);
        while (!taken.empty() && random_() % 2 == 0) {
            structure.did_close.push_back({taken.back().uri});
            taken.pop_back();
        }
        if (!taken.empty() && random_() % 3 == 0) { // its language changes
            structure.did_close.push_back({taken.back().uri});
            taken.back().language = taken.back().language == "sql" ? "python" : "sql";
            structure.did_open.push_back(taken.back().text_document());
        }
        for (std::size_t fresh = random_() % 3; fresh > 0; --fresh) {
            taken.insert(taken.begin(), new_cell());
            structure.did_open.push_back(taken.front().text_document());
        }
        structure.array = {static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(count),
                           std::vector<protocol::NotebookCell>{}};
        for (const ClientCell& cell : taken) {
            structure.array.cells->push_back(cell.item());
        }
        cells_.insert(at, taken.begin(), taken.end());
    }

    void edit(protocol::NotebookCellsChange& result) {
        ClientCell& cell = cells_[random_() % cells_.size()];
        protocol::NotebookCellTextChange change{{cell.uri, ++cell.version}, {}};
        for (std::size_t i = 1 + random_() % 2; i > 0; --i) {
            const std::string inserted = random_text(random_, random_() % 4);
            if (random_() % 8 == 0) {
                cell.text = inserted;
                change.changes.push_back({std::nullopt, inserted});
                continue;
            }
            const analysis::LineIndex lines(cell.text);
            const TextMap map(cell.text, lines, encoding_);
            const auto place = [&] {
                const Position position =
                    map.position(static_cast<std::uint32_t>(random_() % (cell.text.size() + 1)));
                return map.offset(position);
            };
            const std::uint32_t one = place();
            const std::uint32_t other = place();
            const analysis::Span span{std::min(one, other), std::max(one, other)};
            change.changes.push_back({map.range(span), inserted});
            cell.text = analysis::apply_edits(cell.text, {{span, inserted}});
        }
        result.text_content.push_back(std::move(change));
    }

    std::mt19937 random_;
    PositionEncoding encoding_;
    std::vector<ClientCell> cells_;
    int made_ = 0;
};

TEST(NotebookCells, RandomChangesGiveWhatJoiningAnewGives) {
    for (const PositionEncoding encoding : kEncodings) {
        for (unsigned seed = 0; seed < 20; ++seed) {
            RandomClient client(seed, encoding);
            Document document = open(client.cells(), encoding);
            expect_consistent(document, client.cells());
            for (int i = 0; i < 60; ++i) {
                apply(document, client.change());
                expect_consistent(document, client.cells());
                ASSERT_TRUE(document.in_sync());
                if (HasFatalFailure()) {
                    return;
                }
            }
        }
    }
}

TEST(NotebookCells, NothingThatAClientSaysBreaksThem) {
    std::mt19937 random(7);
    const auto small = [&] { return static_cast<std::uint32_t>(random() % 6); };
    const auto uri = [&] { return "c:" + std::to_string(small()); };
    const auto kind = [&] {
        return random() % 4 == 0 ? NotebookCellKind::Markup : NotebookCellKind::Code;
    };
    for (int round = 0; round < 200; ++round) {
        protocol::DidOpenNotebookDocumentParams params;
        for (std::uint32_t i = small(); i > 0; --i) {
            params.notebook_document.cells.push_back({kind(), uri(), {}, {}});
            params.cell_text_documents.push_back({uri(), "python", 1, random_text(random, 5)});
        }
        NotebookCells cells(params, PositionEncoding::Utf16, next_opening,
                            [](LogLevel, const std::string&) {});
        for (int step = 0; step < 40; ++step) {
            protocol::NotebookCellsChange change;
            if (random() % 3 == 0) {
                auto& structure = change.structure.emplace();
                structure.array = {small() % 4, small() % 3, std::nullopt};
                if (random() % 2 == 0) {
                    structure.array.cells.emplace().push_back({kind(), uri(), {}, {}});
                    structure.did_open.push_back(
                        {uri(), random() % 4 == 0 ? "r" : "python", 1, random_text(random, 5)});
                }
                if (random() % 3 == 0) {
                    structure.did_close.push_back({uri()});
                }
            }
            if (random() % 4 == 0) {
                change.data.push_back({kind(), uri(), {}, {}});
            }
            for (std::uint32_t i = small() % 3; i > 0; --i) {
                const protocol::Range range{{small(), small()}, {small(), small()}};
                change.text_content.push_back(
                    {{uri(), small()}, {{range, random_text(random, small())}}});
            }
            cells.apply(change, next_opening, [](LogLevel, const std::string&) {});
            const std::string text = cells.text()->text();
            for (const Part& part : cells.map()->parts()) {
                const std::string& own = part.text->text();
                ASSERT_EQ(as_python(own), text.substr(part.begin, own.size()));
                ASSERT_EQ(text.substr(part.begin - announcement(part.cell).size(),
                                      announcement(part.cell).size()),
                          announcement(part.cell));
            }
            (void)cells.in_sync();
        }
    }
}

TEST(NotebookCells, AnEditOfACellKeepsTheRest) {
    std::vector<ClientCell> cells(3);
    for (std::size_t i = 0; i < cells.size(); ++i) {
        cells[i].uri = "c:" + std::to_string(i);
        cells[i].text = "x = " + std::to_string(i);
    }
    Document document = open(cells, PositionEncoding::Utf16);
    const auto before = document.text();
    protocol::NotebookCellsChange change;
    change.text_content.push_back({{"c:1", 2}, {{protocol::Range{{0, 5}, {0, 5}}, "7"}}});
    apply(document, change);
    const analysis::CommonEnds ends = document.text()->common_ends_with(*before);
    EXPECT_EQ(ends.prefix + ends.suffix, before->text().size());
    EXPECT_EQ(document.text()->text(), "# %% awaitls cell 1\nx = 0\n# %% awaitls cell 2\nx = 17\n"
                                       "# %% awaitls cell 3\nx = 2\n");
}

TEST(NotebookCells, DataOfCellsChangesNothingButTheirKind) {
    std::vector<ClientCell> cells(1);
    cells[0].uri = "c:0";
    Document document = open(cells, PositionEncoding::Utf16);
    const std::uint64_t generation = document.generation();
    protocol::NotebookCellsChange change;
    change.data.push_back(cells[0].item());
    apply(document, change);
    document.apply(5, {{}, std::nullopt}, next_opening, refuse);
    EXPECT_EQ(document.generation(), generation);
    EXPECT_EQ(document.version(), 5);
    change.data[0].kind = NotebookCellKind::Markup;
    apply(document, change);
    EXPECT_NE(document.generation(), generation);
    EXPECT_TRUE(document.map()->parts().empty());
}

/// Edits of the module as edits of cells; "none" where there is no such edit.
std::string cells_after(const std::vector<std::string>& texts,
                        const std::vector<analysis::Edit>& edits) {
    std::vector<ClientCell> cells;
    for (const std::string& text : texts) {
        cells.push_back(
            {"c:" + std::to_string(cells.size()), NotebookCellKind::Code, "python", 1, text});
    }
    const Document document = open(cells, PositionEncoding::Utf8);
    const std::optional<protocol::WorkspaceEdit> edit = workspace_edit(document, edits, {});
    if (!edit) {
        return "none";
    }
    std::string result;
    for (ClientCell& cell : cells) {
        for (const auto& [uri, changes] : *edit->changes) {
            if (uri != cell.uri) {
                continue;
            }
            const analysis::LineIndex lines(cell.text);
            std::vector<analysis::Edit> own;
            for (const protocol::TextEdit& change : changes) {
                own.push_back({TextMap(cell.text, lines, PositionEncoding::Utf8).span(change.range),
                               change.new_text});
            }
            cell.text = analysis::apply_edits(cell.text, own);
        }
        result += "[" + cell.text + "]";
    }
    return result;
}

TEST(WorkspaceEdit, IsSplitByCells) {
    // The mark of a cell has 20 bytes: the first cell is at 20, the second behind its own at 26 + 20.
    const std::vector<std::string> texts{"a = 1", "%time x\nb = 2\n"};
    EXPECT_EQ(cells_after(texts, {{{20, 21}, "c"}, {{54, 55}, "d"}}), "[c = 1][%time x\nd = 2\n]");
    EXPECT_EQ(cells_after(texts, {{{25, 25}, "0"}}), "[a = 10][%time x\nb = 2\n]");
    EXPECT_EQ(cells_after(texts, {{{26, 26}, "e\n"}}), "[a = 1\ne][%time x\nb = 2\n]")
        << "a line behind the last one";
    EXPECT_EQ(cells_after(texts, {{{20, 26}, "e\nf\n"}}), "[e\nf][%time x\nb = 2\n]");
    EXPECT_EQ(cells_after(texts, {{{20, 26}, ""}}), "[][%time x\nb = 2\n]");
    EXPECT_EQ(cells_after(texts, {{{60, 60}, "e\n"}}), "[a = 1][%time x\nb = 2\ne\n]");
    EXPECT_EQ(cells_after(texts, {{{20, 47}, "e"}}), "none") << "over the end of a cell";
    EXPECT_EQ(cells_after(texts, {{{30, 31}, "e"}}), "none") << "in the mark of a cell";
    EXPECT_EQ(cells_after(texts, {{{0, 3}, "e"}}), "none") << "in front of all cells";
    EXPECT_EQ(cells_after(texts, {{{46, 48}, "e"}}), "none") << "what is no Python";
    EXPECT_EQ(cells_after(texts, {{{46, 46}, "  "}}), "[a = 1][  %time x\nb = 2\n]");
    EXPECT_EQ(cells_after(texts, {}), "[a = 1][%time x\nb = 2\n]");
    EXPECT_EQ(cells_after({}, {{{0, 0}, "x"}}), "none");
}

} // namespace
} // namespace awaitls::server
