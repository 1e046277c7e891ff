#include "store/groups.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "store/sql.hpp"

namespace higuma::store {

namespace {

// How many children each group has, and those that are in trouble: of a large group most are not,
// and are not read. The last beat is found by one probe of the index (monitor_id, time).
std::string states_sql(const std::string& groups) {
    return fmt::format(
        "SELECT parent, 0, NULL, COUNT(*) FROM monitor WHERE parent IN ({0}) GROUP BY parent "
        "UNION ALL SELECT parent, id, name, status FROM (SELECT m.parent, m.id, m.name, "
        "(SELECT b.status FROM heartbeat b FORCE INDEX (monitor_time_index) "
        "WHERE b.monitor_id = m.id ORDER BY b.time DESC, b.id DESC LIMIT 1) AS status "
        "FROM monitor m WHERE m.parent IN ({0}) AND m.active = 1) child "
        "WHERE status IS NULL OR status IN (0, 2)",
        groups);
}

void add_row(policy::GroupState& state, const RowView& row) {
    const MonitorId child{row.integer(1)};
    if (child.value == 0) {
        state.children = static_cast<std::size_t>(row.integer(3));
        return;
    }
    std::optional<BeatStatus> status;
    if (row.text(3)) status = row.integer(3) == 0 ? BeatStatus::down : BeatStatus::pending;
    state.troubled.push_back({child, row.string(2), status});
}

}  // namespace

Result<std::vector<policy::GroupState>> group_states(Connection& db,
                                                     const std::vector<MonitorId>& groups) {
    std::vector<policy::GroupState> states(groups.size());
    std::unordered_map<MonitorId, std::size_t> places;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        states[i].group = groups[i];
        places.emplace(groups[i], i);
    }
    auto read =
        db.stream(states_sql(id_list(groups.begin(), groups.end())), [&](const RowView& row) {
            const auto found = places.find({row.integer(0)});
            if (found != places.end()) add_row(states[found->second], row);
        });
    if (!read) return read.error();
    for (auto& state : states) {
        std::sort(state.troubled.begin(), state.troubled.end(),
                  [](const auto& a, const auto& b) { return a.id < b.id; });
    }
    return states;
}

}  // namespace higuma::store
