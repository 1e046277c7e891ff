#include "api/http/session.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/json/object.hpp>
#include <exception>

#include "api/http/target.hpp"
#include "base/log.hpp"

namespace higuma::api {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Parser = http::request_parser<http::string_body>;

constexpr std::size_t kReadChunk = 64 * 1024;
constexpr std::size_t kLingerBytes = 16 * 1024 * 1024;
constexpr Millis kLingerTime{2'000};
constexpr Millis kHandlerGrace{250};  // lets a handler give its own answer at its deadline
constexpr Millis kWriteGrace{
    5'000};  // an answer to a request that took its whole time is still sent

Response refusal(int status, const std::string& message) {
    return Response::json(boost::json::object{{"ok", false}, {"msg", message}}, status);
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return lower;
}

// The client that a trusted peer speaks for; the last address of X-Forwarded-For is the one that
// the peer itself saw.
std::string client_of(const Request& request, const std::string& peer) {
    auto named = request.header("x-real-ip");
    if (!named) {
        named = request.header("x-forwarded-for");
        if (named) named = named->substr(named->find_last_of(", ") + 1);
    }
    error_code error;
    if (!named) return peer;
    const auto address = asio::ip::make_address(*named, error);
    return error ? peer : address.to_string();
}

class Session final : public OpenConnection, public std::enable_shared_from_this<Session> {
  public:
    Session(std::shared_ptr<ServerState> server, AnySocket socket, std::string peer, bool trusted)
        : server_(std::move(server)),
          socket_(std::move(socket)),
          watchdog_(socket_.get_executor()),
          buffer_(server_->limits.header_bytes + 2 * kReadChunk),
          peer_(std::move(peer)),
          trusted_(trusted) {
        server_->open.insert(this);
        server_->stats.connections = server_->open.size();
    }
    ~Session() override {
        server_->open.erase(this);
        server_->stats.connections = server_->open.size();
    }

    Task<> run();
    void close_if_idle() override {
        if (idle_) socket_.cancel(ignored_);
        if (takeover_) takeover_->close();
    }
    void close() override {
        closing_ = true;
        if (takeover_) takeover_->close();
        socket_.cancel(ignored_);
        disarm();
    }

  private:
    Task<bool> wait_for_first_byte();
    Task<bool> serve_one();
    Task<bool> read_request(Parser& parser);
    Task<bool> refuse_unreadable(error_code error);
    Task<Response> answer(Request request, bool& head_only);
    Task<Response> run_handler(Handler handler, Request request);
    Task<bool> write(Response response, bool head_only, bool keep_alive);
    Task<bool> hand_over(Response response);
    Task<> linger();
    Request to_request(Parser& parser, Deadline deadline) const;
    void disarm();
    void arm(Duration span);

    std::shared_ptr<ServerState> server_;
    AnySocket socket_;
    asio::steady_timer watchdog_;
    boost::beast::flat_buffer buffer_;
    std::string peer_;
    bool trusted_;
    bool idle_ = false;
    bool closing_ = false;
    bool timed_out_ = false;
    int minor_version_ = 1;
    std::uint64_t arming_ = 0;  // counts the watchdog's spans
    Instant request_until_{};
    std::shared_ptr<Takeover> takeover_;  // speaks on the connection now
    error_code ignored_;
};

// Ends whatever the socket waits for when `span` is over; replaces the span set before.
void Session::arm(Duration span) {
    watchdog_.expires_after(span);
    watchdog_.async_wait([weak = weak_from_this(), mine = ++arming_](error_code error) {
        const auto self = weak.lock();
        // One that was replaced may already be on its way when it is cancelled.
        if (error || !self || self->arming_ != mine) return;
        self->timed_out_ = true;
        self->socket_.cancel(self->ignored_);
    });
}

void Session::disarm() {
    ++arming_;
    watchdog_.cancel();
}

Task<> Session::run() {
    bool more = true;
    while (more && !closing_) {
        more = co_await wait_for_first_byte() && co_await serve_one();
    }
    disarm();
    socket_.close(ignored_);
}

Task<bool> Session::wait_for_first_byte() {
    if (buffer_.size() > 0) co_return true;  // a pipelined request
    if (server_->draining) co_return false;
    idle_ = true;
    arm(server_->limits.idle);
    error_code error;
    const auto read = co_await socket_.async_read_some(
        buffer_.prepare(4096), asio::redirect_error(asio::use_awaitable, error));
    idle_ = false;
    buffer_.commit(read);
    co_return !error;
}

Task<bool> Session::serve_one() {
    const auto deadline = Deadline::after(*server_->clock, server_->limits.request);
    request_until_ = deadline.at;
    timed_out_ = false;
    arm(server_->limits.request);
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(server_->limits.header_bytes));
    parser.body_limit(server_->limits.body_bytes);
    if (!co_await read_request(parser)) co_return false;

    ++server_->stats.requests;
    minor_version_ = parser.get().version() == 10 ? 0 : 1;
    const bool wants_more = parser.get().keep_alive();
    bool head_only = false;
    auto response = co_await answer(to_request(parser, deadline), head_only);
    if (response.takeover) co_return co_await hand_over(std::move(response));
    const bool keep_alive = wants_more && !response.close && !server_->draining && !closing_;
    co_return co_await write(std::move(response), head_only, keep_alive);
}

// False: there is no request to answer (any more).
Task<bool> Session::read_request(Parser& parser) {
    error_code error;
    co_await http::async_read_header(socket_, buffer_, parser,
                                     asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return co_await refuse_unreadable(error);
    const auto expect = parser.get()[http::field::expect];
    if (!expect.empty()) {
        if (!boost::beast::iequals(expect, "100-continue")) {
            co_await write(refusal(417, "Only \"Expect: 100-continue\" is understood."), false,
                           false);
            co_await linger();
            co_return false;
        }
        static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
        co_await asio::async_write(socket_, asio::buffer(kContinue),
                                   asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return false;
    }
    co_await http::async_read(socket_, buffer_, parser,
                              asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return co_await refuse_unreadable(error);
    co_return true;
}

Task<bool> Session::refuse_unreadable(error_code error) {
    const auto& limits = server_->limits;
    Response response;
    if (timed_out_) {
        response = refusal(408, fmt::format("The request did not arrive within {} s.",
                                            limits.request.count() / 1000.0));
    } else if (error == http::error::header_limit || error == http::error::buffer_overflow) {
        response = refusal(
            431, fmt::format("The request's head is larger than {} bytes.", limits.header_bytes));
    } else if (error == http::error::body_limit) {
        response = refusal(
            413, fmt::format("The request's body is larger than {} bytes.", limits.body_bytes));
        response.headers.emplace_back("X-Body-Limit", std::to_string(limits.body_bytes));
    } else if (error == http::error::end_of_stream || error == http::error::partial_message ||
               error.category() != http::make_error_code(http::error::bad_method).category()) {
        co_return false;  // the client has gone
    } else {
        response = refusal(400, "This is not a valid HTTP request: " + error.message() + ".");
    }
    ++server_->stats.requests;
    co_await write(std::move(response), false, false);
    co_await linger();
    co_return false;
}

Request Session::to_request(Parser& parser, Deadline deadline) const {
    auto& message = parser.get();
    Request request;
    const auto method = message.method_string();
    request.method = std::string(method.data(), method.size());
    request.path = std::string(message.target().data(), message.target().size());
    for (const auto& field : message) {
        const auto name = field.name_string();
        const auto value = field.value();
        request.headers.emplace_back(lower_case({name.data(), name.size()}),
                                     std::string(value.data(), value.size()));
    }
    request.body = std::move(message.body());
    request.remote = trusted_ ? client_of(request, peer_) : peer_;
    request.deadline = deadline;
    return request;
}

Task<Response> Session::answer(Request request, bool& head_only) {
    head_only = request.method == "HEAD";
    auto target = parse_target(request.path);
    if (!target) co_return failure_response(target.error());
    auto match = server_->router.find(request.method, target->segments);
    request.path = target->path();
    request.query = std::move(target->query);
    if (!match.known_path()) {
        co_return refusal(404, "There is nothing at this address.");
    }
    if (!match.handler) {
        auto response = refusal(405, "This address does not answer " + request.method + ".");
        response.headers.emplace_back("Allow", match.allowed);
        co_return response;
    }
    request.captures = std::move(match.captures);
    co_return co_await run_handler(*match.handler, std::move(request));
}

// The handler runs beside this, so that one that overruns its deadline does not hold the client;
// its late answer is dropped.
Task<Response> Session::run_handler(Handler handler, Request request) {
    struct Running {
        explicit Running(const asio::any_io_executor& executor) : done(executor) {}
        asio::steady_timer done;
        std::optional<Response> response;
    };
    auto running = std::make_shared<Running>(socket_.get_executor());
    const std::string what = request.method + " " + request.path;
    const Deadline deadline = request.deadline;
    ++server_->handlers_running;
    const auto finish = [running, server = server_, what](std::exception_ptr thrown,
                                                          Response result) {
        --server->handlers_running;
        try {
            if (thrown) std::rethrow_exception(thrown);
        } catch (const std::exception& error) {
            spdlog::error("{}: the handler threw: {}", what, error.what());
            result = refusal(500, "Internal error.");
        } catch (...) {
            spdlog::error("{}: the handler threw", what);
            result = refusal(500, "Internal error.");
        }
        running->response = std::move(result);
        running->done.cancel();
    };
    running->done.expires_after(deadline.remaining(server_->clock->now()) + kHandlerGrace);
    auto work = [](Handler run, Request input) -> Task<Response> {
        co_return co_await run(std::move(input));
    };
    asio::co_spawn(socket_.get_executor(), work(std::move(handler), std::move(request)), finish);
    if (!running->response) {
        error_code error;
        co_await running->done.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
    if (running->response) co_return std::move(*running->response);
    spdlog::warn("{}: no answer within its time", what);
    co_return failure_response({ErrorKind::timeout, "The answer took too long; try again.", ""});
}

Task<bool> Session::write(Response response, bool head_only, bool keep_alive) {
    if (response.status >= 500) ++server_->stats.server_errors;
    if (response.status >= 400 && response.status < 500) ++server_->stats.client_errors;
    const auto now = server_->clock->now();
    arm((request_until_ > now ? request_until_ - now : Duration::zero()) + kWriteGrace);
    const auto head =
        response_head(response, minor_version_, keep_alive, server_->clock->wall_now());
    if (head_only || response.status == 204 || response.status == 304) response.body.clear();
    const std::array<asio::const_buffer, 2> parts{asio::buffer(head), asio::buffer(response.body)};
    error_code error;
    co_await asio::async_write(socket_, parts, asio::redirect_error(asio::use_awaitable, error));
    co_return !error && keep_alive;
}

// False, for the connection ends with the other protocol.
Task<bool> Session::hand_over(Response response) {
    if (closing_ || server_->draining) co_return false;
    if (buffer_.size() > 0) {
        // A client waits for the answer before it speaks the other protocol.
        co_return co_await write(refusal(400, "Data came before the protocol was changed."), false,
                                 false);
    }
    disarm();
    takeover_ = std::move(response.takeover);
    co_await takeover_->run(std::move(socket_));
    takeover_.reset();
    co_return false;
}

// Reads on for a moment after an answer to a request that was not read to its end: closing at once
// would make the kernel reset the connection before the client sees the answer.
Task<> Session::linger() {
    error_code error;
    socket_.shutdown(AnySocket::shutdown_send, error);
    arm(kLingerTime);
    std::vector<char> scrap(kReadChunk);
    std::size_t total = 0;
    while (!error && total < kLingerBytes && !closing_) {
        total += co_await socket_.async_read_some(asio::buffer(scrap),
                                                  asio::redirect_error(asio::use_awaitable, error));
    }
}

}  // namespace

Task<> serve_connection(std::shared_ptr<ServerState> server, AnySocket socket, std::string peer,
                        bool trusted) {
    try {
        const auto session = std::make_shared<Session>(std::move(server), std::move(socket),
                                                       std::move(peer), trusted);
        co_await session->run();
    } catch (const std::exception& error) {
        spdlog::error("a connection ended badly: {}", error.what());
    }
}

Task<> refuse_connection(std::shared_ptr<ServerState> server, AnySocket socket) {
    ++server->refusing;
    auto response = refusal(503, "Too many connections; try again.");
    response.headers.emplace_back("Retry-After", "2");
    const auto text = response_head(response, 1, false, server->clock->wall_now()) + response.body;
    error_code error;
    // Fits the kernel's buffer, so neither of these waits.
    co_await asio::async_write(socket, asio::buffer(text),
                               asio::redirect_error(asio::use_awaitable, error));
    socket.shutdown(AnySocket::shutdown_send, error);
    asio::steady_timer pause(socket.get_executor(), kHandlerGrace);
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    socket.close(error);
    --server->refusing;
}

}  // namespace higuma::api
