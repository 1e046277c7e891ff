// The server over real sockets: what it answers, what it refuses, and that it lives on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <fstream>
#include <future>
#include <thread>

#include "api/http/server.hpp"
#include "contract/api/raw_client.hpp"
#include "support/temp_folder.hpp"

namespace higuma::api {
namespace {

using test::Answer;
using test::RawClient;
using test::request_text;
using testing::HasSubstr;

Task<Response> echo(Request request) {
    boost::json::object query;
    for (const auto& [name, value] : request.query) query[name] = value;
    boost::json::array captures;
    for (const auto& capture : request.captures) captures.emplace_back(capture);
    co_return Response::json(boost::json::object{{"method", request.method},
                                                 {"path", request.path},
                                                 {"query", query},
                                                 {"captures", captures},
                                                 {"body", request.body},
                                                 {"remote", request.remote}});
}

Task<> pause_for(Millis span) {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    timer.expires_after(span);
    co_await timer.async_wait(boost::asio::use_awaitable);
}

// The server on a thread of its own.
class HttpServerTest : public testing::Test {
  protected:
    ~HttpServerTest() override { stop(); }

    std::string start(ServerLimits limits = {}, const std::string& where = "127.0.0.1:0") {
        std::vector<Endpoint> endpoints{
            {"GET", "/echo", echo},
            {"POST", "/echo", echo},
            {"GET", "/echo/{a}/{b}", echo},
            {"GET", "/throw",
             [](Request) -> Task<Response> {
                 throw std::runtime_error("secret detail");
                 co_return Response{};
             }},
            {"GET", "/slow",
             [this](Request) -> Task<Response> {
                 ++slow_begun;
                 while (!release) co_await pause_for(Millis{5});
                 co_return Response::text("late", "text/plain");
             }},
        };
        server = std::make_unique<HttpServer>(loop.get_executor(), std::make_shared<SystemClock>(),
                                              limits, std::move(endpoints));
        address = server->listen(where);
        thread = std::thread([this] { loop.run(); });
        return address;
    }

    void stop() {
        if (!thread.joinable()) return;
        release = true;
        drain();
        work.reset();
        thread.join();
        server.reset();
    }

    void drain() {
        auto done = std::make_shared<std::promise<void>>();
        const auto deadline = Deadline::after(SystemClock{}, std::chrono::seconds(30));
        boost::asio::co_spawn(loop, server->drain(deadline),
                              [done](std::exception_ptr) { done->set_value(); });
        done->get_future().wait();
    }

    ServerStats stats() {
        auto answer = std::make_shared<std::promise<ServerStats>>();
        boost::asio::post(loop, [this, answer] { answer->set_value(server->stats()); });
        return answer->get_future().get();
    }

