#include "process/log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

namespace higuma::app {

LogFile::LogFile(std::string path) : path_(std::move(path)) { open(); }

LogFile::~LogFile() {
    if (fd_ >= 0) ::close(fd_);
}

void LogFile::open() {
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    struct stat info {};
    size_ = fd_ >= 0 && ::fstat(fd_, &info) == 0 ? static_cast<std::size_t>(info.st_size) : 0;
}

void LogFile::rotate() {
    if (fd_ >= 0) ::close(fd_);
    for (int i = kKept; i > 1; --i) {
        const auto newer = path_ + "." + std::to_string(i - 1);
        std::rename(newer.c_str(), (path_ + "." + std::to_string(i)).c_str());
    }
    std::rename(path_.c_str(), (path_ + ".1").c_str());
    open();
}

void LogFile::write(std::string_view text) {
    if (size_ + text.size() > kLimitBytes) rotate();
    // A full disk must not stop the cluster, so a failed write loses the text.
    const auto written = fd_ >= 0 ? ::write(fd_, text.data(), text.size()) : 0;
    if (written > 0) size_ += static_cast<std::size_t>(written);
}

}  // namespace higuma::app
