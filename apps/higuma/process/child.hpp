// One child process: started with its own environment and process group, its output in a bounded
// log file, and ended by the kernel if its parent dies first. Lives on the main loop.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"

namespace higuma::app {

struct ChildSpec {
    std::string name;  // "node1": for messages and the log file
    std::vector<std::string> command;
    std::map<std::string, std::string> environment;  // on top of ours
    std::vector<std::string> dropped_prefixes;       // our variables that it does not inherit
    std::string log_path;
    int stop_signal = 15;
    // nginx goes on when its supervisor dies: routing outlives the controller.
    bool outlives_parent = false;
};

class Child {
  public:
    Child(boost::asio::any_io_executor executor, ChildSpec spec);
    ~Child();  // kills it if it still runs

    // Throws StartupError when the program cannot be started at all.
    void start();
    bool running() const;
    pid_t pid() const;
    // How it ended, for people: "was killed by signal 9", "exited with code 1".
    std::string ending() const;
    void signal(int number);
    // Returns true when it has ended, false at the deadline.
    Task<bool> wait_ended(Duration span);
    // The last lines of its output.
    std::string tail() const;
    const ChildSpec& spec() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace higuma::app
