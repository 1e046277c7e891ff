#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "api/node_handlers.hpp"
#include "base/log.hpp"
#include "net/http_client.hpp"
#include "store/nodes.hpp"

namespace higuma::api {
namespace {

constexpr std::size_t kHintLimit = 256;  // nodes that are being told at once
constexpr Millis kHintTime{2'000};

}  // namespace

void PeerHints::send(boost::asio::any_io_executor executor, const std::optional<NodeId>& node) {
    if (!node) return;
    if (*node == context_->self) {
        context_->agent.hint();
        return;
    }
    if (const auto found = under_way_.find(*node); found != under_way_.end()) {
        found->second = true;
        return;
    }
    if (under_way_.size() >= kHintLimit) {
        ++stats_.dropped;
        return;
    }
    under_way_.emplace(*node, false);
    auto keep = [self = shared_from_this()](std::exception_ptr) {};
    boost::asio::co_spawn(executor, deliver(*node), keep);
}

Task<> PeerHints::deliver(NodeId node) {
    const auto self = shared_from_this();
    for (bool again = true; again;) {
        under_way_[node] = false;
        const bool arrived = co_await deliver_once(node);
        ++(arrived ? stats_.sent : stats_.failed);
        again = arrived && under_way_[node];
    }
    under_way_.erase(node);
}

Task<bool> PeerHints::deliver_once(NodeId node) {
    const auto deadline = Deadline::after(*context_->clock, kHintTime);
    auto job = [node](store::Connection& c) { return store::get_node(c, node); };
    auto row = co_await context_->db.run(deadline, job);
    if (!row || row->host.empty()) co_return false;
    net::HttpRequest request;
    request.method = "POST";
    request.url = "http://" + row->host + "/api/v1/reconcile-monitors";
    request.headers = {{"Content-Type", "application/json"}};
    request.body = "{}";
    request.bearer_token = context_->service_token();
    request.max_redirects = 0;
    auto answer = co_await context_->http.send(std::move(request), deadline);
    if (answer && answer->status == 200) co_return true;
    spdlog::debug("the hint to {} did not arrive: {}", node.value,
                  answer ? "status " + std::to_string(answer->status) : answer.error().message);
    co_return false;
}

PeerHints::Stats PeerHints::stats() const {
    auto stats = stats_;
    stats.under_way = under_way_.size();
    stats.limit = kHintLimit;
    return stats;
}

}  // namespace higuma::api
