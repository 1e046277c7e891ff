#include "engine/spool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/crc.hpp>
#include <boost/json.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace higuma::engine {
namespace json = boost::json;

namespace {

constexpr std::size_t kChecksumDigits = 8;

std::uint32_t checksum_of(std::string_view text) {
    boost::crc_32_type crc;
    crc.process_bytes(text.data(), text.size());
    return crc.checksum();
}

std::int64_t millis_of(WallTime time) { return time.time_since_epoch().count(); }
WallTime time_of(const json::value& value) { return WallTime{Millis{value.as_int64()}}; }

Failure failure_of(const std::string& path) {
    return {ErrorKind::unavailable, fmt::format("{}: {}", path, std::strerror(errno)), ""};
}

Result<std::string> read_all(int file, const std::string& path) {
    std::string text;
    char buffer[65'536];
    for (;;) {
        const ssize_t got = ::read(file, buffer, sizeof(buffer));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failure_of(path);
        if (got == 0) return text;
        text.append(buffer, static_cast<std::size_t>(got));
    }
}

}  // namespace

std::string to_spool_line(const Beat& beat) {
    json::object object{
        {"monitor", beat.monitor.value},
        {"status", static_cast<int>(beat.status)},
        {"msg", beat.msg},
        {"time", millis_of(beat.time)},
        {"important", beat.important},
        {"down_count", beat.down_count},
        {"retries", beat.retries},
        {"duration", beat.duration.count()},
        {"scheduled_at", millis_of(beat.scheduled_at)},
        {"epoch", static_cast<std::int64_t>(beat.epoch.value)},
    };
    if (beat.ping) object["ping"] = beat.ping->count();
    if (!beat.response.empty()) object["response"] = beat.response;
    const std::string text = json::serialize(object);
    return fmt::format("{:08x} {}\n", checksum_of(text), text);
}

std::optional<Beat> from_spool_line(std::string_view line) {
    if (line.size() <= kChecksumDigits + 1 || line[kChecksumDigits] != ' ') return std::nullopt;
    std::uint32_t checksum = 0;
    const auto [end, error] =
        std::from_chars(line.data(), line.data() + kChecksumDigits, checksum, 16);
    const std::string_view text = line.substr(kChecksumDigits + 1);
    if (error != std::errc{} || end != line.data() + kChecksumDigits ||
        checksum != checksum_of(text)) {
        return std::nullopt;
    }
    // A line with a good checksum may still be of another version: every field is tested.
    try {
        const json::value value = json::parse(text);
        const auto& object = value.as_object();
        Beat beat;
        beat.monitor = MonitorId{object.at("monitor").as_int64()};
        const auto status = object.at("status").as_int64();
        if (status < 0 || status > 3) return std::nullopt;
        beat.status = static_cast<BeatStatus>(status);
        beat.msg = object.at("msg").as_string();
        beat.time = time_of(object.at("time"));
        beat.important = object.at("important").as_bool();
        beat.down_count = object.at("down_count").to_number<int>();
        beat.retries = object.at("retries").to_number<int>();
        beat.duration = Seconds{object.at("duration").as_int64()};
        beat.scheduled_at = time_of(object.at("scheduled_at"));
        beat.epoch = Epoch{object.at("epoch").to_number<std::uint64_t>()};
        if (const auto* ping = object.if_contains("ping")) beat.ping = Millis{ping->as_int64()};
        if (const auto* kept = object.if_contains("response")) beat.response = kept->as_string();
        return beat;
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

Spool::Spool(std::string path, std::size_t max_bytes)
    : path_(std::move(path)), max_bytes_(max_bytes) {}

Spool::~Spool() {
    if (file_ >= 0) ::close(file_);
}

Result<Spool::Contents> Spool::open() {
    if (path_.empty()) return Contents{};
    file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file_ < 0) return failure_of(path_);
    auto text = read_all(file_, path_);
    if (!text) return text.error();
    Contents contents;
    std::size_t at = 0;
    for (std::size_t end = text->find('\n'); end != std::string::npos;
         at = end + 1, end = text->find('\n', at)) {
        auto beat = from_spool_line(std::string_view(*text).substr(at, end - at));
        if (beat) {
            contents.beats.push_back(std::move(*beat));
        } else {
            ++contents.damaged;
        }
    }
    if (at < text->size()) {
        ++contents.damaged;
        if (::ftruncate(file_, static_cast<off_t>(at)) != 0) return failure_of(path_);
    }
    bytes_ = at;
    return contents;
}

Result<void> Spool::append(std::string_view lines, bool durable) {
    if (file_ < 0) return Failure{ErrorKind::unavailable, "there is no spool file", ""};
    if (!has_room(lines.size())) {
        return Failure{ErrorKind::too_large, path_ + " is full", ""};
    }
    std::size_t written = 0;
    while (written < lines.size()) {
        const ssize_t count = ::write(file_, lines.data() + written, lines.size() - written);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            const Failure failure = failure_of(path_);
            // What is there in part would damage the next line.
            if (::ftruncate(file_, static_cast<off_t>(bytes_)) != 0) bytes_ += written;
            return failure;
        }
        written += static_cast<std::size_t>(count);
    }
    bytes_ += written;
    if (durable && ::fdatasync(file_) != 0) return failure_of(path_);
    return boost::system::in_place_value;
}

Result<void> Spool::clear() {
    if (file_ < 0 || bytes_ == 0) return boost::system::in_place_value;
    if (::ftruncate(file_, 0) != 0) return failure_of(path_);
    bytes_ = 0;
    return boost::system::in_place_value;
}

}  // namespace higuma::engine
