#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "api/http/session.hpp"

namespace higuma::api {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(FailureResponse, HasTheStatusOfItsKind) {
    struct Case {
        ErrorKind kind;
        int status;
    };
    for (const auto& [kind, status] :
         {Case{ErrorKind::invalid_input, 400}, Case{ErrorKind::unauthorized, 401},
          Case{ErrorKind::forbidden, 403}, Case{ErrorKind::not_found, 404},
          Case{ErrorKind::conflict, 409}, Case{ErrorKind::stale, 409},
          Case{ErrorKind::too_large, 413}, Case{ErrorKind::overloaded, 429},
          Case{ErrorKind::timeout, 503}, Case{ErrorKind::unavailable, 503},
          Case{ErrorKind::denied, 503}, Case{ErrorKind::internal, 500}}) {
        EXPECT_EQ(failure_response({kind, "why", ""}).status, status);
    }
}

TEST(FailureResponse, NamesTheFieldAndNothingElse) {
    const auto body =
        boost::json::parse(failure_response(invalid("url", "no host")).body).as_object();
    EXPECT_EQ(body.at("ok"), false);
    EXPECT_EQ(body.at("msg"), "no host");
    EXPECT_EQ(body.at("field"), "url");
    const auto plain = failure_response({ErrorKind::not_found, "gone", ""});
    EXPECT_FALSE(boost::json::parse(plain.body).as_object().contains("field"));
}

TEST(FailureResponse, KeepsInternalsToItself) {
    EXPECT_THAT(failure_response({ErrorKind::internal, "SELECT secret", ""}).body,
                Not(HasSubstr("SELECT")));
}

TEST(FailureResponse, SaysWhenToComeAgain) {
    for (const auto kind : {ErrorKind::unavailable, ErrorKind::overloaded}) {
        const auto head = response_head(failure_response({kind, "", ""}), 1, true, WallTime{});
        EXPECT_THAT(head, HasSubstr("\r\nRetry-After: "));
    }
}

int count(const std::string& text, const std::string& part) {
    int found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

// Fault 16 of the original: two Content-Type headers.
TEST(ResponseHead, HasOneContentTypeWhateverTheHandlerSays) {
    auto response = Response::text("hello", "text/plain");
    response.headers = {{"content-type", "text/html"},
                        {"CONTENT-LENGTH", "9999"},
                        {"Connection", "upgrade"},
                        {"X-Other", "kept"}};
    const auto head = response_head(response, 1, true, WallTime{});
    EXPECT_EQ(count(head, "ontent-"), 2);
    EXPECT_THAT(head, HasSubstr("Content-Type: text/plain\r\n"));
    EXPECT_THAT(head, HasSubstr("Content-Length: 5\r\n"));
    EXPECT_THAT(head, HasSubstr("X-Other: kept\r\n"));
    EXPECT_THAT(head, Not(HasSubstr("upgrade")));
}

TEST(ResponseHead, AValueCannotBeginAnotherHeader) {
    Response response;
    response.headers = {{"Location", "/x\r\nSet-Cookie: evil=1"}};
    EXPECT_THAT(response_head(response, 1, true, WallTime{}), Not(HasSubstr("\nSet-Cookie")));
}

TEST(ResponseHead, SaysWhetherTheConnectionStays) {
    const Response response;
    EXPECT_THAT(response_head(response, 1, true, WallTime{}), Not(HasSubstr("Connection:")));
    EXPECT_THAT(response_head(response, 1, false, WallTime{}), HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(response_head(response, 0, true, WallTime{}),
                HasSubstr("Connection: keep-alive\r\n"));
}

TEST(ResponseHead, JsonIsNotStored) {
    const auto head = response_head(Response::json({{"a", 1}}), 1, true, WallTime{});
    EXPECT_THAT(head, HasSubstr("Cache-Control: no-store\r\n"));
    EXPECT_THAT(head, HasSubstr("Content-Type: application/json; charset=utf-8\r\n"));
    EXPECT_THAT(head, HasSubstr("Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"));
}

TEST(ResponseHead, NoContentHasNoLength) {
    Response response;
    response.status = 204;
    EXPECT_THAT(response_head(response, 1, true, WallTime{}), Not(HasSubstr("Content-")));
}

}  // namespace
}  // namespace higuma::api
