#include "up/leftovers.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace higuma::app {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> read_list(const fs::path& path) {
    std::ifstream file(path);
    std::vector<std::string> out;
    std::string one;
    while (std::getline(file, one, '\0')) out.push_back(one);
    return out;
}

bool contains(const std::vector<std::string>& list, const std::string& text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

// An nginx worker without its master does not name its configuration; its open logs tell whose it
// is.
bool has_open_below(const fs::path& process, const std::string& folder) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(process / "fd", error)) {
        std::error_code gone;
        if (fs::read_symlink(entry.path(), gone).string().starts_with(folder + "/")) return true;
    }
    return false;
}

// Whole arguments are compared, so that an editor with one of our files open is not taken for ours.
bool is_ours(const fs::path& process, const std::string& data) {
    std::error_code error;
    const auto program = fs::read_symlink(process / "exe", error).filename().string();
    if (error) return false;
    if (program == "mariadbd") {
        return contains(read_list(process / "cmdline"), "--datadir=" + data + "/mariadb");
    }
    if (program.starts_with("nginx")) return has_open_below(process, data);
    return program.starts_with("higuma") &&
           contains(read_list(process / "environ"), "HIGUMA_CLUSTER_FOLDER=" + data);
}

}  // namespace

std::vector<pid_t> find_leftovers(const std::string& data_folder) {
    std::vector<pid_t> out;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc", error)) {
        const auto name = entry.path().filename().string();
        pid_t pid = 0;
        const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (parsed.ptr != name.data() + name.size() || pid == ::getpid()) continue;
        if (is_ours(entry.path(), data_folder)) out.push_back(pid);
    }
    return out;
}

Task<> end_leftovers(std::string data_folder, std::shared_ptr<StopSignal> stop) {
    const auto started = std::chrono::steady_clock::now();
    bool asked = false;
    while (!stop->requested()) {
        const auto left = find_leftovers(data_folder);
        if (left.empty()) co_return;
        const bool too_long = std::chrono::steady_clock::now() - started > 15s;
        if (!asked || too_long) {
            for (const auto pid : left) ::kill(pid, too_long ? SIGKILL : SIGTERM);
        }
        asked = true;
        co_await stop->wait_for(200ms);
    }
}

}  // namespace higuma::app
