#include "store/monitor_rows.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>

#include "store/cells.hpp"
#include "store/sql.hpp"

namespace higuma::store {

namespace {

namespace json = boost::json;

struct Column {
    std::string_view name;
    std::string (*literal)(const Monitor&);
    void (*read)(Monitor&, const RowView&, std::size_t);
};

template <class T>
std::string literal(const T& value) {
    std::string out;
    append_literal(out, value);
    return out;
}

// Uptime Kuma leaves a text that is not used NULL.
std::string text_or_null(const std::string& text) { return text.empty() ? "NULL" : literal(text); }

std::string codes_json(const std::vector<std::string>& codes) {
    json::array out;
    for (const auto& code : codes) out.emplace_back(code);
    return json::serialize(out);
}

std::vector<std::string> codes_from(std::string_view text) {
    boost::system::error_code failed;
    const auto value = json::parse(text, failed);
    std::vector<std::string> codes;
    if (!failed && value.is_array()) {
        for (const auto& code : value.as_array()) {
            if (code.is_string()) codes.emplace_back(code.as_string());
            if (code.is_int64()) codes.push_back(std::to_string(code.as_int64()));
        }
    }
    if (codes.empty()) codes.emplace_back("200-299");
    return codes;
}

// `timeout` is a number of seconds with a fraction.
Millis seconds_from(Cell cell) {
    double seconds = 0;
    if (cell) std::from_chars(cell->data(), cell->data() + cell->size(), seconds);
    return Millis{static_cast<std::int64_t>(std::llround(std::clamp(seconds, 0.0, 1e6) * 1000.0))};
}

#define HIGUMA_TEXT(column, member)                                                         \
    Column {                                                                                \
        column, [](const Monitor& m) { return text_or_null(m.member); },                    \
            [](Monitor& m, const RowView& row, std::size_t i) { m.member = row.string(i); } \
    }
#define HIGUMA_FLAG(column, member)                                                               \
    Column {                                                                                      \
        column, [](const Monitor& m) { return literal(m.member); },                               \
            [](Monitor& m, const RowView& row, std::size_t i) { m.member = row.integer(i) != 0; } \
    }
#define HIGUMA_NUMBER(column, member)                               \
    Column {                                                        \
        column, [](const Monitor& m) { return literal(m.member); }, \
            [](Monitor& m, const RowView& row, std::size_t i) {     \
                m.member = static_cast<int>(row.integer(i));        \
            }                                                       \
    }
#define HIGUMA_SECONDS(column, member)                                      \
    Column {                                                                \
        column, [](const Monitor& m) { return literal(m.member.count()); }, \
            [](Monitor& m, const RowView& row, std::size_t i) {             \
                m.member = Seconds{row.integer(i)};                         \
            }                                                               \
    }

const std::array kSettings = {
    HIGUMA_TEXT("name", name),
    HIGUMA_TEXT("type", type),
    HIGUMA_TEXT("description", description),
    HIGUMA_FLAG("active", active),
    Column{"user_id", [](const Monitor& m) { return literal(m.user); },
           [](Monitor& m, const RowView& row, std::size_t i) {
               if (row.text(i)) m.user = UserId{row.integer(i)};
           }},
    Column{"parent", [](const Monitor& m) { return literal(m.parent); },
           [](Monitor& m, const RowView& row, std::size_t i) {
               if (row.text(i)) m.parent = MonitorId{row.integer(i)};
           }},
    HIGUMA_NUMBER("weight", weight),
    HIGUMA_SECONDS("`interval`", interval),
    HIGUMA_SECONDS("retry_interval", retry_interval),
    HIGUMA_NUMBER("maxretries", max_retries),
    HIGUMA_NUMBER("resend_interval", resend_interval),
    Column{
        "timeout",
        [](const Monitor& m) { return literal(static_cast<double>(m.timeout.count()) / 1000.0); },
        [](Monitor& m, const RowView& row, std::size_t i) {
            m.timeout = seconds_from(row.text(i));
        }},
    HIGUMA_FLAG("upside_down", upside_down),
    HIGUMA_TEXT("url", url),
    Column{"method", [](const Monitor& m) { return literal(m.method); },
           [](Monitor& m, const RowView& row, std::size_t i) { m.method = row.string(i); }},
    HIGUMA_TEXT("body", body),
    HIGUMA_TEXT("headers", headers),
    HIGUMA_TEXT("http_body_encoding", http_body_encoding),
    Column{"accepted_statuscodes_json",
           [](const Monitor& m) { return literal(codes_json(m.accepted_statuscodes)); },
           [](Monitor& m, const RowView& row, std::size_t i) {
               m.accepted_statuscodes = codes_from(row.text(i).value_or(""));
           }},
    HIGUMA_NUMBER("maxredirects", max_redirects),
    HIGUMA_FLAG("ignore_tls", ignore_tls),
    HIGUMA_FLAG("cache_bust", cache_bust),
    HIGUMA_TEXT("auth_method", auth_method),
    HIGUMA_TEXT("basic_auth_user", basic_auth_user),
    HIGUMA_TEXT("basic_auth_pass", basic_auth_pass),
    HIGUMA_TEXT("bearer_token", bearer_token),
    HIGUMA_TEXT("ip_family", ip_family),
    HIGUMA_TEXT("keyword", keyword),
    HIGUMA_FLAG("invert_keyword", invert_keyword),
    HIGUMA_TEXT("hostname", hostname),
    Column{"port", [](const Monitor& m) { return literal(m.port); },
           [](Monitor& m, const RowView& row, std::size_t i) {
               if (row.text(i)) m.port = static_cast<int>(row.integer(i));
           }},
    HIGUMA_TEXT("push_token", push_token),
};

#undef HIGUMA_TEXT
#undef HIGUMA_FLAG
#undef HIGUMA_NUMBER
#undef HIGUMA_SECONDS

std::string literal_of(const OptionInfo& info, const MonitorOptions& options) {
    const auto value = options.get(info.option);
    if (!value) return "NULL";
    const bool is_text = info.kind == OptionKind::text || info.kind == OptionKind::json;
    if (is_text) return literal(*value);
    const auto number = options.number(info.option);
    return number ? literal(*number) : "NULL";
}

std::optional<std::string> option_of(Cell cell) {
    return cell ? std::optional<std::string>(*cell) : std::nullopt;
}

constexpr std::string_view kAssignment =
    "node_id, assigned_node, assignment_epoch, pinned, change_seq";

// What is longer or larger than a column holds would fail in the server, after others were written.
constexpr std::int64_t kLargestNumber = 2'147'483'647;

}  // namespace

const std::string& monitor_columns() {
    static const std::string columns = [] {
        std::string out = "id";
        for (const auto& column : kSettings) out += fmt::format(", {}", column.name);
        for (const auto& info : option_table()) out += fmt::format(", {}", info.column);
        return fmt::format("{}, {}", out, kAssignment);
    }();
    return columns;
}

Monitor read_monitor(const RowView& row) {
    Monitor monitor;
    std::size_t i = 0;
    monitor.id = {row.integer(i++)};
    for (const auto& column : kSettings) column.read(monitor, row, i++);
    for (const auto& info : option_table()) {
        monitor.options.set(info.option, option_of(row.text(i++)));
    }
    monitor.assignment.home = node_of(row.text(i++));
    monitor.assignment.assigned = node_of(row.text(i++));
    monitor.assignment.epoch = {static_cast<std::uint64_t>(row.integer(i++))};
    monitor.assignment.pinned = row.integer(i++) != 0;
    monitor.change_seq = {static_cast<std::uint64_t>(row.integer(i++))};
    return monitor;
}

std::vector<std::pair<std::string_view, std::string>> monitor_settings(const Monitor& monitor) {
    std::vector<std::pair<std::string_view, std::string>> out;
    for (const auto& column : kSettings) out.emplace_back(column.name, column.literal(monitor));
    for (const auto& info : option_table()) {
        out.emplace_back(info.column, literal_of(info, monitor.options));
    }
    return out;
}

Result<void> check_monitor(const Monitor& monitor) {
    if (monitor.name.empty()) return invalid("name", "a monitor needs a name");
    if (monitor.type.empty()) return invalid("type", "a monitor needs a type");
    for (const auto& [field, value] :
         {std::pair{"interval", monitor.interval.count()},
          std::pair{"retry_interval", monitor.retry_interval.count()}}) {
        if (value < 0 || value > kLargestNumber) return invalid(field, "is out of range");
    }
    if (monitor.interval.count() < 1) return invalid("interval", "must be at least 1 second");
    return {};
}

}  // namespace higuma::store
