#include "process/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <csignal>
#include <cstring>
#include <map>

#include "base/result.hpp"
#include "process/log_file.hpp"
#include "runtime.hpp"

extern char** environ;

namespace higuma::app {

namespace asio = boost::asio;
using namespace std::chrono_literals;

struct Child::Impl : std::enable_shared_from_this<Child::Impl> {
    Impl(asio::any_io_executor e, ChildSpec s)
        : executor(e), spec(std::move(s)), output(e), exit_watch(e), log(spec.log_path) {}

    asio::any_io_executor executor;
    ChildSpec spec;
    asio::posix::stream_descriptor output;
    asio::posix::stream_descriptor exit_watch;  // a pidfd: readable when the process has ended
    LogFile log;
    std::array<char, 8192> buffer{};
    std::string last_output;  // the tail, bounded
    pid_t pid = -1;
    bool running = false;
    int status = 0;

    void read_output() {
        output.async_read_some(asio::buffer(buffer),
                               [self = shared_from_this()](auto error, std::size_t count) {
                                   if (error) return;
                                   self->keep(std::string_view(self->buffer.data(), count));
                                   self->read_output();
                               });
    }

    void keep(std::string_view text) {
        log.write(text);
        last_output.append(text);
        if (last_output.size() > 4096) last_output.erase(0, last_output.size() - 4096);
    }

    void watch_exit() {
        const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
        if (fd < 0) throw StartupError("pidfd_open: " + std::string(std::strerror(errno)));
        exit_watch = asio::posix::stream_descriptor(executor, fd);
        exit_watch.async_wait(asio::posix::stream_descriptor::wait_read,
                              [self = shared_from_this()](auto error) {
                                  if (!error) self->reap(WNOHANG);
                              });
    }

    void reap(int flags) {
        if (!running || ::waitpid(pid, &status, flags) != pid) return;
        running = false;
        boost::system::error_code ignored;
        exit_watch.close(ignored);
    }
};

Child::Child(asio::any_io_executor executor, ChildSpec spec)
    : impl_(std::make_shared<Impl>(executor, std::move(spec))) {}

Child::~Child() {
    if (impl_->running) {
        ::kill(impl_->pid, SIGKILL);
        impl_->reap(0);
    }
    boost::system::error_code ignored;
    impl_->output.close(ignored);
    impl_->exit_watch.close(ignored);
}

namespace {

std::vector<std::string> merged_environment(const ChildSpec& spec) {
    std::map<std::string, std::string> all;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        const auto dropped = [&](const std::string& prefix) { return text.starts_with(prefix); };
        if (equals != std::string_view::npos &&
            std::none_of(spec.dropped_prefixes.begin(), spec.dropped_prefixes.end(), dropped)) {
            all[std::string(text.substr(0, equals))] = text.substr(equals + 1);
        }
    }
    for (const auto& [name, value] : spec.environment) all[name] = value;
    std::vector<std::string> lines;
    for (const auto& [name, value] : all) lines.push_back(name + "=" + value);
    return lines;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

// Only async-signal-safe calls between fork and exec.
[[noreturn]] void become(char* const* arguments, char* const* variables, int output, pid_t parent,
                         bool outlives_parent) {
    ::setpgid(0, 0);
    if (!outlives_parent) {
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (::getppid() != parent) ::_exit(127);
    }
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, 0);
    ::dup2(output, 1);
    ::dup2(output, 2);
    ::execvpe(arguments[0], arguments, variables);
    ::_exit(127);
}

}  // namespace

void Child::start() {
    auto& impl = *impl_;
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        throw StartupError("pipe: " + std::string(std::strerror(errno)));
    }
    auto environment = merged_environment(impl.spec);
    auto command = impl.spec.command;
    const auto arguments = pointers(command);
    const auto variables = pointers(environment);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) {
        become(arguments.data(), variables.data(), ends[1], parent, impl.spec.outlives_parent);
    }
    ::close(ends[1]);
    if (pid < 0) {
        ::close(ends[0]);
        throw StartupError("fork: " + std::string(std::strerror(errno)));
    }
    impl.pid = pid;
    impl.running = true;
    impl.output = asio::posix::stream_descriptor(impl.executor, ends[0]);
    impl.read_output();
    impl.watch_exit();
}

bool Child::running() const { return impl_->running; }
pid_t Child::pid() const { return impl_->pid; }
const ChildSpec& Child::spec() const { return impl_->spec; }
std::string Child::tail() const { return impl_->last_output; }

std::string Child::ending() const {
    if (impl_->running) return "runs";
    if (WIFSIGNALED(impl_->status)) {
        return fmt::format("was killed by signal {}", WTERMSIG(impl_->status));
    }
    return fmt::format("exited with code {}", WEXITSTATUS(impl_->status));
}

void Child::signal(int number) {
    if (impl_->running) ::kill(impl_->pid, number);
}

Task<bool> Child::wait_ended(Duration span) {
    const auto impl = impl_;
    const auto until = std::chrono::steady_clock::now() + span;
    while (impl->running && std::chrono::steady_clock::now() < until) {
        co_await pause(impl->executor, 20ms);
    }
    co_return !impl->running;
}

}  // namespace higuma::app
