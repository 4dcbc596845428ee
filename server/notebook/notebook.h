#pragma once

// Jupyter notebooks as Python: the code cells, one behind the other, are one module.

#include "analysis/text/text.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::server {

bool is_notebook(std::string_view path);

/// The line that announces a cell in the module that the cells make. Editors know the form.
std::string announcement(std::size_t number);

/// A cell's code with lines that are no Python, such as `%time` and `!ls`, taken out of the way; what is left keeps its
/// place, and so does every line break. A cell of another language is a comment.
std::string as_python(std::string_view source);

/// The parts of a module that cells make, each with its announcement.
std::vector<std::string_view> split_cells(std::string_view code);

struct Notebook {
    struct Cell {
        std::size_t number;  // from 1, among the code cells
        std::uint32_t begin; // byte offset of its code in `text`, behind the line that announces it
        std::uint32_t line;  // of `begin` in `text`, from 0
        analysis::Span source;             // of the value of `source` in the JSON
        std::vector<std::string> lines;    // as the notebook has them
        std::vector<std::string> analysed; // as_python() of them: as they are in `text`
    };
    std::string text;
    std::string shown; // the same as the notebook has it: every byte at the same place
    std::vector<Cell> cells;
    std::string error; // why it cannot be read, for people; empty where it can
};

/// Reads the JSON of a notebook (nbformat 4, or 3 without worksheets). Without Python cells the text is empty.
Notebook read_notebook(std::string_view json);

/// A cell's number, and the line of its text where its code begins.
struct CellLines {
    std::size_t number;
    std::uint32_t first;
};
/// Where the cells are in a later version of Notebook::text.
std::vector<CellLines> cells_of(std::string_view code, const Notebook& notebook);

/// The JSON with the code of changed cells replaced, and not a byte beside; `code` is a later version of Notebook::text.
std::string with_code(std::string_view json, const Notebook& notebook, std::string_view code);

} // namespace awaitls::server
