#include "support/server_process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace higuma::test {

namespace {

constexpr std::chrono::seconds kStartLimit{60};

[[noreturn]] void become(const std::vector<char*>& argv, const std::string& log, passwd* user) {
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
    if (user != nullptr) {
        if (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 ||
            ::setuid(user->pw_uid) != 0) {
            ::_exit(127);
        }
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a change of the user cleared it
    }
    ::execvp(argv[0], argv.data());
    ::_exit(127);
}

}  // namespace

pid_t spawn(const std::vector<std::string>& words, const std::string& log,
            const std::string& user) {
    std::vector<char*> argv;
    for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    passwd* other = nullptr;
    if (::geteuid() == 0 && !user.empty()) {
        other = ::getpwnam(user.c_str());
        if (other == nullptr) throw std::runtime_error("no user " + user);
    }
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child != 0) return child;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    become(argv, log, other);
}

int wait_for_end(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

std::string tail_of(const std::string& file) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    const auto all = text.str();
    return all.size() > 3000 ? all.substr(all.size() - 3000) : all;
}

void run_program(const std::vector<std::string>& words, const std::string& log,
                 const std::string& user) {
    if (wait_for_end(spawn(words, log, user)) == 0) return;
    throw std::runtime_error(words.front() + " failed:\n" + tail_of(log));
}

bool listens(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const bool connected =
        ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    ::close(fd);
    return connected;
}

ServerProcess::ServerProcess(const std::vector<std::string>& words, const std::string& log,
                             int port, const std::string& user, int stop_signal)
    : pid_(spawn(words, log, user)), stop_signal_(stop_signal) {
    const auto end = std::chrono::steady_clock::now() + kStartLimit;
    while (!listens(port)) {
        int status = 0;
        const bool gone = ::waitpid(pid_, &status, WNOHANG) == pid_;
        if (gone || std::chrono::steady_clock::now() > end) {
            if (!gone) ::kill(pid_, SIGKILL);
            if (!gone) wait_for_end(pid_);
            throw std::runtime_error(words.front() + " did not start:\n" + tail_of(log));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

ServerProcess::~ServerProcess() {
    thaw();
    ::kill(pid_, stop_signal_);
    wait_for_end(pid_);
}

void ServerProcess::freeze() { ::kill(pid_, SIGSTOP); }
void ServerProcess::thaw() { ::kill(pid_, SIGCONT); }

}  // namespace higuma::test
