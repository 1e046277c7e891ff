#include "policy/maintenance.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "store/cells.hpp"
#include "store/monitors.hpp"
#include "store/sql.hpp"
#include "store/users.hpp"

namespace higuma::store {

namespace {

namespace json = boost::json;
using policy::LocalTime;
using policy::Maintenance;
using policy::TimeZone;
using policy::UtcTime;

constexpr std::string_view kZoneFolder = "/usr/share/zoneinfo";
constexpr std::uintmax_t kLargestZoneFile = 100'000;

// Names like "Asia/Taipei"; nothing that leads out of the folder.
bool is_zone_name(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '/' || c == '_' || c == '-' || c == '+';
    };
    return !name.empty() && name.size() <= 64 && name.front() != '/' &&
           std::all_of(name.begin(), name.end(), allowed);
}

std::optional<TimeZone> zone_named(const std::string& name) {
    if (auto fixed = TimeZone::from_offset(name)) return fixed;
    if (!is_zone_name(name)) return std::nullopt;
    const auto path = std::filesystem::path(kZoneFolder) / name;
    std::error_code failed;
    const auto size = std::filesystem::file_size(path, failed);
    if (failed || size > kLargestZoneFile) return std::nullopt;
    std::ifstream file(path, std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    return TimeZone::from_tzif(bytes.str());
}

std::vector<std::string> list_of(Cell cell) {
    std::vector<std::string> out;
    boost::system::error_code failed;
    const auto value = json::parse(cell.value_or("[]"), failed);
    if (failed || !value.is_array()) return out;
    for (const auto& item : value.as_array()) {
        if (item.is_int64()) out.push_back(std::to_string(item.as_int64()));
        if (item.is_string()) out.emplace_back(item.as_string());
    }
    return out;
}

std::optional<LocalTime> local_of(Cell cell) {
    const auto time = time_of(cell);
    if (!time) return std::nullopt;
    return LocalTime{std::chrono::floor<Seconds>(*time).time_since_epoch()};
}

// "22:30:00" of a `time` column, as seconds.
std::optional<Seconds> seconds_of(const RowView& row, std::size_t column) {
    if (!row.text(column)) return std::nullopt;
    return Seconds{row.integer(column)};
}

struct MaintenanceRow {
    std::int64_t id = 0;
    std::string zone;
    Maintenance maintenance;
};

constexpr std::string_view kColumns =
    "id, COALESCE(timezone, ''), strategy, start_date, end_date, TIME_TO_SEC(start_time), "
    "TIME_TO_SEC(end_time), weekdays, days_of_month, COALESCE(interval_day, 1), "
    "COALESCE(cron, ''), duration, last_start_date";

MaintenanceRow read_row(const RowView& row) {
    MaintenanceRow out;
    out.id = row.integer(0);
    out.zone = row.string(1);
    auto& m = out.maintenance;
    m.strategy = row.string(2);
    m.start_date = local_of(row.text(3));
    m.end_date = local_of(row.text(4));
    m.start_time = seconds_of(row, 5);
    m.end_time = seconds_of(row, 6);
    m.weekdays = list_of(row.text(7));
    m.days_of_month = list_of(row.text(8));
    m.interval_day = static_cast<int>(row.integer(9));
    m.cron = row.string(10);
    m.duration = seconds_of(row, 11);
    if (const auto started = time_of(row.text(12))) {
        m.last_start = std::chrono::floor<Seconds>(*started);
    }
    return out;
}

// The zone of "SAME_AS_SERVER" and of rows that name none.
Result<TimeZone> server_zone(Connection& db) {
    auto setting = get_setting(db, "serverTimezone");
    if (!setting) return setting.error();
    boost::system::error_code failed;
    const auto value = json::parse(setting->value_or("null"), failed);
    if (failed || !value.is_string()) return TimeZone{};
    return zone_named(std::string(value.as_string())).value_or(TimeZone{});
}

}  // namespace

Result<std::vector<MonitorId>> monitors_in_maintenance(Connection& db, WallTime now) {
    std::vector<MaintenanceRow> rows;
    auto read = db.stream(fmt::format("SELECT {} FROM maintenance WHERE active = 1", kColumns),
                          [&](const RowView& row) { rows.push_back(read_row(row)); });
    if (!read) return read.error();
    std::vector<MonitorId> ids;
    if (rows.empty()) return ids;
    auto server = server_zone(db);
    if (!server) return server.error();
    std::string going_on = "NULL";
    for (const auto& row : rows) {
        const bool as_server = row.zone.empty() || row.zone == "SAME_AS_SERVER";
        auto zone = as_server ? std::optional(*server) : zone_named(row.zone);
        if (!zone) {
            spdlog::debug("maintenance {}: unknown time zone, taken as UTC", row.id);
            zone = TimeZone{};
        }
        if (policy::is_going_on(row.maintenance, *zone, std::chrono::floor<Seconds>(now))) {
            going_on += fmt::format(",{}", row.id);
        }
    }
    // A group's maintenance is that of all below it.
    auto affected = db.stream(
        fmt::format("WITH RECURSIVE affected AS (SELECT monitor_id AS id FROM monitor_maintenance "
                    "WHERE maintenance_id IN ({}) UNION SELECT m.id FROM monitor m "
                    "JOIN affected a ON m.parent = a.id) SELECT id FROM affected ORDER BY id",
                    going_on),
        [&](const RowView& row) { ids.push_back({row.integer(0)}); });
    if (!affected) return affected.error();
    return ids;
}

}  // namespace higuma::store
