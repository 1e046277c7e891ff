// A file in which unwritten beats wait out a restart: one line of JSON a beat, each with a
// checksum, so that a line that was torn or damaged is left out. Bounded; emptied when all of it is
// in the database.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/beat.hpp"

namespace higuma::engine {

std::string to_spool_line(const Beat& beat);  // with its line break
std::optional<Beat> from_spool_line(std::string_view line);

class Spool {
  public:
    // An empty path: nothing is ever kept.
    explicit Spool(std::string path, std::size_t max_bytes = 64 << 20);
    ~Spool();
    Spool(const Spool&) = delete;
    Spool& operator=(const Spool&) = delete;

    struct Contents {
        std::vector<Beat> beats;
        std::size_t damaged = 0;  // lines left out
    };
    // Opens the file, reads it and cuts a torn end off. Failure: unavailable.
    Result<Contents> open();

    bool enabled() const { return file_ >= 0; }
    bool has_room(std::size_t more) const { return bytes_ + more <= max_bytes_; }
    std::size_t bytes() const { return bytes_; }
    // All of it or nothing. `durable` also waits for the disk. Failures: too_large, unavailable.
    Result<void> append(std::string_view lines, bool durable);
    Result<void> clear();

  private:
    std::string path_;
    std::size_t max_bytes_;
    int file_ = -1;
    std::size_t bytes_ = 0;
};

}  // namespace higuma::engine
