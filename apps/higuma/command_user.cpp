#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "api/auth.hpp"
#include "commands.hpp"
#include "store/users.hpp"

namespace higuma::app {

namespace {

constexpr std::size_t kLeastPassword = 6;

// Typed characters do not show while this lives.
class HiddenInput {
  public:
    HiddenInput() {
        ::tcgetattr(STDIN_FILENO, &before_);
        termios hidden = before_;
        hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        ::tcsetattr(STDIN_FILENO, TCSANOW, &hidden);
    }
    ~HiddenInput() {
        ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
        std::fprintf(stderr, "\n");
    }
    HiddenInput(const HiddenInput&) = delete;
    HiddenInput& operator=(const HiddenInput&) = delete;

  private:
    termios before_{};
};

std::string ask_hidden(const char* prompt) {
    std::fprintf(stderr, "%s", prompt);
    const HiddenInput hidden;
    std::string line;
    std::getline(std::cin, line);
    return line;
}

std::string read_password(bool from_stdin) {
    if (from_stdin || ::isatty(STDIN_FILENO) == 0) {
        std::string line;
        std::getline(std::cin, line);
        return line;
    }
    auto first = ask_hidden("Password: ");
    if (ask_hidden("Again: ") != first) throw StartupError("the two passwords differ");
    return first;
}

}  // namespace

int run_create_user(const CreateUserOptions& options) {
    if (options.name.empty()) throw StartupError("name: must not be empty");
    const auto db = connect_or_throw(database_of(options.source));
    const auto password = read_password(options.password_from_stdin);
    if (password.size() < kLeastPassword) {
        throw StartupError(fmt::format("password: at least {} characters", kLeastPassword));
    }
    const auto created = store::create_user(*db, options.name, api::bcrypt_hash(password));
    if (!created) fail_start("user " + options.name, created.error());
    std::printf("User \"%s\" is created.\n", options.name.c_str());
    return 0;
}

}  // namespace higuma::app
