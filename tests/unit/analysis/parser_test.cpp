// Lowering: what the grammar gets wrong about Python, mended in one place; every construct in its shape; and no depth that
// is too deep.

#include "analysis/analysis.h"
#include "analysis/rules/catalog.h"
#include "analysis/syntax/parser.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

namespace awaitls::analysis {
namespace {

constexpr std::array<const char*, kKindCount> kKinds = {
    "Module",        "FunctionDef", "ClassDef",  "Return",        "Delete",    "Assign",
    "AnnAssign",     "AugAssign",   "For",       "While",         "If",        "With",
    "Match",         "Raise",       "Try",       "Assert",        "Import",    "ImportFrom",
    "Global",        "Nonlocal",    "ExprStmt",  "Pass",          "Break",     "Continue",
    "TypeAlias",     "Block",       "Elif",      "Else",          "Except",    "Finally",
    "Case",          "WithItem",    "Decorator", "Parameters",    "Parameter", "TypeParameters",
    "Alias",         "ModuleName",  "Pattern",   "Name",          "Attribute", "Subscript",
    "Call",          "Keyword",     "Starred",   "DoubleStarred", "Await",     "Binary",
    "BoolOp",        "Not",         "Unary",     "Compare",       "Lambda",    "Conditional",
    "ListComp",      "SetComp",     "DictComp",  "Generator",     "CompFor",   "CompIf",
    "List",          "Tuple",       "Set",       "Dict",          "Pair",      "String",
    "Interpolation", "Integer",     "Float",     "True",          "False",     "None",
    "Ellipsis",      "Yield",       "YieldFrom", "NamedExpr",     "Slice",     "Identifier",
    "Error"};

/// `Kind(children)`, leaves with their text, targets marked `=`, async `~`, starred `*`.
std::string shape(const Tree& tree, NodeId node) {
    const Node& n = tree[node];
    std::string result = n.is_async() ? "~" : "";
    if (n.has(node_flag::kStar)) result += "*";
    const NodeId first = tree.first_child(node);
    const bool leaf = first == kNoNode;
    const bool word = n.kind == Kind::Name || n.kind == Kind::Identifier ||
                      n.kind == Kind::Integer || n.kind == Kind::Float;
    if (leaf && word) {
        result += std::string(tree.text(node));
    } else if (leaf && n.kind == Kind::String) {
        result += "str";
    } else {
        result += kKinds[static_cast<std::size_t>(n.kind)];
        if (!leaf) result += "(";
        for (NodeId c = first; c != kNoNode; c = tree.next_sibling(c))
            result += (c == first ? "" : " ") + shape(tree, c);
        if (!leaf) result += ")";
    }
    if (n.has(node_flag::kStore) &&
        (word || n.kind == Kind::Attribute || n.kind == Kind::Subscript))
        result += "=";
    if (n.has(node_flag::kDel) && word) result += "!";
    return result;
}

/// The statements of a text that is valid.
std::string statements(std::string text) {
    if (!text.ends_with('\n')) text += '\n';
    const ParsedRegion region = parse_region(std::move(text));
    EXPECT_TRUE(region.tree.clean()) << region.tree.text();
    // Every child lies in its parent, siblings do not overlap, subtrees nest.
    for (NodeId n = 1; n < region.tree.size(); ++n) {
        const Node& node = region.tree[n];
        const Node& parent = region.tree[node.parent];
        EXPECT_TRUE(parent.begin <= node.begin && node.end <= parent.end &&
                    node.next <= parent.next && n < node.next)
            << region.tree.text() << "\n"
            << kKinds[static_cast<std::size_t>(node.kind)] << " in "
            << kKinds[static_cast<std::size_t>(parent.kind)];
        if (const NodeId next = region.tree.next_sibling(n);
            next != kNoNode && node.kind != Kind::Identifier) {
            EXPECT_LE(node.end, region.tree[next].begin) << region.tree.text();
        }
    }
    std::string result;
    for (NodeId c = region.tree.first_child(0); c != kNoNode; c = region.tree.next_sibling(c))
        result += (result.empty() ? "" : "; ") + shape(region.tree, c);
    return result;
}

/// The shape of an expression.
std::string expression(const std::string& text) {
    const std::string result = statements(text);
    constexpr std::string_view kStatement = "ExprStmt(";
    EXPECT_TRUE(result.starts_with(kStatement)) << result;
    return result.substr(kStatement.size(), result.size() - kStatement.size() - 1);
}

bool damaged(std::string text) {
    return !parse_region(std::move(text)).tree.clean();
}

// --- the grammar's quirks ------------------------------------------------------------------------------

TEST(Quirks, AwaitBindsTighterThanPower) {
    EXPECT_EQ(expression("await a ** 2"), "Binary(Await(a) 2)");
    EXPECT_EQ(expression("await a ** await b"), "Binary(Await(a) Await(b))");
    EXPECT_EQ(expression("await a.b() ** 2 ** c"),
              "Binary(Await(Call(Attribute(a b))) Binary(2 c))");
    EXPECT_EQ(expression("-await a ** 2"), "Unary(Binary(Await(a) 2))");
    EXPECT_EQ(expression("await (a ** 2)"), "Await(Binary(a 2))");
    EXPECT_EQ(expression("f(await a ** 2, await b)"), "Call(f Binary(Await(a) 2) Await(b))");
    EXPECT_EQ(expression("(await a[await i ** 2]) ** 3"),
              "Binary(Await(Subscript(a Binary(Await(i) 2))) 3)");
    const Tree tree = parse_region("await a ** 2\n").tree;
    EXPECT_EQ(
        tree.text(tree.child(tree.child(tree.child(0, Kind::ExprStmt), Kind::Binary), Kind::Await)),
        "await a");
}

TEST(Quirks, PrintAndExecStatementsArePython2) {
    for (const char* text : {"print 'a'\n", "print a, b\n", "print >>f, a\n", "exec 'x' in d\n",
                             "def f():\n    print a\n"}) {
        const ParsedRegion region = parse_region(text);
        EXPECT_TRUE(region.python2) << text;
        EXPECT_FALSE(region.tree.clean()) << text;
    }
    for (const char* text :
         {"print('a')\n", "print (a), b\n", "print\n", "exec('x')\n", "print >> f\n"}) {
        const ParsedRegion region = parse_region(text);
        EXPECT_FALSE(region.python2 && region.tree.clean()) << text;
    }
    EXPECT_EQ(expression("print(a)"), "Call(print a)");
    EXPECT_EQ(expression("exec(a, b)"), "Call(exec a b)");
}

TEST(Quirks, LoneAsyncAndAwaitAreDamage) {
    EXPECT_TRUE(damaged("async\n"));
    EXPECT_TRUE(damaged("async def f():\n    await\n    x = 1\n"));
    EXPECT_TRUE(damaged("async def f():\n    x = await\n"));
    EXPECT_TRUE(damaged("await = 1\n"));
    EXPECT_FALSE(damaged("async_ = awaits = 1\n"));
}

TEST(Quirks, EmptySuitesAreDamage) {
    for (const char* text :
         {"async def f():\n", "def f():\n\nx = 1\n", "class A:\n# comment\n",
          "if a:\nelse:\n    pass\n", "while a:\n", "for a in b:\n", "with a:\n",
          "try:\n    pass\nexcept:\n", "try:\n    x = 1\n", "try:\n    x = 1\nelse:\n    y = 2\n"})
        EXPECT_TRUE(damaged(text)) << text;
    EXPECT_FALSE(damaged("try:\n    x = 1\nfinally:\n    y = 2\n"));
    EXPECT_FALSE(damaged("def f(): pass\ndef g():\n    # comment\n    ...\n"));
}

TEST(Quirks, DedentToAnUnknownColumnIsDamage) {
    EXPECT_TRUE(damaged("if a:\n        x = 1\n    y = 2\n"));
    EXPECT_TRUE(damaged("def f():\n    x = 1\n      y = 2\n"));
    EXPECT_FALSE(damaged("if a:\n        x = 1\nelse:\n  y = 2\n"));
    EXPECT_FALSE(damaged("def f():\n    x = 1; y = 2\n    z = 3\n"));
    EXPECT_FALSE(damaged("if a:\n\tx = 1\n        y = 2\n")) << "a tab goes to column 8";
}

TEST(Quirks, StarredCallsInBrackets) {
    EXPECT_EQ(expression("[*f(x)]"), "List(Starred(Call(f x)))");
    EXPECT_EQ(expression("[*a.b.c(x)[0]]"),
              "List(Starred(Subscript(Call(Attribute(Attribute(a b) c) x) 0)))");
    EXPECT_EQ(expression("{*f(x)}"), "Set(Starred(Call(f x)))");
    EXPECT_EQ(expression("[*a, *f(x), b]"), "List(Starred(a) Starred(Call(f x)) b)");
    EXPECT_EQ(expression("g(*f(x), *a, **b, c=1)"),
              "Call(g Starred(Call(f x)) Starred(a) DoubleStarred(b) Keyword(c 1))");
    EXPECT_EQ(expression("(*f(x),)"), "Tuple(Starred(Call(f x)))");
    EXPECT_EQ(expression("[*f(*g(x))]"), "List(Starred(Call(f Starred(Call(g x)))))");
    EXPECT_EQ(expression("[*(await f())]"), "List(Starred(Await(Call(f))))");
}

TEST(Quirks, AssignmentsToAttributesOfTypeCalls) {
    EXPECT_EQ(statements("type(a).b = c"), "Assign(Attribute(Call(type a) b)= c)");
    EXPECT_EQ(statements("type(a, b).c[0].d = await f()"),
              "Assign(Attribute(Subscript(Attribute(Call(type a b) c) 0) d)= Await(Call(f)))");
    EXPECT_EQ(statements("type(await a).b = c"), "Assign(Attribute(Call(type Await(a)) b)= c)");
    EXPECT_EQ(statements("type(a).b += c"), "AugAssign(Attribute(Call(type a) b)= c)");
    EXPECT_EQ(statements("type(a).b"), "ExprStmt(Attribute(Call(type a) b))");
    EXPECT_EQ(statements("type(a)(b)"), "ExprStmt(Call(Call(type a) b))");
    EXPECT_EQ(statements("type X = int"), "TypeAlias(X= int)");
}

TEST(Quirks, TuplesWithoutParentheses) {
    EXPECT_EQ(expression("a, b"), "Tuple(a b)");
    EXPECT_EQ(expression("a,"), "Tuple(a)");
    EXPECT_EQ(expression("f(), await g()"), "Tuple(Call(f) Await(Call(g)))");
    EXPECT_EQ(statements("return a, *b"), "Return(Tuple(a Starred(b)))");
    EXPECT_EQ(statements("x = a, b"), "Assign(x= Tuple(a b))");
    EXPECT_EQ(statements("yield a, b"), "ExprStmt(Yield(Tuple(a b)))");
    EXPECT_EQ(statements("for x, *y in a, b: pass"),
              "For(Tuple(x= Starred(y=)) Tuple(a b) Block(Pass))");
    EXPECT_EQ(expression("a[1, b]"), "Subscript(a 1 b)");
}

TEST(Quirks, StatementsWithoutASeparatorAreDamage) {
    EXPECT_TRUE(damaged("def f():\n    x = 1\n    g() e\n    h()\n"));
    EXPECT_TRUE(damaged("def f():\n    pass\n    g() await h()\n    h()\n"));
    EXPECT_TRUE(damaged("x() y()\n"));
    EXPECT_FALSE(damaged("x(); y();\nif a: b; c\nclass A: x = 1\n"));
    EXPECT_FALSE(damaged("if a: \\\n    b\nx; \\\r\n  y\n"));
    EXPECT_FALSE(damaged("if a:\n    b  # c \\\n    d\n"))
        << "a backslash in a comment joins nothing";
    EXPECT_TRUE(damaged("if a:\n    b  # c \\\n      d\n"));
}

// --- statements ----------------------------------------------------------------------------------------

TEST(Lowering, With) {
    EXPECT_EQ(statements("with a: pass"), "With(WithItem(a) Block(Pass))");
    EXPECT_EQ(statements("with a as b, c() as (d, e): pass"),
              "With(WithItem(a b=) WithItem(Call(c) Tuple(d= e=)) Block(Pass))");
    EXPECT_EQ(statements("with (a as b, c,): pass"),
              "With(WithItem(a b=) WithItem(c) Block(Pass))");
    EXPECT_EQ(statements("with (a, b): pass"), "With(WithItem(a) WithItem(b) Block(Pass))");
    EXPECT_EQ(statements("with (a): pass"), "With(WithItem(a) Block(Pass))");
    EXPECT_EQ(statements("with (a, b) as c: pass"), "With(WithItem(Tuple(a b) c=) Block(Pass))");
    EXPECT_EQ(statements("with (yield a) as b.c: pass"),
              "With(WithItem(Yield(a) Attribute(b c)=) Block(Pass))");
    EXPECT_EQ(statements("async with (\n    a() as b,\n    c() as d,\n): pass"),
              "~With(WithItem(Call(a) b=) WithItem(Call(c) d=) Block(Pass))");
    EXPECT_EQ(statements("with open(a) as b[0]: pass"),
              "With(WithItem(Call(open a) Subscript(b 0)=) Block(Pass))");
}

TEST(Lowering, Try) {
    EXPECT_EQ(statements("try: pass\nexcept A: pass\nexcept (B, c.D) as e: raise\nexcept: raise X "
                         "from e\nelse: pass\nfinally: pass"),
              "Try(Block(Pass) Except(A Block(Pass)) Except(Tuple(B Attribute(c D)) e= "
              "Block(Raise)) Except(Block(Raise(X e))) "
              "Else(Block(Pass)) Finally(Block(Pass)))");
    EXPECT_EQ(statements("try: pass\nexcept* A as e: pass\nexcept *B: pass"),
              "Try(Block(Pass) *Except(A e= Block(Pass)) *Except(B Block(Pass)))");
}

TEST(Lowering, IfAndLoops) {
    EXPECT_EQ(statements("if a: b\nelif c: d\nelif e: f\nelse: g"),
              "If(a Block(ExprStmt(b)) Elif(c Block(ExprStmt(d))) Elif(e Block(ExprStmt(f))) "
              "Else(Block(ExprStmt(g))))");
    EXPECT_EQ(statements("while a: break\nelse: continue"),
              "While(a Block(Break) Else(Block(Continue)))");
    EXPECT_EQ(statements("async for a.b in c: pass\nelse: pass"),
              "~For(Attribute(a b)= c Block(Pass) Else(Block(Pass)))");
}

TEST(Lowering, MatchPatterns) {
    EXPECT_EQ(statements("match a:\n    case 1 | 'b': pass\n    case [x, *y] if z: pass\n    case "
                         "{'k': v, **rest}: pass\n"
                         "    case P(q, r=s) as t: pass\n    case m.n: pass\n    case _: pass"),
              "Match(a Case(Pattern Block(Pass)) Case(Pattern(x= y=) z Block(Pass)) "
              "Case(Pattern(v= rest=) Block(Pass)) "
              "Case(Pattern(P q= s= t=) Block(Pass)) Case(Pattern(m) Block(Pass)) Case(Pattern "
              "Block(Pass)))");
    EXPECT_EQ(statements("match (a, b):\n    case (x, y): pass"),
              "Match(Tuple(a b) Case(Pattern(x= y=) Block(Pass)))");
    EXPECT_EQ(statements("match = case = type = _ = 1"),
              "Assign(match= Assign(case= Assign(type= Assign(_= 1))))");
    EXPECT_EQ(expression("match(a).case(b)"), "Call(Attribute(Call(match a) case) b)");
}

TEST(Lowering, Assignments) {
    EXPECT_EQ(statements("a = b = c"), "Assign(a= Assign(b= c))");
    EXPECT_EQ(statements("a.b, c[d], *e = f"),
              "Assign(Tuple(Attribute(a b)= Subscript(c d)= Starred(e=)) f)");
    EXPECT_EQ(statements("[a, (b, c)] = d"), "Assign(List(a= Tuple(b= c=)) d)");
    EXPECT_EQ(statements("a: int"), "AnnAssign(a= int)");
    EXPECT_EQ(statements("a.b: 'int' = c"), "AnnAssign(Attribute(a b)= str c)");
    EXPECT_EQ(statements("a += await b"), "AugAssign(a= Await(b))");
    EXPECT_EQ(statements("del a, b[c], (d, e)"), "Delete(a! Subscript(b c) Tuple(d! e!))");
    EXPECT_EQ(statements("x = y = yield"), "Assign(x= Assign(y= Yield))");
    EXPECT_EQ(statements("f(a)[b := c] = d"), "Assign(Subscript(Call(f a) NamedExpr(b= c))= d)");
}

TEST(Lowering, Imports) {
    EXPECT_EQ(statements("import a, b.c as d"),
              "Import(Alias(ModuleName(a)) Alias(ModuleName(b c) d))");
    EXPECT_EQ(statements("from a.b import (c, d as e,)"),
              "ImportFrom(ModuleName(a b) Alias(c) Alias(d e))");
    EXPECT_EQ(statements("from a import *"), "*ImportFrom(ModuleName(a))");
    EXPECT_EQ(statements("from __future__ import annotations as b"),
              "ImportFrom(ModuleName(__future__) Alias(annotations b))");
    const Tree tree = parse_region("from ...a import b\nfrom . import c\n").tree;
    NodeId from = tree.first_child(0);
    EXPECT_EQ(tree[tree.child(from, Kind::ModuleName)].op, 3);
    from = tree.next_sibling(from);
    EXPECT_EQ(tree[tree.child(from, Kind::ModuleName)].op, 1);
    EXPECT_EQ(tree.first_child(tree.child(from, Kind::ModuleName)), kNoNode);
}

TEST(Lowering, Definitions) {
    EXPECT_EQ(
        statements("@a\n@b.c(d)\nasync def f(x, /, y: int = 1, *z: T, k, l=2, **m) -> R: pass"),
        "~FunctionDef(Decorator(a) Decorator(Call(Attribute(b c) d)) f Parameters(Parameter(x) "
        "Parameter(y int 1) Parameter(z T) "
        "Parameter(k) Parameter(l 2) Parameter(m)) R Block(Pass))");
    const Tree tree = parse_region("def f(x, /, y: int = 1, *z: T, k, l=2, **m): pass\n").tree;
    std::string forms;
    for (const NodeId p : tree.children(tree.child(tree.first_child(0), Kind::Parameters)))
        forms += std::to_string(tree[p].op);
    using Form = ParameterForm;
    std::string expected;
    for (const Form form : {Form::PositionalOnly, Form::Ordinary, Form::VarArgs, Form::KeywordOnly,
                            Form::KeywordOnly, Form::VarKeywords})
        expected += std::to_string(static_cast<int>(form));
    EXPECT_EQ(forms, expected);
    EXPECT_EQ(statements("def f(*, a): pass"),
              "FunctionDef(f Parameters(Parameter(a)) Block(Pass))");
    EXPECT_EQ(statements("@d\nclass A(B, C[int], metaclass=M): x: int = 1"),
              "ClassDef(Decorator(d) A B Subscript(C int) Keyword(metaclass M) Block(AnnAssign(x= "
              "int 1)))");
    EXPECT_EQ(expression("lambda a, *b, c=1, **d: (yield)"),
              "Lambda(Parameters(Parameter(a) Parameter(b) Parameter(c 1) Parameter(d)) Yield)");
    EXPECT_EQ(expression("lambda: a"), "Lambda(a)");
}

TEST(Lowering, TypeParametersAndAliases) {
    EXPECT_EQ(statements("def f[T: int, *Ts, **P](x: T) -> T: pass").substr(0, 30),
              "FunctionDef(f TypeParameters(T");
    EXPECT_TRUE(statements("class A[T](B[T]): pass")
                    .starts_with("ClassDef(A TypeParameters(T) Subscript(B T)"));
    EXPECT_TRUE(statements("type X[T] = list[T]").starts_with("TypeAlias("));
    EXPECT_EQ(statements("def f(*args: *Ts): pass"),
              "FunctionDef(f Parameters(Parameter(args Starred(Ts))) Block(Pass))");
}

TEST(Lowering, Annotations) {
    EXPECT_EQ(
        statements("def f(a: list[int] | None, b: 'x.Y', c: Callable[[int], str]) -> dict[str, "
                   "a.B]: pass"),
        "FunctionDef(f Parameters(Parameter(a Binary(Subscript(list int) None)) Parameter(b str) "
        "Parameter(c Subscript(Callable List(int) str))) Subscript(dict str Attribute(a B)) "
        "Block(Pass))");
}

// --- expressions ---------------------------------------------------------------------------------------

TEST(Lowering, Operators) {
    EXPECT_EQ(expression("a + b * c"), "Binary(a Binary(b c))");
    EXPECT_EQ(expression("not a or b and c"), "BoolOp(Not(a) BoolOp(b c))");
    EXPECT_EQ(expression("a < b <= c is not d not in e"), "Compare(a b c d e)");
    EXPECT_EQ(expression("a if b else c if d else e"), "Conditional(a b Conditional(c d e))");
    EXPECT_EQ(expression("-a ** -b"), "Unary(Binary(a Unary(b)))");
    EXPECT_EQ(expression("(a := b)"), "NamedExpr(a= b)");
    EXPECT_EQ(expression("await a.b(c)[d]"), "Await(Subscript(Call(Attribute(a b) c) d))");
    const Tree tree = parse_region("a @ b\nnot a\n~a\na not in b\na and b\n").tree;
    std::string ops;
    for (const NodeId statement : tree.children(0))
        ops += std::to_string(tree[tree.first_child(statement)].op) + " ";
    std::string expected;
    for (const Op op : {Op::MatMul, Op::None, Op::Invert, Op::NotIn, Op::And})
        expected += std::to_string(static_cast<int>(op)) + " ";
    EXPECT_EQ(ops, expected);
}

TEST(Lowering, ParenthesesVanishButLeaveAFlag) {
    const Tree tree = parse_region("((a))\n(a, b)\nb\n").tree;
    NodeId statement = tree.first_child(0);
    const NodeId name = tree.first_child(statement);
    EXPECT_EQ(tree.kind(name), Kind::Name);
    EXPECT_EQ(tree.text(name), "a");
    EXPECT_TRUE(tree[name].has(node_flag::kParenthesized));
    statement = tree.next_sibling(statement);
    EXPECT_EQ(tree.text(tree.first_child(statement)), "(a, b)");
    statement = tree.next_sibling(statement);
    EXPECT_FALSE(tree[tree.first_child(statement)].has(node_flag::kParenthesized));
}

TEST(Lowering, Comprehensions) {
    EXPECT_EQ(expression("[a async for a, b in c if d for e in f if g if h]"),
              "ListComp(a ~CompFor(Tuple(a= b=) c) CompIf(d) CompFor(e= f) CompIf(g) CompIf(h))");
    EXPECT_EQ(expression("{a: b for c in d}"), "DictComp(Pair(a b) CompFor(c= d))");
    EXPECT_EQ(expression("{a for a in b}"), "SetComp(a CompFor(a= b))");
    EXPECT_EQ(expression("f(a for a in b)"), "Call(f Generator(a CompFor(a= b)))");
    EXPECT_EQ(expression("f(a, (b for b in c))"), "Call(f a Generator(b CompFor(b= c)))");
}

TEST(Lowering, Strings) {
    EXPECT_EQ(expression("f'{a!r:{b}.{c}} {d=}' 'e' rb'f'"),
              "String(String(Interpolation(a b c) Interpolation(d)) str str)");
    EXPECT_EQ(expression("f\"{f'{a}' + \"{b}\"}\""),
              "String(Interpolation(Binary(String(Interpolation(a)) str)))")
        << "PEP 701";
    EXPECT_EQ(expression("t'{a}'"), "String(Interpolation(a))") << "PEP 750";
    EXPECT_EQ(expression("f'{await a()}'"), "String(Interpolation(Await(Call(a))))");
    EXPECT_EQ(expression("f'{x:%Y-%m-%d}'"), "String(Interpolation(x))");
    EXPECT_EQ(expression("f'{{}}'"), "str");
    const Tree tree = parse_region("b'a'\nf'{a}'\nRb'a'\n'a'\n").tree;
    std::string flags;
    for (const NodeId statement : tree.children(0)) {
        const Node& string = tree[tree.first_child(statement)];
        flags += string.has(node_flag::kBytes) ? "b" : string.has(node_flag::kFormat) ? "f" : "-";
    }
    EXPECT_EQ(flags, "bfb-");
}

TEST(Lowering, Containers) {
    EXPECT_EQ(expression("{'a': b, **c, d: e}"), "Dict(Pair(str b) DoubleStarred(c) Pair(d e))");
    EXPECT_EQ(expression("[]"), "List");
    EXPECT_EQ(expression("{}"), "Dict");
    EXPECT_EQ(expression("()"), "Tuple");
    EXPECT_EQ(expression("a[1:b, ::c, ...]"), "Subscript(a Slice(1 b) Slice(c) Ellipsis)");
    EXPECT_EQ(statements("def f():\n    x = yield from a\n    yield\n    return"),
              "FunctionDef(f Parameters Block(Assign(x= YieldFrom(a)) ExprStmt(Yield) Return))");
}

TEST(Lowering, Comments) {
    const Tree tree =
        parse_region("# a\nx = [  # b\r\n    1,\n    # c\n]\nif x:  # d\n    # e\n    pass\n# f")
            .tree;
    std::string comments;
    for (const Comment& comment : tree.comments())
        comments += std::string(tree.text(comment.span)) + (comment.own_line ? "| " : " ");
    EXPECT_EQ(comments, "# a| # b # c| # d # e| # f| ");
    EXPECT_TRUE(tree.clean());
}

TEST(Lowering, LineEndsAndOddBytes) {
    EXPECT_EQ(statements("if a:\r\n    b\r\nc\r\n"), "If(a Block(ExprStmt(b))); ExprStmt(c)");
    EXPECT_EQ(statements("if a:\r    b\rc\r"), "If(a Block(ExprStmt(b))); ExprStmt(c)");
    EXPECT_EQ(statements("if a:\n\tb\n\fc\n"), "If(a Block(ExprStmt(b))); ExprStmt(c)");
    EXPECT_EQ(statements("x = 1 + \\\n    2\n"), "Assign(x= Binary(1 2))");
    EXPECT_EQ(statements("größe = 名前()\n"), "Assign(größe= Call(名前))");
    EXPECT_TRUE(damaged(std::string("x = 1\0\ny = 2\n", 13)));
    EXPECT_TRUE(damaged("x = \xff\n"));
}

TEST(Parser, IncrementalIsFresh) {
    std::string text = "async def f():\n";
    for (int i = 0; i < 300; ++i)
        text += "    x" + std::to_string(i) + " = await g(" + std::to_string(i) + ")\n";
    const ParsedRegion opened = parse_region(text);
    EXPECT_EQ(opened.parse, nullptr) << "kept though nobody edits it";
    const ParsedRegion before = parse_region(text, nullptr, &opened.tree);
    ASSERT_NE(before.parse, nullptr) << "shorter texts are parsed anew";
    for (const char* inserted : {"(", "x = 1\n    ", ")", "'", "\"\"\"", "# c\n    ", "await "}) {
        std::string after = text;
        after.insert(after.find("x150"), inserted);
        const ParsedRegion edited = parse_region(after, before.parse, &before.tree);
        const ParsedRegion fresh = parse_region(after);
        EXPECT_EQ(shape(edited.tree, 0), shape(fresh.tree, 0)) << inserted;
        EXPECT_EQ(edited.tree.damage(), fresh.tree.damage()) << inserted;
    }
}

/// Everything that a tree says, place by place.
std::string contents(const Tree& tree) {
    std::string result;
    for (const Node& node : tree.nodes()) {
        for (const std::uint32_t part :
             {node.begin, node.end, node.next, node.parent, static_cast<std::uint32_t>(node.kind),
              static_cast<std::uint32_t>(node.role), static_cast<std::uint32_t>(node.flags),
              static_cast<std::uint32_t>(node.op)})
            result += std::to_string(part) + ' ';
        result += '\n';
    }
    for (const Comment& comment : tree.comments())
        result += std::to_string(comment.span.begin) + ' ' + std::to_string(comment.span.end) +
                  (comment.own_line ? " own\n" : "\n");
    for (const Span span : tree.damage())
        result += std::to_string(span.begin) + '-' + std::to_string(span.end) + '\n';
    return result;
}

TEST(Parser, ChainsOfEditsAreFresh) {
    std::string text = "async def f(self, *args):\n    # what\n    total = 0\n";
    for (int i = 0; i < 12; ++i)
        text += "    if total > 3:  # first\n        for x in args:\n            await g(x); total "
                "+= 1\n"
                "        # between\n        else:\n            pass\n    elif x: return [y async "
                "for y in z]\n"
                "    try:\n        with a as b, c: type(b).x = await d ** 2\n    except* E as e:\n"
                "        match e:\n            case [1, *_]: print(f'{e!r}')\n            case _:\n"
                "                raise\n    def inner(k=1): yield k\n";
    const char* const pieces[] = {"x",         " ",      "\n",    "    ",    "# c\n", "(",
                                  ")",         ":",      "await", "if y:\n", "'",     "\\\n",
                                  "\n    z\n", ";",      "\r\n",  "match",   "else:", "print ",
                                  "    q()\n", "\"\"\"", "\t",    "é",       "type(", "def "};
    std::mt19937 random(7);
    ParsedRegion before = parse_region(text, nullptr, nullptr);
    int incremental = 0;
    for (int round = 0; round < 120; ++round) {
        // One in three is taken back, so that the text stays mostly whole.
        const std::size_t at = random() % (text.size() + 1);
        const std::string piece = pieces[random() % std::size(pieces)];
        std::string after = text;
        after.insert(at, piece);
        for (const std::string& next : {after, text}) {
            ParsedRegion edited = parse_region(next, before.parse, &before.tree);
            incremental += before.parse != nullptr;
            ASSERT_EQ(contents(edited.tree), contents(parse_region(next).tree)) << round << "\n"
                                                                                << next;
            before = std::move(edited);
            if (random() % 3 == 0 && before.tree.clean()) {
                text = next;
                break;
            }
        }
        if (text.size() > 12'000) text.resize(text.find("\n    if", 4'000) + 1);
    }
    EXPECT_GT(incremental, 150);
}

// --- depth and size ------------------------------------------------------------------------------------

std::string repeated(std::string_view piece, int count) {
    std::string result;
    for (int i = 0; i < count; ++i) result += piece;
    return result;
}

/// The whole analysis with every rule, its fixes, a hover; terminates without a deep stack.
std::shared_ptr<const FileAnalysis> analyse(std::string text) {
    auto settings = std::make_shared<Settings>(default_settings());
    for (std::size_t rule = 0; rule < catalog().size(); ++rule) settings->enabled.set(rule);
    settings->target_version = {3, 12};
    const std::shared_ptr<const FileAnalysis> file = FileAnalysis::analyse(
        std::make_shared<const SourceText>(std::move(text)), settings, "deep.py");
    file->hover(static_cast<std::uint32_t>(file->text().size() / 2));
    EXPECT_FALSE(fix_all(file, "deep.py", Applicability::Rewrite).text.empty());
    return file;
}

bool analysed_cleanly(std::string text) {
    const std::vector<RegionInfo> regions = analyse(std::move(text))->regions();
    return std::all_of(regions.begin(), regions.end(),
                       [](const RegionInfo& region) { return region.health == Health::Clean; });
}

TEST(Depth, LongChainsOfOperators) {
    const std::string head = "import time\nasync def f():\n    time.sleep(1)\n    x = ";
    EXPECT_TRUE(analysed_cleanly(head + "a" + repeated(" + a", 100'002) + "\n"));
    EXPECT_TRUE(analysed_cleanly(head + "a" + repeated(" + a()", 30'000) + "\n"));
    EXPECT_TRUE(analysed_cleanly(head + "a" + repeated(" and a", 50'000) + "\n"));
    EXPECT_TRUE(analysed_cleanly(head + "a" + repeated(" < a", 20'000) + "\n"));
    EXPECT_TRUE(analysed_cleanly(head + repeated("'a' ", 20'000) + "\n"));
    analyse(head + repeated("not ", 20'000) + "a\n");
    analyse(head + "a" + repeated(" ** a", 20'000) + "\n");
    analyse(head + repeated("a if b else ", 20'000) + "c\n");
    analyse(head + repeated("lambda: ", 3'000) + "a\n");
}

TEST(Depth, LongChainsOfCallsAndAttributes) {
    const std::string head = "import pathlib\nasync def f():\n    x = ";
    EXPECT_TRUE(analysed_cleanly(head + "a" + repeated(".b()", 30'000) + "\n"));
    EXPECT_TRUE(
        analysed_cleanly(head + "pathlib.Path()" + repeated(".parent", 30'000) + ".exists()\n"));
    EXPECT_TRUE(analysed_cleanly(head + "a" + repeated("[0]", 30'000) + "\n"));
    EXPECT_TRUE(analysed_cleanly("async def f():\n    " + repeated("a = ", 10'000) + "g()\n"));
}

TEST(Depth, NestedBrackets) {
    for (const auto& [open, close] :
         {std::pair("(", ")"), std::pair("[", "]"), std::pair("{", "}"), std::pair("f(", ")"),
          std::pair("(await ", ")"), std::pair("[a for a in ", "]"), std::pair("(a := ", ")"),
          std::pair("{1: ", "}")}) {
        const std::string text = "async def f():\n    x = " + repeated(open, 5000) + "a" +
                                 repeated(close, 5000) +
                                 "\n\nimport time\nasync def g():\n    time.sleep(1)\n";
        const std::shared_ptr<const FileAnalysis> file = analyse(text);
        EXPECT_FALSE(file->diagnostics().empty())
            << open << ": the other function's finding is there";
    }
}

TEST(Depth, NestedBlocks) {
    std::string nested = "async def f():\n";
    for (int i = 1; i < 900; ++i)
        nested += std::string(static_cast<std::size_t>(i), ' ') + "if a:\n";
    analyse(nested + std::string(900, ' ') + "pass\n");
    analyse("async def f():\n    if a: pass\n" + repeated("    elif b: pass\n", 20'000));
    std::string functions;
    for (int i = 0; i < 800; ++i)
        functions += std::string(static_cast<std::size_t>(i), ' ') + "async def f():\n";
    analyse(functions + std::string(800, ' ') + "pass\n");
}

TEST(Depth, OpenBracketsEndWithinTheBudget) {
    for (const char* bracket : {"(", "[", "{", "f(", "(await "}) {
        const std::shared_ptr<const FileAnalysis> file = analyse(
            "import time\nasync def g():\n    time.sleep(1)\n\nx = " + repeated(bracket, 200'000));
        EXPECT_EQ(file->regions().back().health, Health::Broken) << bracket;
        EXPECT_TRUE(std::any_of(file->diagnostics().begin(), file->diagnostics().end(),
                                [](const Diagnostic& d) { return d.rule != kNoteRule; }))
            << bracket << ": the finding before the damage is there";
    }
}

TEST(Depth, ChainsThroughTheFile) {
    std::string calls = "import time\n";
    for (int i = 0; i < 5000; ++i)
        calls += "def f" + std::to_string(i) + "():\n    f" + std::to_string(i + 1) + "()\n";
    calls += "def f5000():\n    time.sleep(1)\nasync def main():\n    f4990()\n";
    EXPECT_TRUE(analysed_cleanly(calls));
    std::string results;
    for (int i = 0; i < 5000; ++i)
        results +=
            "def f" + std::to_string(i) + "():\n    return f" + std::to_string(i + 1) + "()\n";
    EXPECT_TRUE(
        analysed_cleanly(results + "async def f5000(): pass\nasync def main():\n    f0()\n"));
    std::string names = "x0 = open\n";
    for (int i = 0; i < 5000; ++i)
        names += "x" + std::to_string(i + 1) + " = x" + std::to_string(i) + "\n";
    EXPECT_TRUE(analysed_cleanly(names + "async def main():\n    x5000('a')\n"));
    std::string classes = "class C0: pass\n";
    for (int i = 0; i < 3000; ++i)
        classes += "class C" + std::to_string(i + 1) + "(C" + std::to_string(i) + "): pass\n";
    EXPECT_TRUE(analysed_cleanly(classes + "async def main():\n    C3000().x()\n"));
}

} // namespace
} // namespace awaitls::analysis
