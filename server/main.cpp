#include "server/cli/check.h"
#include "server/cli/command_line.h"
#include "server/cli/rule_command.h"
#include "server/lsp/server.h"

#ifdef AWAITLS_MIMALLOC
    #include <mimalloc.h>
#endif

#include <mutex>
#include <variant>

namespace {

using namespace awaitls::server;

#ifdef AWAITLS_MIMALLOC
/// What is free goes back at once, in place of when it has been free for a while and more is freed. Any thread.
void release_memory() {
    static std::mutex mutex;
    static int threads = 0;
    static long delay = 0;
    {
        const std::lock_guard lock(mutex);
        if (threads++ == 0) {
            delay = mi_option_get(mi_option_decommit_delay);
            mi_option_set(mi_option_decommit_delay, 0);
        }
    }
    mi_collect(true);
    const std::lock_guard lock(mutex);
    if (--threads == 0) mi_option_set(mi_option_decommit_delay, delay);
}
#else
constexpr void (*release_memory)() = nullptr;
#endif

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
    return run_language_server(options, release_memory);
}

} // namespace

int main(int argc, char** argv) {
    return std::visit([](const auto& command) { return run(command); },
                      parse_command_line(argc, argv));
}
