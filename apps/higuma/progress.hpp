// Progress of something that takes a while: a bar that redraws itself on a terminal, and lines
// elsewhere, one for each change.
#pragma once

#include <cstdint>
#include <string>

namespace higuma::app {

// "[##########----------]  50 %  20 of 40 monitors". Pure.
std::string progress_line(std::uint64_t done, std::uint64_t total, const std::string& what);

class Progress {
  public:
    explicit Progress(std::string what);
    ~Progress();  // ends the bar's line
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    void show(std::uint64_t done, std::uint64_t total);

  private:
    std::string what_;
    std::string last_;
    bool bar_;
};

}  // namespace higuma::app
