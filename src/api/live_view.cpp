#include "api/live_view.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "api/live_beats.hpp"
#include "api/live_follower.hpp"
#include "api/live_json.hpp"
#include "api/live_search.hpp"

namespace higuma::api {

namespace json = boost::json;

namespace {

constexpr std::size_t kPageLimit = 200;
constexpr std::size_t kSearchBytes = 400;  // 100 characters of any script

template <class Number>
Result<Number> number_from(const std::string& name, std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || text.starts_with('-')) {
        return invalid(name, name + " must be a whole number from 0 on");
    }
    return value;
}

Result<LiveFilter> filter_from(const LiveQuery& query) {
    LiveFilter filter;
    if (!query.status.empty()) {
        filter.status = live_status_from(query.status);
        if (!filter.status) {
            return invalid("status",
                           "status must be down, pending, unknown, maintenance, up or paused");
        }
    }
    filter.node = query.node;
    filter.search = fold_case(query.search);
    return filter;
}

}  // namespace

Result<LiveQuery> live_query_from(
    const std::vector<std::pair<std::string, std::string>>& parameters) {
    LiveQuery query;
    for (const auto& [name, value] : parameters) {
        if (name == "search") {
            if (value.size() > kSearchBytes) return invalid("search", "search is too long");
            query.search = value;
        } else if (name == "status") {
            query.status = value;
        } else if (name == "node") {
            if (!value.empty() && !is_valid_node_id(value)) {
                return invalid("node", "node must be a node's id");
            }
            query.node = value;
        } else if (name == "offset" || name == "limit") {
            const auto number = number_from<std::size_t>(name, value);
            if (!number) return number.error();
            (name == "offset" ? query.offset : query.limit) = *number;
        } else if (name == "beats_after") {
            const auto number = number_from<std::int64_t>(name, value);
            if (!number) return number.error();
            query.beats_after = *number;
        }
    }
    if (query.limit == 0 || query.limit > kPageLimit) {
        return invalid("limit", "limit must be 1 to 200");
    }
    const auto filter = filter_from(query);
    if (!filter) return filter.error();
    return query;
}

struct LiveView::Impl {
    struct Page {
        std::vector<LiveWanted> monitors;
        std::size_t total = 0;
    };

    Impl(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> the_clock,
         store::Database& db, const cluster::Controller& the_controller)
        : clock(the_clock),
          controller(the_controller),
          follower(std::make_shared<LiveFollower>(executor, the_clock, db, LiveFollowLimits{})),
          beats(std::make_shared<LiveBeats>(executor, the_clock, db, LiveBeatsLimits{})),
          search(executor, the_clock, LiveSearchLimits{}) {}

    Task<Result<Page>> page(LiveQuery query, LiveFilter filter, Deadline deadline);
    json::object answer(const LiveQuery& query, const Page& page) const;
    json::object monitors_json(const LiveQuery& query, const Page& page) const;

    std::shared_ptr<const Clock> clock;
    const cluster::Controller& controller;
    std::shared_ptr<LiveFollower> follower;
    std::shared_ptr<LiveBeats> beats;
    LiveSearch search;
    std::string self, version;
};

Task<Result<LiveView::Impl::Page>> LiveView::Impl::page(LiveQuery query, LiveFilter filter,
                                                        Deadline deadline) {
    const auto index = follower->index();
    Page out;
    if (!index) co_return out;
    std::vector<const LiveRow*> rows;
    if (filter.everything()) {
        out.total = filter.status ? index->count(*filter.status) : index->size();
        rows = index->page(filter.status, query.offset, query.limit);
    } else {
        auto found = co_await search.find(index, filter, deadline);
        if (!found) co_return found.error();
        const auto& ids = **found;
        out.total = ids.size();
        for (auto i = query.offset; i < ids.size() && rows.size() < query.limit; ++i) {
            if (const auto* row = index->find(ids[i])) rows.push_back(row);
        }
    }
    for (const auto* row : rows) {
        out.monitors.push_back({row->monitor.id, row->monitor.last.id});
    }
    co_return out;
}

json::object LiveView::Impl::monitors_json(const LiveQuery& query, const Page& page) const {
    const auto index = follower->index();
    json::array items;
    for (const auto& one : page.monitors) {
        const auto* row = index ? index->find(one.id) : nullptr;
        if (row != nullptr) {
            items.push_back(live_monitor_json(*row, beats->find(one.id), query.beats_after));
        }
    }
    json::object out;
    out["total"] = page.total;
    out["offset"] = query.offset;
    out["limit"] = query.limit;
    out["loading"] = !index && follower->trouble().empty();
    out["items"] = std::move(items);
    return out;
}

json::object LiveView::Impl::answer(const LiveQuery& query, const Page& page) const {
    const auto view = controller.view();
    const auto index = follower->index();
    const bool reachable = view.database_reachable && follower->trouble().empty();
    json::object database;
    database["reachable"] = reachable;
    database["error"] = reachable                     ? std::string{}
                        : view.database_error.empty() ? follower->trouble()
                                                      : view.database_error;
    json::object leader;
    leader["holder"] = view.leader_holder;
    leader["term"] = view.leader_term;
    leader["is_self"] = view.leader;

    json::object out;
    out["timestamp"] = format_iso_time(clock->wall_now());
    out["self"] = self;
    out["version"] = version;
    out["leader"] = std::move(leader);
    out["database"] = std::move(database);
    out["setup_complete"] = view.setup_complete;
    out["cluster"] = live_cluster_json(view, index.get());
    out["nodes"] = live_nodes_json(view, index.get(), clock->now());
    out["events"] = live_events_json(follower->events());
    out["changes"] = live_changes_json(follower->changes(), index.get());
    out["monitors"] = monitors_json(query, page);
    return out;
}

LiveView::LiveView(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
                   store::Database& db, const cluster::Controller& controller)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(clock), db, controller)) {}

LiveView::~LiveView() {
    impl_->follower->stop();
    impl_->beats->stop();
}

void LiveView::set_identity(std::string self, std::string version) {
    impl_->self = std::move(self);
    impl_->version = std::move(version);
}

Task<Result<json::object>> LiveView::snapshot(LiveQuery query, Deadline deadline) {
    const auto impl = impl_;
    query.limit = std::clamp<std::size_t>(query.limit, 1, kPageLimit);
    auto filter = filter_from(query);
    if (!filter) co_return filter.error();
    co_await impl->follower->look(deadline);
    auto page = co_await impl->page(query, *filter, deadline);
    if (!page) co_return page.error();
    // With the database away the bars that are known are shown, without waiting for more.
    if (impl->follower->trouble().empty()) co_await impl->beats->fetch(page->monitors, deadline);
    co_return impl->answer(query, *page);
}

}  // namespace higuma::api