    boost::asio::io_context loop;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        loop.get_executor()};
    std::unique_ptr<HttpServer> server;
    std::string address;
    std::thread thread;
    std::atomic<bool> release{false};
    std::atomic<int> slow_begun{0};
};

boost::json::object json_of(const Answer& answer) {
    return boost::json::parse(answer.body).as_object();
}

TEST_F(HttpServerTest, PassesTheRequestDecoded) {
    RawClient client(start());
    const auto answer = client.ask(request_text("GET", "/echo/a%20b/c?x=1&y=%C3%BC"));
    EXPECT_EQ(answer.status, 200);
    const auto seen = json_of(answer);
    EXPECT_EQ(seen.at("captures"), (boost::json::array{"a b", "c"}));
    EXPECT_EQ(seen.at("query"), (boost::json::object{{"x", "1"}, {"y", "ü"}}));
    EXPECT_EQ(seen.at("remote"), "127.0.0.1");
}

TEST_F(HttpServerTest, KeepsTheConnectionAndAnswersInOrder) {
    RawClient client(start());
    std::string pipelined;
    for (int i = 0; i < 50; ++i) pipelined += request_text("POST", "/echo", {}, std::to_string(i));
    client.send(pipelined);
    for (int i = 0; i < 50; ++i)
        EXPECT_EQ(json_of(client.read_answer()).at("body").as_string(), std::to_string(i));
    EXPECT_EQ(stats().connections, 1u);
    EXPECT_EQ(stats().requests, 50u);
}

TEST_F(HttpServerTest, ClosesWhenAskedTo) {
    start();
    RawClient one(address);
    EXPECT_EQ(one.ask(request_text("GET", "/echo", {"Connection: close"})).header("Connection"),
              "close");
    EXPECT_TRUE(one.closed());
    RawClient old(address);
    EXPECT_EQ(old.ask("GET /echo HTTP/1.0\r\n\r\n").status, 200);
    EXPECT_TRUE(old.closed());
}

TEST_F(HttpServerTest, ReadsChunkedBodiesAndContinues) {
    RawClient client(start());
    const auto chunked = client.ask(
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
        "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    EXPECT_EQ(json_of(chunked).at("body"), "abcde");
    client.send(
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.read_answer(true).status, 100);
    EXPECT_EQ(json_of(client.ask("ok")).at("body"), "ok");
    EXPECT_EQ(client.ask(request_text("POST", "/echo", {"Expect: miracles"}, "x")).status, 417);
}

TEST_F(HttpServerTest, HeadHasTheHeadersOfGetAndNoBody) {
    RawClient client(start());
    client.send(request_text("HEAD", "/echo"));
    const auto answer = client.read_answer(true);
    EXPECT_EQ(answer.status, 200);
    EXPECT_NE(answer.header("Content-Length"), "0");
    EXPECT_EQ(client.ask(request_text("GET", "/echo")).status, 200);
}

TEST_F(HttpServerTest, RefusalsAreJsonWithOneContentType) {
    start();
    struct Case {
        std::string request;
        int status;
    };
    for (const auto& [text, status] :
         {Case{request_text("GET", "/nothing"), 404}, Case{request_text("GET", "/echoXYZ"), 404},
          Case{request_text("DELETE", "/echo"), 405}, Case{request_text("BREW", "/echo"), 405},
          Case{request_text("GET", "/echo?a=%zz"), 400}, Case{request_text("GET", "/%00"), 400},
          Case{request_text("GET", "/%ff"), 400}, Case{request_text("GET", "/throw"), 500}}) {
        RawClient client(address);
        const auto answer = client.ask(text);
        EXPECT_EQ(answer.status, status) << text;
        EXPECT_EQ(json_of(answer).at("ok"), false);
        EXPECT_EQ(answer.all("Content-Type"),
                  std::vector<std::string>{"application/json; charset=utf-8"});
        EXPECT_EQ(answer.header("Cache-Control"), "no-store");
        EXPECT_EQ(client.ask(request_text("GET", "/echo")).status, 200) << "after " << text;
    }
    EXPECT_EQ(stats().server_errors, 1u);
    EXPECT_EQ(stats().client_errors, 7u);
}

TEST_F(HttpServerTest, AHandlerThatThrowsTellsNothing) {
    RawClient client(start());
    EXPECT_THAT(client.ask(request_text("GET", "/throw")).body, Not(HasSubstr("secret")));
}

TEST_F(HttpServerTest, SaysWhichMethodsAreAllowed) {
    RawClient client(start());
    EXPECT_EQ(client.ask(request_text("PUT", "/echo")).header("Allow"), "GET, HEAD, POST");
}

TEST_F(HttpServerTest, WhatIsNotHttpIsRefusedAndClosed) {
    start();
    for (const std::string& text :
         {std::string("hello\r\n\r\n"), std::string("GET /\r\n\r\n"),
          std::string("GET / HTTP/9.9\r\n\r\n"),
          std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15),
          std::string("GET /a\0b HTTP/1.1\r\n\r\n", 22),
          std::string("GET / HTTP/1.1\r\nA b: c\r\n\r\n"),
          std::string("POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
          std::string("POST /echo HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
          std::string("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
          std::string("POST /echo HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: "
                      "chunked\r\n\r\n0\r\n\r\n")}) {
        RawClient client(address);
        const auto answer = client.ask(text);
        EXPECT_EQ(answer.status, 400) << text;
        EXPECT_EQ(answer.header("Connection"), "close");
        EXPECT_TRUE(client.closed());
    }
    EXPECT_EQ(RawClient(address).ask(request_text("GET", "/echo")).status, 200);
}

TEST_F(HttpServerTest, LargeHeadsAndBodiesAreRefused) {
    start({.header_bytes = 4096, .body_bytes = 10'000});
    RawClient head(address);
    EXPECT_EQ(head.ask(request_text("GET", "/echo", {"X: " + std::string(5000, 'a')})).status, 431);
    RawClient endless(address);
    endless.send("GET /" + std::string(100'000, 'a'));
    EXPECT_EQ(endless.read_answer().status, 431);

    RawClient declared(address);
    const auto answer = declared.ask(request_text("POST", "/echo", {}, std::string(10'001, 'x')));
    EXPECT_EQ(answer.status, 413);
    EXPECT_THAT(answer.body, HasSubstr("10000"));
    RawClient fits(address);
    EXPECT_EQ(fits.ask(request_text("POST", "/echo", {}, std::string(10'000, 'x'))).status, 200);
    RawClient chunked(address);
    std::string text = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 4; ++i) text += "1000\r\n" + std::string(4096, 'x') + "\r\n";
    EXPECT_EQ(chunked.ask(text).status, 413);
    // The answer arrives although much more was sent than is read.
    RawClient huge(address);
    huge.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n" +
              std::string(8'000'000, 'x'));
    EXPECT_EQ(huge.read_answer().status, 413);
}

TEST_F(HttpServerTest, ARequestThatDoesNotArriveIsAnswered408) {
    start({.request = Millis{200}});
    RawClient head(address);
    head.send("GET /echo HTTP/1.1\r\nHo");
    EXPECT_EQ(head.read_answer().status, 408);
    RawClient body(address);
    body.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    EXPECT_EQ(body.read_answer().status, 408);
}

TEST_F(HttpServerTest, AnIdleConnectionEndsQuietly) {
    start({.idle = Millis{100}});
    RawClient fresh(address);
    EXPECT_TRUE(fresh.closed());
    RawClient used(address);
    EXPECT_EQ(used.ask(request_text("GET", "/echo")).status, 200);
    EXPECT_TRUE(used.closed());
}

TEST_F(HttpServerTest, AHandlerThatOverrunsIsAnsweredFor) {
    start({.request = Millis{200}});
    RawClient client(address);
    const auto answer = client.ask(request_text("GET", "/slow"));
    EXPECT_EQ(answer.status, 503);
    EXPECT_FALSE(answer.header("Retry-After").empty());
    release = true;
    EXPECT_EQ(client.ask(request_text("GET", "/echo")).status, 200);
}

TEST_F(HttpServerTest, OneConnectionTooManyIsToldSo) {
    start({.connections = 2});
    RawClient one(address), two(address);
    EXPECT_EQ(one.ask(request_text("GET", "/echo")).status, 200);
    EXPECT_EQ(two.ask(request_text("GET", "/echo")).status, 200);
    {
        RawClient three(address);
        const auto answer = three.read_answer();
        EXPECT_EQ(answer.status, 503);
        EXPECT_FALSE(answer.header("Retry-After").empty());
        EXPECT_TRUE(three.closed());
    }
    EXPECT_EQ(one.ask(request_text("GET", "/echo")).status, 200);
    EXPECT_EQ(stats().refused, 1u);
}

TEST_F(HttpServerTest, OnlyAUnixPeerMayNameTheClient) {
    test::TempFolder folder;
    start({}, "unix:" + (folder.path() / "s.sock").string());
    const auto remote = [](RawClient& client, std::vector<std::string> headers) {
        return std::string(
            json_of(client.ask(request_text("GET", "/echo", headers))).at("remote").as_string());
    };
    RawClient local(address);
    EXPECT_EQ(remote(local, {}), "unix");
    EXPECT_EQ(remote(local, {"X-Real-IP: 192.0.2.7"}), "192.0.2.7");
    EXPECT_EQ(remote(local, {"X-Forwarded-For: 10.0.0.1, 192.0.2.8"}), "192.0.2.8");
    EXPECT_EQ(remote(local, {"X-Real-IP: evil"}), "unix");
    auto tcp = std::make_shared<std::promise<std::string>>();
    boost::asio::post(loop, [this, tcp] { tcp->set_value(server->listen("127.0.0.1:0")); });
    RawClient other(tcp->get_future().get());
    EXPECT_EQ(remote(other, {"X-Real-IP: 192.0.2.7"}), "127.0.0.1");
}

TEST_F(HttpServerTest, AStaleUnixSocketIsReplacedAndAnotherFileIsNot) {
    test::TempFolder folder;
    const auto path = (folder.path() / "s.sock").string();
    {
        const int left_over = ::socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        std::strncpy(name.sun_path, path.c_str(), sizeof(name.sun_path) - 1);
        ASSERT_EQ(::bind(left_over, reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
        ::close(left_over);
    }
    start({}, "unix:" + path);
    EXPECT_EQ(RawClient(address).ask(request_text("GET", "/echo")).status, 200);
    HttpServer second(loop.get_executor(), std::make_shared<SystemClock>(), {}, {});
    EXPECT_THROW(second.listen("unix:" + path), StartupError);
    EXPECT_THROW(second.listen("unix:" + folder.path().string()), StartupError);
    stop();
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(HttpServerTest, WhereItCannotListenItSaysSo) {
    start();
    HttpServer other(loop.get_executor(), std::make_shared<SystemClock>(), {}, {});
    for (const auto& where : {address, std::string("nonsense"), std::string("127.0.0.1"),
                              std::string("127.0.0.1:x"), std::string("127.0.0.1:70000"),
                              std::string("192.0.2.1:1"), std::string("unix:"), std::string(":")}) {
        EXPECT_THROW(other.listen(where), StartupError) << where;
    }
}

TEST_F(HttpServerTest, DrainEndsIdleConnectionsAndFinishesTheOthers) {
    start();
    RawClient idle(address), busy(address);
    EXPECT_EQ(idle.ask(request_text("GET", "/echo")).status, 200);
    busy.send(request_text("GET", "/slow"));
    while (slow_begun == 0) std::this_thread::yield();
    auto drained = std::async(std::launch::async, [this] { drain(); });
    EXPECT_TRUE(idle.closed());
    EXPECT_THROW(RawClient{address}, std::runtime_error);
    release = true;
    const auto answer = busy.read_answer();
    EXPECT_EQ(answer.body, "late");
    EXPECT_EQ(answer.header("Connection"), "close");
    drained.wait();
    EXPECT_EQ(stats().connections, 0u);
}

TEST_F(HttpServerTest, WithoutFileDescriptorsItWaitsAndComesBack) {
    start();
    RawClient before(address);
    EXPECT_EQ(before.ask(request_text("GET", "/echo")).status, 200);
    // Also: the sanitizer checks a type the first time with a pipe, for which nothing is left
    // later.
    ASSERT_EQ(stats().accept_errors, 0u);
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    std::vector<int> taken;
    const rlimit tight{std::min<rlim_t>(limit.rlim_cur, 256), limit.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &tight);
    const int client = ::socket(AF_INET, SOCK_STREAM, 0);
    for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) taken.push_back(fd);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    ::inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    EXPECT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
    while (stats().accept_errors == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_EQ(before.ask(request_text("GET", "/echo")).status, 200) << "open connections go on";
    for (const int fd : taken) ::close(fd);
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::close(client);
    EXPECT_EQ(RawClient(address).ask(request_text("GET", "/echo")).status, 200);
    EXPECT_LT(stats().accept_errors, 100u) << "it does not spin";
}

TEST_F(HttpServerTest, ClientsThatLeaveDoNoHarm) {
    start();
    for (int i = 0; i < 50; ++i) {
        RawClient gone(address);
        gone.send(i % 2 ? request_text("GET", "/echo")
                        : std::string("POST /echo HTTP/1.1\r\nContent-Le"));
    }
    RawClient half(address);
    half.send(request_text("GET", "/echo"));
    half.close_writing();
    EXPECT_EQ(half.read_answer().status, 200);
    EXPECT_EQ(RawClient(address).ask(request_text("GET", "/echo")).status, 200);
}

}  // namespace
}  // namespace higuma::api
