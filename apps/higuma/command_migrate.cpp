#include <fmt/format.h>

#include <cstdio>

#include "commands.hpp"
#include "store/migrate.hpp"

namespace higuma::app {

int run_migrate(const SettingsSource& source) {
    const auto db = connect_or_throw(database_of(source));
    const auto say = [](const std::string& line) { std::printf("%s\n", line.c_str()); };
    const auto report = store::migrate(*db, say);
    if (!report) fail_start("migrate", report.error());
    if (report->adopted) say("The Uptime Kuma database that was there is adopted.");
    say(report->applied.empty() ? "The schema is up to date."
                                : fmt::format("{} migration(s) applied.", report->applied.size()));
    return 0;
}

}  // namespace higuma::app
