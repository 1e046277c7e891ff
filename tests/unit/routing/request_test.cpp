#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <string>

#include "routing/request_target.hpp"
#include "routing/socket_address.hpp"
#include "routing/socketio_request.hpp"

namespace higuma::routing {
namespace {

using Kind = RequestTarget::Kind;

TEST(RequestTarget, IsReadFromThePath) {
    struct Row {
        std::string_view path;
        RequestTarget target;
    };
    const Row rows[] = {
        {"/api/v1/monitors/17", {Kind::monitor, 17, {}}},
        {"/api/v1/monitors/17/heartbeats", {Kind::monitor, 17, {}}},
        {"/api/v1/monitors/18446744073709551615", {Kind::monitor, ~std::uint64_t{0}, {}}},
        {"/api/badge/3/status", {Kind::monitor, 3, {}}},
        {"/api/push/aBc123", {Kind::push, 0, "aBc123"}},
        {"/api/push/aBc123/", {Kind::push, 0, "aBc123"}},
        {"/api/v1/monitors", {}},
        {"/api/v1/monitors/", {}},
        {"/api/v1/monitors/18446744073709551616", {}},
        {"/api/v1/monitors/-1", {}},
        {"/api/v1/monitors/1x", {}},
        {"/api/v1/monitors/+1", {}},
        {"/api/v1/monitors/;DROP TABLE monitor", {}},
        {"/api/badge//status", {}},
        {"/api/push/", {}},
        {"/api/pushed/x", {}},
        {"/x/api/push/x", {}},
        {"", {}},
    };
    for (const Row& row : rows) EXPECT_EQ(parse_target(row.path), row.target) << row.path;
}

TEST(SocketioRequest, TheSessionIdNamesItsNode) {
    struct Row {
        std::string_view path, query;
        SocketioRequest request;
    };
    const Row rows[] = {
        {"/socket.io/", "", {true, false, ""}},
        {"/socket.io/", "EIO=4&transport=polling&t=abc", {true, false, ""}},
        {"/socket.io/", "EIO=4&sid=aB_-9.node1", {true, true, "node1"}},
        {"/socket.io/", "sid=aB9.node1.example&t=1", {true, true, "node1.example"}},
        {"/socket.io/", "sid=aB9.node1&sid=aB9.node2", {true, true, "node1"}},
        {"/socket.io/", "sid=stockIdWithoutNode", {true, true, ""}},
        {"/socket.io/", "xsid=a.node1&sidx=a.node1", {true, false, ""}},
        {"/socket.io/", "sid=", {true, false, ""}},
        {"/socket.io/", "sid", {true, false, ""}},
        {"/socket.io/", "sid=.node1", {true, true, ""}},
        {"/socket.io/", "sid=a.", {true, true, ""}},
        {"/socket.io/", "sid=a.no%64e1", {true, true, ""}},
        {"/socket.io/", "sid=a.node1'--", {true, true, ""}},
        {"/socket.io/x", "sid=a.node1", {true, true, "node1"}},
        {"/socket.io", "sid=a.node1", {}},
        {"/other/", "sid=a.node1", {}},
    };
    for (const Row& row : rows)
        EXPECT_EQ(parse_socketio(row.path, row.query), row.request) << row.query;
}

TEST(SocketAddress, TakesAddressesOnly) {
    const auto v4 = parse_socket_address("127.0.0.1:3001");
    ASSERT_TRUE(v4);
    EXPECT_EQ(v4->storage.ss_family, AF_INET);
    EXPECT_EQ(v4->length, sizeof(sockaddr_in));
    EXPECT_EQ(ntohs(reinterpret_cast<const sockaddr_in&>(v4->storage).sin_port), 3001);
    const auto v6 = parse_socket_address("[::1]:80");
    ASSERT_TRUE(v6);
    EXPECT_EQ(v6->storage.ss_family, AF_INET6);
    const auto local = parse_socket_address("unix:/tmp/x.sock");
    ASSERT_TRUE(local);
    EXPECT_STREQ(reinterpret_cast<const sockaddr_un&>(local->storage).sun_path, "/tmp/x.sock");
    for (const std::string& bad :
         {std::string(), std::string("127.0.0.1"), std::string("127.0.0.1:"),
          std::string("127.0.0.1:0"), std::string("127.0.0.1:70000"), std::string("name:80"),
          std::string(":80"), std::string("[::1:80"), std::string("::1:80"), std::string("unix:"),
          std::string("unix:x"), "unix:/" + std::string(200, 'a'), std::string("127.0.0.1:80x")}) {
        EXPECT_FALSE(parse_socket_address(bad)) << bad;
    }
}

}  // namespace
}  // namespace higuma::routing
