// How fast beats reach MariaDB and what they cost it. Prints one JSON object a case: writers that
// write as fast as they can, and writers that are given beats at a steady rate as a node's engine
// is. bench/beats.py makes the table.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <sstream>
#include <thread>

#include "engine/beat_writer.hpp"
#include "store/migrate.hpp"
#include "store/nodes.hpp"
#include "store/sql.hpp"
#include "support/mariadb.hpp"

namespace {

using namespace higuma;
namespace asio = boost::asio;

constexpr Seconds kInterval{60};

template <class T>
T need(Result<T> outcome) {
    if (!outcome) throw std::runtime_error(outcome.error().message);
    if constexpr (!std::is_void_v<T>) return std::move(*outcome);
}

double processor_seconds(const std::string& process) {
    std::ifstream file("/proc/" + process + "/stat");
    std::string text;
    std::getline(file, text);
    std::istringstream fields(text.substr(text.rfind(')') + 2));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

struct Case {
    const char* name;
    int nodes;
    int monitors;  // of each node
    int rate;      // beats a second of each node; 0: as fast as it goes
};

// A database with so many monitors of node1, node2, ...
class Bench {
  public:
    Bench(test::MariaDbServer& server, const Case& what)
        : server_(server), case_(what), config_(server.fresh_database()), db_(config_) {
        need(store::migrate(db_, [](const std::string&) {}));
        for (int i = 0; i < what.nodes; ++i) add_node(i);
    }

    store::DatabaseConfig config() const { return config_; }
    const Case& what() const { return case_; }
    NodeId node(int index) const { return {fmt::format("node{}", index + 1)}; }
    Incarnation incarnation(int index) const {
        return incarnations_[static_cast<std::size_t>(index)];
    }
    // The next beat of a node: its monitors take turns, each is due every kInterval.
    Beat beat(int index, std::int64_t number) const {
        const std::int64_t turn = number / case_.monitors, place = number % case_.monitors;
        Beat beat;
        beat.monitor = MonitorId{1 + index + place * case_.nodes};
        beat.status = BeatStatus::up;
        beat.msg = "200 - OK";
        const Millis offset{place * 60'000 / case_.monitors};
        beat.time = kStart + turn * Millis{kInterval} + offset;
        beat.scheduled_at = beat.time;
        beat.ping = Millis{20 + number % 50};
        beat.duration = kInterval;
        beat.epoch = Epoch{1};
        return beat;
    }
    std::int64_t statements() {
        auto rows = need(db_.query("SHOW GLOBAL STATUS LIKE 'Questions'"));
        return std::atoll(rows.string(0, 1).c_str());
    }
    double server_seconds() const { return processor_seconds(std::to_string(server_.pid())); }
    static double own_seconds() { return processor_seconds("self"); }

  private:
    void add_node(int index) {
        Node registered;
        registered.id = node(index);
        registered.host = "127.0.0.1:1";
        incarnations_.push_back(need(store::register_node(db_, registered, Millis{600'000})));
        need(db_.execute(fmt::format(
            "INSERT INTO monitor (id, name, type, url, `interval`, node_id, change_seq, "
            "accepted_statuscodes_json, conditions) SELECT seq, CONCAT('monitor ', seq), 'http', "
            "'http://127.0.0.1/', 60, '{}', 2, '[\"200-299\"]', '[]' FROM seq_{}_to_{}_step_{}",
            node(index).value, 1 + index, case_.monitors * case_.nodes, case_.nodes)));
    }

    // The beginning of a day, so that each run crosses the same borders of hours.
    static constexpr WallTime kStart{Millis{1'795'305'600'000}};
    test::MariaDbServer& server_;
    Case case_;
    store::DatabaseConfig config_;
    store::Connection db_;
    std::vector<Incarnation> incarnations_;
};

// What is read before and after the measured span.
struct Figures {
    explicit Figures(Bench& bench)
        : statements(bench.statements()),
          server(bench.server_seconds()),
          own(Bench::own_seconds()),
          at(std::chrono::steady_clock::now()) {}
    std::int64_t statements;
    double server, own;
    std::chrono::steady_clock::time_point at;
};

void print(const Case& what, const Figures& before, const Figures& after, std::int64_t beats,
           const std::string& more = "") {
    const std::chrono::duration<double> span = after.at - before.at;
    const auto count = static_cast<double>(beats);
    fmt::print(
        R"({{"case":"{}","nodes":{},"monitors":{},"beats_per_second":{:.0f},)"
        R"("statements_per_beat":{:.4f},"database_us_per_beat":{:.1f},"writer_us_per_beat":{:.1f}{}}})"
        "\n",
        what.name, what.nodes, what.nodes * what.monitors, count / span.count(),
        static_cast<double>(after.statements - before.statements) / count,
        (after.server - before.server) * 1e6 / count, (after.own - before.own) * 1e6 / count, more);
    std::fflush(stdout);
}

// Every node writes batch after batch.
void run_flat_out(Bench& bench, int seconds, std::size_t batch_rows) {
    std::atomic<bool> stop = false;
    std::atomic<std::int64_t> stored = 0;
    std::vector<std::thread> writers;
    for (int index = 0; index < bench.what().nodes; ++index) {
        writers.emplace_back([&, index] {
            store::Connection own(bench.config());
            std::int64_t number = 0;
            while (!stop) {
                std::vector<Beat> batch;
                while (batch.size() < batch_rows) batch.push_back(bench.beat(index, number++));
                auto report =
                    store::write_beats(own, bench.node(index), bench.incarnation(index), batch);
                if (!report) throw std::runtime_error(report.error().message);
                stored += static_cast<std::int64_t>(report->stored.size());
            }
        });
    }
    std::this_thread::sleep_for(Seconds{2});
    const Figures before(bench);
    const auto stored_before = stored.load();
    std::this_thread::sleep_for(Seconds{seconds});
    const auto beats = stored.load() - stored_before;
    const Figures after(bench);
    stop = true;
    for (auto& writer : writers) writer.join();
    print(bench.what(), before, after, beats);
}

// A node's beat writer, and when each of its beats came.
struct Feed {
    std::shared_ptr<engine::BeatWriter> writer;
    std::deque<Instant> waiting;
    std::int64_t given = 0;
};

std::shared_ptr<Feed> make_feed(Bench& bench, int index, asio::io_context& loop,
                                std::shared_ptr<const Clock> clock, store::Database& db,
                                std::vector<Millis>& delays) {
    auto feed = std::make_shared<Feed>();
    engine::BeatWriter::Hooks hooks;
    hooks.on_stored = [feed = feed.get(), clock, &delays](const Beat&) {
        const auto waited = clock->now() - feed->waiting.front();
        delays.push_back(std::chrono::duration_cast<Millis>(waited));
        feed->waiting.pop_front();
    };
    hooks.on_fenced = [] { throw std::runtime_error("a beat was fenced off"); };
    hooks.on_superseded = [] {};
    hooks.is_current = [](const Beat&) { return true; };
    auto write = [&db, node = bench.node(index), mine = bench.incarnation(index)](
                     engine::BeatWriter::Batch batch, Deadline deadline) {
        auto job = [=](store::Connection& c) { return store::write_beats(c, node, mine, *batch); };
        return db.run(deadline, std::move(job));
    };
    feed->writer = std::make_shared<engine::BeatWriter>(
        engine::BeatWriterConfig{}, loop.get_executor(), clock, std::move(write), std::move(hooks));
    feed->writer->replay();
    feed->writer->start();
    return feed;
}

// Gives each node its beats as they fall due.
void run_steady(Bench& bench, int seconds) {
    const auto& what = bench.what();
    asio::io_context loop;
    const auto clock = std::make_shared<SystemClock>();
    store::Database db(bench.config(), static_cast<std::size_t>(what.nodes), 100, clock);
    std::vector<Millis> delays;
    std::vector<std::shared_ptr<Feed>> feeds;
    for (int i = 0; i < what.nodes; ++i) {
        feeds.push_back(make_feed(bench, i, loop, clock, db, delays));
    }
    const Instant start = clock->now();
    const auto feed_until = [&](Instant end) {
        while (clock->now() < end) {
            const std::chrono::duration<double> since = clock->now() - start;
            const auto due = static_cast<std::int64_t>(since.count() * what.rate);
            for (int i = 0; i < what.nodes; ++i) {
                auto& feed = *feeds[static_cast<std::size_t>(i)];
                while (feed.given < due) {
                    feed.waiting.push_back(clock->now());
                    feed.writer->add(bench.beat(i, feed.given++));
                }
            }
            loop.run_for(Millis{5});
        }
    };
    feed_until(start + Seconds{3});
    delays.clear();
    const Figures before(bench);
    feed_until(clock->now() + Seconds{seconds});
    const Figures after(bench);
    std::size_t waiting = 0;
    for (const auto& feed : feeds) {
        waiting += feed->writer->stats().queued;
        feed->writer->stop();
    }
    loop.run_for(Seconds{1});
    const auto beats = static_cast<std::int64_t>(delays.size());
    std::sort(delays.begin(), delays.end());
    const auto at = [&](double share) {
        return delays[static_cast<std::size_t>(share * static_cast<double>(delays.size() - 1))];
    };
    print(what, before, after, beats,
          fmt::format(R"(,"delay_p50_ms":{},"delay_p99_ms":{},"waiting_at_end":{})",
                      at(0.5).count(), at(0.99).count(), waiting));
}

constexpr Case kCases[] = {
    {"few", 1, 1'000, 17},
    {"one node", 1, 100'000, 1'667},
    {"three nodes", 3, 133'333, 6'667},
    {"flat out", 3, 133'333, 0},
};

}  // namespace

int main(int count, char** words) {
    const int seconds = count > 1 ? std::atoi(words[1]) : 10;
    test::MariaDbServer server({"--innodb-buffer-pool-size=2G", "--innodb-log-file-size=1G"});
    for (const auto& what : kCases) {
        Bench bench(server, what);
        if (what.rate > 0) {
            run_steady(bench, seconds);
        } else {
            run_flat_out(bench, seconds, engine::BeatWriterConfig{}.batch_size);
        }
    }
}
