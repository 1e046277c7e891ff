#include "cluster/hints.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace higuma::cluster {

namespace {
constexpr Millis kHintTimeout{1'000};
}

void HintSender::send(std::shared_ptr<void> keep, const std::string& node,
                      const std::string& address) {
    if (address.empty() || services_.stopping) return;
    const auto [entry, fresh] = under_way_.try_emplace(node, false);
    if (!fresh) {
        entry->second = true;
        return;
    }
    tasks_.spawn("hint to " + node, std::move(keep), deliver(node, address));
}

Task<> HintSender::deliver(std::string node, std::string address) {
    for (bool again = true; again && !services_.stopping;) {
        under_way_[node] = false;
        net::HttpRequest request;
        request.method = "POST";
        request.url = fmt::format("http://{}/api/v1/reconcile-monitors", address);
        request.headers = {{"Content-Type", "application/json"}};
        request.body = "{}";
        request.bearer_token = services_.service_token();
        request.max_redirects = 0;
        const auto deadline = services_.after(kHintTimeout);
        auto response = co_await services_.http.send(std::move(request), deadline);
        ++stats_.sent;
        if (!response || response->status >= 300) {
            ++stats_.failed;
            spdlog::debug(
                "hint to {}: {}", node,
                response ? fmt::format("answered {}", response->status) : response.error().message);
        }
        again = under_way_[node];
    }
    under_way_.erase(node);
}

}  // namespace higuma::cluster
