#pragma once

// Facts of the standard library from its stubs, for the knowledge tables: what functions and properties give, and what
// classes can do. Pure text in, tables out; read_typeshed.cpp reads and writes the files.

#include "analysis/knowledge/tables.h"

#include <string>
#include <vector>

namespace awaitls::analysis::tables {

struct Stub {
    std::string module; // dotted
    bool package = false;
    std::string text;
};

/// The rows of api_*.tsv, classes.tsv and aliases.tsv that follow from the stubs and that `known` does not have, in no
/// particular order. What differs between versions of Python or platforms, and what is not certain (type variables, Any), is left
/// out. The rows together with the known ones pass the checks of read_tables().
Tables facts_of(const std::vector<Stub>& stubs, const Tables& known);

} // namespace awaitls::analysis::tables
