// A log file that stays bounded: at its limit it is renamed to <name>.1 (and .1 to .2), and a new
// one begins. Lines are written whole.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace higuma::app {

class LogFile {
  public:
    static constexpr std::size_t kLimitBytes = 10 * 1024 * 1024;
    static constexpr int kKept = 2;

    explicit LogFile(std::string path);
    ~LogFile();
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;

    void write(std::string_view text);
    const std::string& path() const { return path_; }

  private:
    void open();
    void rotate();

    std::string path_;
    int fd_ = -1;
    std::size_t size_ = 0;
};

}  // namespace higuma::app
