// A server program that a test starts and that dies with it.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace higuma::test {

// Starts a program whose output goes to `log`; it dies with this process. `user`: who runs it when
// this process is root; empty: root itself.
pid_t spawn(const std::vector<std::string>& words, const std::string& log,
            const std::string& user = {});
// Returns waitpid's status.
int wait_for_end(pid_t pid);
// Throws std::runtime_error with the end of the log when the program fails.
void run_program(const std::vector<std::string>& words, const std::string& log,
                 const std::string& user = {});
std::string tail_of(const std::string& file);

class ServerProcess {
  public:
    // Waits until something listens on 127.0.0.1:`port`; throws std::runtime_error, with the end of
    // the log, when nothing does.
    ServerProcess(const std::vector<std::string>& words, const std::string& log, int port,
                  const std::string& user = {}, int stop_signal = SIGTERM);
    ~ServerProcess();
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;

    void freeze();  // SIGSTOP
    void thaw();    // SIGCONT

  private:
    pid_t pid_ = -1;
    int stop_signal_;
};

// Whether something listens on 127.0.0.1:`port`.
bool listens(int port);

}  // namespace higuma::test
