// `dns`: asks the given servers for the records of one type and judges them by the conditions.
#include <ares.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <sstream>

#include "checks/check_types.hpp"
#include "checks/conditions.hpp"
#include "checks/service_check.hpp"
#include "net/ares_channel.hpp"
#include "net/dns_records.hpp"
#include "net/resolver.hpp"
#include "net/wake_up.hpp"

namespace higuma::checks {

using policy::CheckOutcome;

namespace {

constexpr int kDnsPort = 53;
constexpr std::size_t kMostServers = 16;

std::vector<std::string> listed_servers(std::string_view text) {
    std::vector<std::string> servers;
    std::string server;
    for (const char c : std::string(text) + ",") {
        if (static_cast<unsigned char>(c) <= ' ') continue;
        if (c != ',') server += c;
        if (c == ',' && !server.empty()) servers.push_back(std::exchange(server, {}));
    }
    if (servers.size() > kMostServers) servers.resize(kMostServers);
    return servers;
}

// What c-ares takes: "[::1]:53,127.0.0.1:53". Servers that are names are resolved by the node.
Task<Result<std::string>> addresses_of(ServiceCall& call) {
    const auto servers = listed_servers(call.monitor.options.text(Option::dns_resolve_server));
    if (servers.empty()) {
        co_return Failure{ErrorKind::invalid_input,
                          "No Resolver Servers specified. Please specify at least one resolver "
                          "server like 1.1.1.1 or a hostname",
                          ""};
    }
    const int port = call.monitor.port.value_or(kDnsPort);
    std::string list;
    // In equal shares with the question itself: a name that hangs leaves time for the rest.
    auto left = static_cast<std::int64_t>(servers.size());
    for (const auto& server : servers) {
        const Instant now = call.context.clock.now();
        const Deadline share{now + call.deadline.remaining(now) / (left-- + 1)};
        const auto answer = co_await call.context.resolver.resolve(server, "", share);
        if (!answer) continue;
        for (const auto& address : answer->addresses) {
            const auto text = address.to_string();
            if (!list.empty()) list += ',';
            list += address.is_v6() ? fmt::format("[{}]:{}", text, port)
                                    : fmt::format("{}:{}", text, port);
        }
    }
    if (list.empty()) {
        co_return Failure{ErrorKind::not_found,
                          "None of the configured resolver servers could be resolved to an IP "
                          "address",
                          ""};
    }
    co_return list;
}

struct Question {
    net::DnsType type{};
    std::string name;   // as it is asked
    std::string shown;  // as people wrote it
};

Result<Question> question_of(const Monitor& monitor) {
    const auto type = net::dns_type_from(monitor.options.text(Option::dns_resolve_type));
    if (!type) return invalid("dns_resolve_type", "Unknown record type");
    Question question{*type, monitor.hostname, monitor.hostname};
    if (question.type == net::DnsType::ptr) {
        const auto name = net::reverse_name(monitor.hostname);
        if (!name) {
            return invalid("hostname",
                           fmt::format("{} EINVAL {}", "getHostByAddr", monitor.hostname));
        }
        question.name = *name;
    }
    return question;
}

// One answer, however many servers were asked for it.
struct Pending {
    explicit Pending(boost::asio::any_io_executor executor) : wake(std::move(executor)) {}
    net::WakeUp wake;
    std::optional<net::AresChannel::RawAnswer> answer;
};

Task<net::AresChannel::RawAnswer> ask(ServiceCall& call, const std::string& servers,
                                      const Question& question) {
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto pending = std::make_shared<Pending>(executor);
    net::AresChannel channel(executor, servers);
    const auto take = [pending](net::AresChannel::RawAnswer answer) {
        pending->answer = std::move(answer);
        pending->wake.notify();
    };
    channel.query_raw(question.name, net::wire_number(question.type), take);
    const auto woken = co_await pending->wake.wait(call.context.clock, call.deadline);
    if (pending->answer) co_return *pending->answer;
    net::AresChannel::RawAnswer none;
    none.status = woken == net::Woken::by_cancel ? ARES_ECANCELLED : ARES_ETIMEOUT;
    co_return none;
}

Result<bool> is_met(const Monitor& monitor, const net::DnsRecords& records) {
    const auto conditions = Conditions::parse(monitor.options.text(Option::conditions));
    if (!conditions) return conditions.error();
    if (conditions->empty()) return true;
    for (const auto& record : records.values) {
        const auto met = conditions->met_by({{"record", record}});
        if (!met || *met) return met;
    }
    return false;
}

Task<CheckOutcome> run(ServiceCall& call) {
    const Instant start = call.context.clock.now();
    const auto question = question_of(call.monitor);
    if (!question) co_return CheckOutcome::down(question.error().message);
    const auto servers = co_await addresses_of(call);
    if (!servers) co_return CheckOutcome::down(servers.error().message);
    const auto answer = co_await ask(call, *servers, *question);
    const auto reading = answer.status == ARES_SUCCESS
                             ? net::read_dns_answer(question->type, answer.bytes)
                             : net::DnsReading{answer.status, {}};
    if (reading.status != ARES_SUCCESS) {
        co_return CheckOutcome::down(
            net::dns_failure_text(question->type, reading.status, question->shown));
    }
    // An answer that does not meet the conditions took its time as well.
    const auto took = std::chrono::round<Millis>(call.context.clock.now() - start);
    const auto met = is_met(call.monitor, reading.records);
    auto outcome = met && *met
                       ? CheckOutcome::up(reading.records.text, std::nullopt)
                       : CheckOutcome::down(met ? reading.records.text : met.error().message);
    outcome.ping = took;
    Findings findings;
    findings.dns_last_result = reading.records.text;
    outcome.findings = std::make_shared<const Findings>(std::move(findings));
    co_return outcome;
}

}  // namespace

Task<CheckOutcome> check_dns(const CheckContext& context, const Monitor& monitor,
                             Deadline deadline) {
    return run_service_check(run, context, monitor, deadline);
}

}  // namespace higuma::checks
