#include "server/cli/check.h"
#include "server/cli/command_line.h"
#include "server/cli/rule_command.h"
#include "server/lsp/server.h"

#include <variant>

namespace {

using namespace awaitls::server;

int run(int status) {
    return status;
}
int run(const CheckOptions& options) {
    return run_check(options);
}
int run(const RuleOptions& options) {
    return run_rule_command(options);
}
int run(const ServerOptions& options) {
    return run_language_server(options);
}

} // namespace

int main(int argc, char** argv) {
    return std::visit([](const auto& command) { return run(command); },
                      parse_command_line(argc, argv));
}
