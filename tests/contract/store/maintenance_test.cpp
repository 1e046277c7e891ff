#include <gmock/gmock.h>

#include "contract/store/fixture.hpp"

namespace higuma::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

class MaintenanceStore : public StoreTest {
  protected:
    void SetUp() override {
        StoreTest::SetUp();
        add_node("node1");
    }
    WallTime noon = *parse_time("2026-11-22 12:00:00.125");
};

TEST_F(MaintenanceStore, MaintenanceReachesTheMonitorsBelowAGroup) {
    const auto group = add_monitor("node1", "group");
    const auto child = add_monitor("node1", "child");
    const auto single = add_monitor("node1", "single");
    add_monitor("node1", "outside");
    auto below = get_monitor(*db, child);
    below->parent = group;
    HIGUMA_OK(update_monitor(*db, *below));
    run("INSERT INTO maintenance (id, title, description, strategy, start_date, end_date, "
        "timezone) "
        "VALUES (1, 'a', '', 'manual', NULL, NULL, NULL), "
        "(2, 'b', '', 'single', '2026-11-22 20:00:00', '2026-11-22 21:00:00', 'Asia/Taipei'), "
        "(3, 'c', '', 'manual', NULL, NULL, NULL)");
    run("UPDATE maintenance SET active = 0 WHERE id = 3");
    run(
        sql_format("INSERT INTO monitor_maintenance (monitor_id, maintenance_id) "
                   "VALUES (?, 1), (?, 2), (?, 3)",
                   group, single, single));
    EXPECT_THAT(*monitors_in_maintenance(*db, noon + 30min), ElementsAre(group, child, single));
    EXPECT_THAT(*monitors_in_maintenance(*db, noon + 61min), ElementsAre(group, child));
    run("DELETE FROM maintenance WHERE id = 1");
    EXPECT_THAT(*monitors_in_maintenance(*db, noon - 1min), IsEmpty());
    run("UPDATE maintenance SET timezone = 'SAME_AS_SERVER' WHERE id = 2");
    EXPECT_THAT(*monitors_in_maintenance(*db, noon + 8h + 30min), ElementsAre(single));
    HIGUMA_OK(set_setting(*db, "serverTimezone", "\"Europe/Berlin\"", "general"));
    EXPECT_THAT(*monitors_in_maintenance(*db, noon + 7h + 30min), ElementsAre(single));
    for (const auto* odd : {"../../../etc/passwd", "No/Such", "'"}) {
        run(sql_format("UPDATE maintenance SET timezone = ? WHERE id = 2", odd));
        EXPECT_THAT(*monitors_in_maintenance(*db, noon + 8h + 30min), ElementsAre(single)) << odd;
    }
}

TEST_F(MaintenanceStore, MaintenanceByWeekdayAndCronFromTheTable) {
    const auto id = add_monitor("node1");
    run("INSERT INTO maintenance (id, title, description, strategy, start_time, end_time, "
        "weekdays, "
        "days_of_month, timezone) VALUES (1, 'a', '', 'recurring-weekday', '13:00:00', '14:00:00', "
        "'[7,3]', '[]', '+01:00')");
    run(sql_format("INSERT INTO monitor_maintenance (monitor_id, maintenance_id) VALUES (?, 1)",
                   id));
    EXPECT_THAT(*monitors_in_maintenance(*db, noon), ElementsAre(id));
    EXPECT_THAT(*monitors_in_maintenance(*db, noon + 24h), IsEmpty());
    EXPECT_THAT(*monitors_in_maintenance(*db, noon + 72h), ElementsAre(id));
    run("UPDATE maintenance SET strategy = 'cron', cron = '0 12 22 * *', duration = 600, "
        "timezone = 'UTC'");
    EXPECT_THAT(*monitors_in_maintenance(*db, noon + 9min), ElementsAre(id));
    EXPECT_THAT(*monitors_in_maintenance(*db, noon + 10min), IsEmpty());
    run("UPDATE maintenance SET weekdays = 'broken', days_of_month = '[15,\"lastDay1\"]', "
        "strategy = 'recurring-day-of-month', cron = '', duration = NULL");
    EXPECT_THAT(*monitors_in_maintenance(*db, *parse_time("2026-11-30 13:30:00")), ElementsAre(id));
}

}  // namespace
}  // namespace higuma::store
