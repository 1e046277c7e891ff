#include "cluster/rebalance_record.hpp"

#include <array>
#include <boost/json.hpp>

namespace higuma::cluster {

namespace json = boost::json;

namespace {

constexpr std::array kKinds{
    std::pair{RebalanceKind::balance, std::string_view("balance")},
    std::pair{RebalanceKind::all, std::string_view("all")},
};
constexpr std::array kStates{
    std::pair{RebalanceState::idle, std::string_view("idle")},
    std::pair{RebalanceState::requested, std::string_view("requested")},
    std::pair{RebalanceState::running, std::string_view("running")},
    std::pair{RebalanceState::done, std::string_view("done")},
    std::pair{RebalanceState::failed, std::string_view("failed")},
};

template <class Table, class Value>
std::string_view text_of(const Table& table, Value value) {
    for (const auto& [known, text] : table) {
        if (known == value) return text;
    }
    return "";
}

template <class Table, class Value>
Value value_of(const Table& table, std::string_view text, Value otherwise) {
    for (const auto& [known, name] : table) {
        if (name == text) return known;
    }
    return otherwise;
}

json::value time_value(const std::optional<WallTime>& time) {
    return time ? json::value(format_iso_time(*time)) : json::value(nullptr);
}

// Members of an object that may lack them or hold something else.
class Reader {
  public:
    explicit Reader(const json::object& object) : object_(object) {}
    std::string text(std::string_view key) const {
        const auto* found = object_.if_contains(key);
        return found && found->is_string() ? std::string(found->get_string()) : "";
    }
    template <class Number>
    Number number(std::string_view key) const {
        const auto* found = object_.if_contains(key);
        boost::system::error_code bad;
        const auto value = found && found->is_number() ? found->to_number<Number>(bad) : Number{};
        return bad ? Number{} : value;
    }
    std::optional<WallTime> time(std::string_view key) const { return parse_time(text(key)); }

  private:
    const json::object& object_;
};

}  // namespace

std::string_view to_string(RebalanceKind kind) { return text_of(kKinds, kind); }
std::string_view to_string(RebalanceState state) { return text_of(kStates, state); }

std::string to_text(const RebalanceRecord& record) {
    return json::serialize(
        json::object{{"id", record.id},
                     {"kind", to_string(record.kind)},
                     {"state", to_string(record.state)},
                     {"actor", record.actor},
                     {"planned", record.planned},
                     {"done", record.done},
                     {"failed", record.failed},
                     {"requested", time_value(record.requested)},
                     {"started", time_value(record.started)},
                     {"finished", time_value(record.finished)},
                     {"mean_load", record.figures.mean_load},
                     {"max_over_mean_before", record.figures.max_over_mean_before},
                     {"max_over_mean_after", record.figures.max_over_mean_after},
                     {"movable", record.figures.movable},
                     {"error", record.error}});
}

RebalanceRecord rebalance_record_from(std::string_view text) {
    boost::system::error_code bad;
    const auto value = json::parse(text, bad);
    RebalanceRecord record;
    if (bad || !value.is_object()) return record;
    const Reader read(value.get_object());
    record.id = read.number<std::int64_t>("id");
    record.kind = value_of(kKinds, read.text("kind"), RebalanceKind::balance);
    record.state = value_of(kStates, read.text("state"), RebalanceState::idle);
    record.actor = read.text("actor");
    record.planned = read.number<std::uint64_t>("planned");
    record.done = read.number<std::uint64_t>("done");
    record.failed = read.number<std::uint64_t>("failed");
    record.requested = read.time("requested");
    record.started = read.time("started");
    record.finished = read.time("finished");
    record.figures.mean_load = read.number<double>("mean_load");
    record.figures.max_over_mean_before = read.number<double>("max_over_mean_before");
    record.figures.max_over_mean_after = read.number<double>("max_over_mean_after");
    record.figures.movable = read.number<std::size_t>("movable");
    record.error = read.text("error");
    return record;
}

}  // namespace higuma::cluster
