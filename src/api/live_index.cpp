#include "api/live_index.hpp"

#include <algorithm>
#include <tuple>

namespace higuma::api {

namespace {

constexpr std::size_t kBlockRows = 512;
constexpr std::array<std::string_view, kLiveStatuses> kNames{"down",        "pending", "unknown",
                                                             "maintenance", "up",      "paused"};

bool before(const LiveRow* row, std::string_view key, MonitorId id) {
    const int order = std::string_view(row->key).compare(key);
    return order != 0 ? order < 0 : row->monitor.id < id;
}

LiveStatus status_of(const store::LiveMonitor& monitor) {
    if (!monitor.active) return LiveStatus::paused;
    if (monitor.last.id == 0) return LiveStatus::unknown;
    switch (monitor.last.status) {
        case BeatStatus::down:
            return LiveStatus::down;
        case BeatStatus::up:
            return LiveStatus::up;
        case BeatStatus::pending:
            return LiveStatus::pending;
        case BeatStatus::maintenance:
            return LiveStatus::maintenance;
    }
    return LiveStatus::unknown;
}

// By time: a beat that was kept on disk meanwhile comes late and with a higher id.
bool newer(const store::LiveBeat& beat, const store::LiveBeat& than) {
    return beat.id != 0 && std::tie(beat.time, beat.id) > std::tie(than.time, than.id);
}

}  // namespace

std::string_view to_string(LiveStatus status) { return kNames[static_cast<std::size_t>(status)]; }

std::optional<LiveStatus> live_status_from(std::string_view text) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (kNames[i] == text) return static_cast<LiveStatus>(i);
    }
    return std::nullopt;
}

std::string fold_case(std::string_view text) {
    std::string out{text};
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

// The first block whose last row is not before the place; the last block for a place behind all.
std::size_t LiveOrder::block_of(std::string_view key, MonitorId id) const {
    const auto at = std::partition_point(blocks_.begin(), blocks_.end(), [&](const Block& block) {
        return before(block.back(), key, id);
    });
    const auto found = static_cast<std::size_t>(at - blocks_.begin());
    return found == blocks_.size() && found > 0 ? found - 1 : found;
}

void LiveOrder::insert(const LiveRow* row) {
    if (blocks_.empty()) blocks_.emplace_back();
    const auto number =
        blocks_.size() == 1 && blocks_[0].empty() ? 0 : block_of(row->key, row->monitor.id);
    auto& block = blocks_[number];
    const auto at = std::partition_point(block.begin(), block.end(), [&](const LiveRow* other) {
        return before(other, row->key, row->monitor.id);
    });
    block.insert(at, row);
    ++size_;
    if (block.size() <= kBlockRows) return;
    Block upper(block.begin() + kBlockRows / 2, block.end());
    block.resize(kBlockRows / 2);
    blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(number) + 1, std::move(upper));
}

void LiveOrder::erase(const LiveRow* row) {
    const auto number = block_of(row->key, row->monitor.id);
    invariant(number < blocks_.size(), "a row of the live index is in its order");
    auto& block = blocks_[number];
    const auto at = std::partition_point(block.begin(), block.end(), [&](const LiveRow* other) {
        return before(other, row->key, row->monitor.id);
    });
    invariant(at != block.end() && *at == row, "a row of the live index is where its key says");
    block.erase(at);
    --size_;
    if (block.empty()) blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(number));
}

void LiveOrder::slice(std::size_t offset, std::size_t count,
                      std::vector<const LiveRow*>& out) const {
    for (const auto& block : blocks_) {
        if (count == 0) return;
        if (offset >= block.size()) {
            offset -= block.size();
            continue;
        }
        const auto taken = std::min(count, block.size() - offset);
        const auto first = block.begin() + static_cast<std::ptrdiff_t>(offset);
        out.insert(out.end(), first, first + static_cast<std::ptrdiff_t>(taken));
        count -= taken;
        offset = 0;
    }
}

void LiveOrder::after(std::string_view key, MonitorId id, std::size_t count,
                      std::vector<const LiveRow*>& out) const {
    const MonitorId next{id.value + 1};
    for (auto number = block_of(key, next); number < blocks_.size() && count > 0; ++number) {
        const auto& block = blocks_[number];
        auto at = std::partition_point(block.begin(), block.end(),
                                       [&](const LiveRow* row) { return before(row, key, next); });
        for (; at != block.end() && count > 0; ++at, --count) out.push_back(*at);
    }
}

