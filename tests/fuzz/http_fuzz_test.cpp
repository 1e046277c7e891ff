#include <gtest/gtest.h>

#include "checks/http_request.hpp"
#include "checks/json_engine.hpp"
#include "checks/oauth_tokens.hpp"
#include "fuzz/driver.hpp"
#include "net/rdap.hpp"

namespace higuma::checks {
namespace {

using Complaint = std::optional<std::string>;

constexpr std::string_view kJson = "{}[]\":,\\u0123456789eE+-.truefalsn \n";

Complaint take_answer(std::string_view input) {
    const std::string text = text_of_answer(std::string(input));
    if (valid_utf8(text) != text) return "the text is not UTF-8";
    // Written once, JSON stays as it is; a JSON text may hold JSON that is not.
    const bool is_container = !text.empty() && (text[0] == '{' || text[0] == '[');
    if (is_container && text_of_answer(text) != text) return "written twice it is another text";
    if (kept_part(text, text.size()) != text) return "a text that fits was cut";
    const std::string part = kept_part(text, 3);
    if (valid_utf8(part) != part) return "a character was cut in two";
    if (excerpt_of(text).size() > 50) return "the excerpt is too long";
    return {};
}

Complaint take_token(std::string_view input) {
    net::HttpResponse response;
    response.status = 200;
    response.body = input;
    const auto token = token_of(response);
    if (!token) return {};
    if (token->text.empty()) return "an empty token";
    if ((token->text + token->type).find_first_of("\r\n") != std::string::npos) {
        return "a token that ends its header";
    }
    if (token->lifetime && *token->lifetime < Seconds{0}) return "a negative lifetime";
    return {};
}

Complaint take_rdap(std::string_view input) {
    (void)net::rdap_expiry(input);
    (void)net::rdap_time(input);
    const auto directory = net::RdapDirectory::parse(input);
    if (!directory) return {};
    const auto server = directory->server_of("example.com");
    if (server && !server->ends_with('/')) return "an address without a slash at its end";
    return {};
}

// The first line is the expression, the rest the answer of a server.
Complaint take_query(std::string_view input) {
    static const std::atomic<bool> stop{false};
    static const SystemClock clock;
    static auto engine = std::make_unique<JsonEngine>(stop, clock);
    if (!engine->sound()) engine = std::make_unique<JsonEngine>(stop, clock);
    const std::size_t end = std::min(input.find('\n'), input.size());
    const std::string rest(input.substr(std::min(end + 1, input.size())));
    const auto verdict =
        engine->ask({valid_utf8(rest), valid_utf8(std::string(input.substr(0, end))), "==", "1"},
                    clock.now() + Seconds{1});
    if (verdict.message.empty()) return "no message";
    if (valid_utf8(verdict.message) != verdict.message) return "the message is not UTF-8";
    if (verdict.ok && verdict.conclusive) return "both yes and no";
    return {};
}

fuzz::Options options(const std::string& corpus, std::string alphabet, int rounds) {
    fuzz::Options all;
    all.corpus = corpus;
    all.alphabet = std::move(alphabet);
    all.rounds = rounds;
    return all;
}

TEST(Fuzz, Answer) { fuzz::run(options("answer", std::string(kJson), 20'000), take_answer); }
TEST(Fuzz, Token) { fuzz::run(options("token", std::string(kJson), 20'000), take_token); }
TEST(Fuzz, Rdap) { fuzz::run(options("rdap", std::string(kJson), 20'000), take_rdap); }
TEST(Fuzz, JsonQuery) {
    fuzz::run(options("json_query", "$.[]{}()^<>=!~|:;@#%?&*,\"'`/\\ab10", 2'000), take_query);
}

}  // namespace
}  // namespace higuma::checks
