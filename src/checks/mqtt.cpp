// `mqtt`: subscribes to the topic and judges the first message that comes.
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "checks/check_types.hpp"
#include "checks/connection_string.hpp"
#include "checks/mqtt_client.hpp"
#include "checks/service_check.hpp"

namespace higuma::checks {

using policy::CheckOutcome;

namespace {

Failure failure(std::string message) { return {ErrorKind::unavailable, std::move(message), ""}; }

struct Broker {
    ConnectionString address;
    std::uint16_t port = 0;
    bool tls = false, websocket = false;
    std::string path;  // of a WebSocket
};

std::uint16_t usual_port(const Broker& broker) {
    if (broker.websocket) return broker.tls ? 443 : 80;
    return broker.tls ? 8883 : 1883;
}

// The hostname may begin with a scheme: "wss://broker.example". As in Uptime Kuma's library, http
// and https are plain MQTT.
Result<Broker> broker_of(const Monitor& monitor) {
    std::string url = monitor.hostname;
    if (url.find("://") == std::string::npos) {
        const bool v6 = std::count(url.begin(), url.end(), ':') > 1 && !url.starts_with('[');
        url = "mqtt://" + (v6 ? "[" + url + "]" : url);
    }
    auto address = parse_connection_string(url);
    if (!address || address->host.empty()) return failure("The hostname is not valid");
    Broker broker;
    broker.address = std::move(*address);
    const std::string& scheme = broker.address.scheme;
    broker.websocket = scheme == "ws" || scheme == "wss";
    broker.tls = scheme == "mqtts" || scheme == "wss";
    const bool plain = scheme == "mqtt" || scheme == "http" || scheme == "https";
    if (!broker.websocket && !broker.tls && !plain) return failure("Unknown protocol: " + scheme);
    if (monitor.port && (*monitor.port < 1 || *monitor.port > 65'535)) {
        return failure("The port must be 1 to 65535");
    }
    broker.port = monitor.port ? static_cast<std::uint16_t>(*monitor.port)
                               : broker.address.port.value_or(usual_port(broker));
    broker.path = monitor.options.text(Option::mqtt_websocket_path);
    if (!broker.path.starts_with('/')) broker.path = "/" + broker.path;
    const auto breaks = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
    if (std::any_of(broker.path.begin(), broker.path.end(), breaks)) {
        return failure("The WebSocket path holds blanks");
    }
    return broker;
}

std::string client_id() {
    static thread_local std::mt19937 source{std::random_device{}()};
    return fmt::format("higuma_{:08x}", source());
}

MqttLogin login_of(const Broker& broker, const ServiceCall& call) {
    const MonitorOptions& options = call.monitor.options;
    // Longer than the check can last, so that no keep-alive is due.
    constexpr std::int64_t kMargin = 60, kMost = 65'535;
    const auto left = std::chrono::ceil<Seconds>(call.deadline.remaining(call.context.clock.now()));
    MqttLogin login;
    login.client_id = client_id();
    login.keep_alive_seconds =
        static_cast<std::uint16_t>(std::min<std::int64_t>(left.count() + kMargin, kMost));
    std::string user(options.text(Option::mqtt_username));
    std::string password(options.text(Option::mqtt_password));
    if (!broker.address.user.empty()) {
        user = broker.address.user;
        password = broker.address.password;
    }
    if (!user.empty()) login.user = user;
    if (!user.empty() && !password.empty()) login.password = password;
    return login;
}

Task<Result<MqttMessage>> first_message(ServiceCall& call, net::TlsStream& stream,
                                        const Broker& broker) {
    auto done = co_await stream.connect(call.context.resolver, broker.address.host, broker.port,
                                        call.monitor.ip_family);
    if (done && broker.tls) {
        net::TlsOptions tls{.host = broker.address.host};
        done = co_await stream.start_tls(tls);
    }
    MqttClient client(stream);
    if (done && broker.websocket) {
        const auto host = fmt::format("{}:{}", broker.address.host, broker.port);
        done = co_await client.open_websocket(host, broker.path);
    }
    if (done) done = co_await client.sign_in(login_of(broker, call));
    if (!done) co_return done.error();
    co_return co_await client.receive(std::string(call.monitor.options.text(Option::mqtt_topic)));
}

std::string in_kuma_words(const Failure& failure, const net::TlsStream& stream) {
    if (failure.kind == ErrorKind::timeout) return "Timeout, Message not received";
    if (stream.ended()) return "The broker closed the connection";
    return failure.message;
}

CheckOutcome judge_keyword(const Monitor& monitor, const MqttMessage& message) {
    const auto wanted = monitor.options.text(Option::mqtt_success_message);
    if (message.payload.find(wanted) != std::string::npos) {
        return CheckOutcome::up(
            fmt::format("Topic: {}; Message: {}", message.topic, message.payload), std::nullopt);
    }
    return CheckOutcome::down(fmt::format("Message Mismatch - Topic: {}; Message: {}",
                                          monitor.options.text(Option::mqtt_topic),
                                          message.payload));
}

Task<CheckOutcome> wait_for_message(ServiceCall& call) {
    const Monitor& monitor = call.monitor;
    const auto broker = broker_of(monitor);
    if (!broker) co_return CheckOutcome::down(broker.error().message);
    if (monitor.options.text(Option::mqtt_topic).empty()) {
        co_return CheckOutcome::down("Cannot subscribe topic");
    }
    call.secrets = {std::string(monitor.options.text(Option::mqtt_password)),
                    broker->address.password};
    const auto stream = new_stream(call, co_await boost::asio::this_coro::executor);
    const auto message = co_await first_message(call, *stream, *broker);
    if (!message) co_return CheckOutcome::down(in_kuma_words(message.error(), *stream));
    co_return judge_keyword(monitor, *message);
}

}  // namespace

Task<CheckOutcome> check_mqtt(const CheckContext& context, const Monitor& monitor,
                              Deadline deadline) {
    return run_service_check(wait_for_message, context, monitor, deadline);
}

}  // namespace higuma::checks