bool LiveFilter::matches(const LiveRow& row) const {
    if (status && row.status != *status) return false;
    if (!node.empty() && row.monitor.node != node) return false;
    return search.empty() || row.key.find(search) != std::string::npos;
}

void LiveIndex::enter(LiveRow& row, int by) {
    auto& order = order_[static_cast<std::size_t>(row.status)];
    if (by > 0) {
        order.insert(&row);
    } else {
        order.erase(&row);
    }
    const auto& monitor = row.monitor;
    if (!monitor.active || monitor.home.empty() || monitor.home == monitor.node) return;
    nodes_[monitor.home].moved_out += by;
    if (!monitor.node.empty()) nodes_[monitor.node].moved_in += by;
}

void LiveIndex::put(store::LiveMonitor monitor) {
    const auto [at, added] = rows_.try_emplace(monitor.id);
    auto& row = at->second;
    if (!added) {
        enter(row, -1);
        if (!newer(monitor.last, row.monitor.last)) monitor.last = row.monitor.last;
    }
    row.key = fold_case(monitor.name) + '\n' + fold_case(monitor.target);
    row.monitor = std::move(monitor);
    row.status = status_of(row.monitor);
    enter(row, 1);
}

bool LiveIndex::beat(const store::LiveBeat& beat) {
    const auto at = rows_.find(beat.monitor);
    if (at == rows_.end() || !newer(beat, at->second.monitor.last)) return false;
    auto& row = at->second;
    row.monitor.last = beat;
    const auto status = status_of(row.monitor);
    if (status == row.status) return true;
    enter(row, -1);
    row.status = status;
    enter(row, 1);
    return true;
}

void LiveIndex::remove(MonitorId id) {
    const auto at = rows_.find(id);
    if (at == rows_.end()) return;
    enter(at->second, -1);
    rows_.erase(at);
}

void LiveIndex::replace_range(MonitorId after, MonitorId last,
                              std::vector<store::LiveMonitor> rows) {
    std::size_t next = 0;
    std::vector<MonitorId> gone;
    for (auto at = rows_.upper_bound(after); at != rows_.end() && at->first <= last; ++at) {
        while (next < rows.size() && rows[next].id < at->first) ++next;
        if (next == rows.size() || rows[next].id != at->first) gone.push_back(at->first);
    }
    for (const auto id : gone) remove(id);
    for (auto& row : rows) put(std::move(row));
}

bool LiveIndex::drop(std::size_t count) {
    for (; count > 0 && !rows_.empty(); --count) remove(rows_.begin()->first);
    return !rows_.empty();
}

const LiveRow* LiveIndex::find(MonitorId id) const {
    const auto at = rows_.find(id);
    return at == rows_.end() ? nullptr : &at->second;
}

std::size_t LiveIndex::count(LiveStatus status) const {
    return order_[static_cast<std::size_t>(status)].size();
}

LiveNodeCounts LiveIndex::node(const std::string& id) const {
    const auto at = nodes_.find(id);
    return at == nodes_.end() ? LiveNodeCounts{} : at->second;
}

std::vector<const LiveRow*> LiveIndex::page(std::optional<LiveStatus> status, std::size_t offset,
                                            std::size_t limit) const {
    std::vector<const LiveRow*> out;
    for (std::size_t i = 0; i < kLiveStatuses && out.size() < limit; ++i) {
        if (status && static_cast<std::size_t>(*status) != i) continue;
        const auto& order = order_[i];
        if (offset >= order.size()) {
            offset -= order.size();
            continue;
        }
        order.slice(offset, limit - out.size(), out);
        offset = 0;
    }
    return out;
}

void LiveIndex::walk(const LiveFilter& filter, LiveWalk& at, std::size_t steps,
                     std::vector<MonitorId>& found) const {
    std::vector<const LiveRow*> rows;
    while (at.status < kLiveStatuses && steps > 0) {
        rows.clear();
        if (!filter.status || static_cast<std::size_t>(*filter.status) == at.status) {
            order_[at.status].after(at.key, at.id, steps, rows);
        }
        for (const auto* row : rows) {
            if (filter.matches(*row)) found.push_back(row->monitor.id);
        }
        if (rows.size() < steps) {
            at = {at.status + 1, "", {}, false};
            steps -= rows.size();
            continue;
        }
        at.key = rows.back()->key;
        at.id = rows.back()->monitor.id;
        return;
    }
    at.done = at.status >= kLiveStatuses;
}

}  // namespace higuma::api
