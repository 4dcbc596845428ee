// Prints the syntax of Python files, for the comparison with CPython's: for each file `file PATH`, `damage BEGIN END` for
// each damaged part, and `Kind BEGIN END` for each node, in byte offsets. Paths come from standard input, one a line.

#include "analysis/syntax/parser.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

namespace {

using awaitls::analysis::Kind;

const char* kind_name(Kind kind) {
    switch (kind) {
    case Kind::FunctionDef: return "FunctionDef";
    case Kind::ClassDef: return "ClassDef";
    case Kind::Return: return "Return";
    case Kind::Delete: return "Delete";
    case Kind::Assign: return "Assign";
    case Kind::AnnAssign: return "AnnAssign";
    case Kind::AugAssign: return "AugAssign";
    case Kind::For: return "For";
    case Kind::While: return "While";
    case Kind::If: return "If";
    case Kind::With: return "With";
    case Kind::Match: return "Match";
    case Kind::Raise: return "Raise";
    case Kind::Try: return "Try";
    case Kind::Assert: return "Assert";
    case Kind::Import: return "Import";
    case Kind::ImportFrom: return "ImportFrom";
    case Kind::Global: return "Global";
    case Kind::Nonlocal: return "Nonlocal";
    case Kind::ExprStmt: return "Expr";
    case Kind::Pass: return "Pass";
    case Kind::Break: return "Break";
    case Kind::Continue: return "Continue";
    case Kind::Elif: return "Elif";
    case Kind::Except: return "ExceptHandler";
    case Kind::Name: return "Name";
    case Kind::Attribute: return "Attribute";
    case Kind::Subscript: return "Subscript";
    case Kind::Call: return "Call";
    case Kind::Keyword: return "keyword";
    case Kind::Starred: return "Starred";
    case Kind::Await: return "Await";
    case Kind::Binary: return "BinOp";
    case Kind::Unary: return "UnaryOp";
    case Kind::Not: return "UnaryOp";
    case Kind::Compare: return "Compare";
    case Kind::Lambda: return "Lambda";
    case Kind::Conditional: return "IfExp";
    case Kind::ListComp: return "ListComp";
    case Kind::SetComp: return "SetComp";
    case Kind::DictComp: return "DictComp";
    case Kind::Generator: return "GeneratorExp";
    case Kind::List: return "List";
    case Kind::Tuple: return "Tuple";
    case Kind::Set: return "Set";
    case Kind::Dict: return "Dict";
    case Kind::Yield: return "Yield";
    case Kind::YieldFrom: return "YieldFrom";
    case Kind::NamedExpr: return "NamedExpr";
    default: return nullptr; // no counterpart with a place of its own
    }
}

} // namespace

int main() {
    for (std::string path; std::getline(std::cin, path);) {
        std::ifstream in(path, std::ios::binary);
        if (!in) {
            std::fprintf(stderr, "cannot read %s\n", path.c_str());
            return 1;
        }
        const awaitls::analysis::ParsedRegion parsed = awaitls::analysis::parse_region(
            {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()});
        std::printf("file %s\n", path.c_str());
        for (const awaitls::analysis::Span span : parsed.tree.damage())
            std::printf("damage %u %u\n", span.begin, span.end);
        for (const awaitls::analysis::Node& node : parsed.tree.nodes()) {
            const char* const name = kind_name(node.kind);
            if (name != nullptr)
                std::printf("%s%s %u %u\n", node.is_async() ? "Async" : "", name, node.begin,
                            node.end);
        }
    }
    return 0;
}
