// NTLM against a server that holds the three messages of the handshake on one connection and
// proves the client's answer to its challenge.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <boost/beast/core/detail/base64.hpp>
#include <map>

#include "checks_fixture.hpp"

namespace higuma::checks {

namespace {

constexpr const char* kChallenge = "\x01\x23\x45\x67\x89\xab\xcd\xef";

std::string from_base64(const std::string& text) {
    namespace b64 = boost::beast::detail::base64;
    std::string out(b64::decoded_size(text.size()), '\0');
    out.resize(b64::decode(out.data(), text.data(), text.size()).first);
    return out;
}

std::string to_base64(const std::string& bytes) {
    namespace b64 = boost::beast::detail::base64;
    std::string out(b64::encoded_size(bytes.size()), '\0');
    out.resize(b64::encode(out.data(), bytes.data(), bytes.size()));
    return out;
}

unsigned number(const std::string& bytes, std::size_t at, int size) {
    unsigned value = 0;
    for (int i = size; i-- > 0;) {
        value = value << 8 | static_cast<unsigned char>(bytes.at(at + static_cast<std::size_t>(i)));
    }
    return value;
}

std::string wide(const std::string& ascii) {
    std::string text;
    for (const char c : ascii) text += {c, '\0'};
    return text;
}

// A field of a message: length, room and offset stand at `at`.
std::string field(const std::string& message, std::size_t at) {
    return message.substr(number(message, at + 4, 4), number(message, at, 2));
}

std::string hmac_md5(const std::string& key, const std::string& text) {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HMAC(EVP_md5(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), out, &size);
    return {reinterpret_cast<char*>(out), size};
}

// Type 2: Unicode, NTLM, target information with a name; the challenge is known.
std::string challenge_message() {
    const std::string info =
        std::string("\x02\x00\x06\x00", 4) + wide("DOM") + std::string(4, '\0');
    std::string message("NTLMSSP\0\x02\0\0\0", 12);
    message += std::string("\0\0\0\0\x30\0\0\0", 8);             // target name: none
    message += std::string("\x01\x02\x88\x00", 4) + kChallenge;  // flags, challenge
    message += std::string(8, '\0');
    message += std::string{static_cast<char>(info.size()), 0, static_cast<char>(info.size()), 0};
    message += std::string("\x30\0\0\0", 4);
    return message + info;
}

// MD4 of the password "Password" in UTF-16, the example of [MS-NLMP] 4.2.2.1.2.
const std::string kPasswordHash("\xa4\xf4\x9c\x40\x65\x10\xbd\xca\xb6\x82\x4e\xe7\xc3\x0f\xd8\x52",
                                16);

}  // namespace

class HttpNtlmTest : public ChecksTest {
  protected:
    ServedReply serve(const ServedRequest& request) {
        const std::string header = request.header("authorization");
        if (!header.starts_with("NTLM ")) return refuse("NTLM");
        const std::string message = from_base64(header.substr(5));
        if (message.substr(0, 8) != std::string("NTLMSSP\0", 8)) return refuse("NTLM");
        const unsigned type = number(message, 8, 4);
        types_.push_back(type);
        if (type == 1) return refuse("NTLM " + to_base64(challenge_message()));
        domain_ = field(message, 28);
        user_ = field(message, 36);
        proven_ = proves(field(message, 20));
        return proven_ ? ServedReply{.body = request.body} : refuse("NTLM");
    }
    static ServedReply refuse(const std::string& challenge) {
        return {.status = 401, .headers = {{"WWW-Authenticate", challenge}}};
    }
    // NTLMv2: the first 16 bytes are the proof of what follows, with the challenge in front.
    bool proves(const std::string& answer) const {
        if (answer.size() <= 24) return false;
        const std::string key = hmac_md5(kPasswordHash, wide("USER") + domain_);
        return hmac_md5(key, kChallenge + answer.substr(16)) == answer.substr(0, 16);
    }
    Monitor ntlm_monitor(const std::string& password) {
        Monitor monitor = http_monitor(server_.url());
        monitor.auth_method = "ntlm";
        monitor.basic_auth_user = "User";
        monitor.basic_auth_pass = password;
        monitor.options.set(Option::auth_domain, "Domain");
        return monitor;
    }

    std::vector<unsigned> types_;
    std::string domain_, user_;
    bool proven_ = false;
    LocalHttpServer server_{[this](const ServedRequest& request) { return serve(request); }};
};

TEST_F(HttpNtlmTest, ProvesThePassword) {
    const auto outcome = check(ntlm_monitor("Password"));
    EXPECT_EQ(outcome.msg, "200 - OK");
    EXPECT_THAT(types_, testing::ElementsAre(1u, 3u));
    EXPECT_EQ(domain_, wide("Domain"));
    EXPECT_EQ(user_, wide("User"));
    EXPECT_TRUE(proven_);
    EXPECT_EQ(server_.connections(), 1) << "the handshake belongs to one connection";
}

TEST_F(HttpNtlmTest, AWrongPasswordIsRefused) {
    EXPECT_EQ(check(ntlm_monitor("password")).msg, "Request failed with status code 401");
    EXPECT_FALSE(proven_);
}

TEST_F(HttpNtlmTest, ABodyIsSentAfterTheHandshake) {
    auto monitor = ntlm_monitor("Password");
    monitor.type = "keyword";
    monitor.keyword = "wanted";
    monitor.method = "POST";
    monitor.body = R"(["wanted"])";
    EXPECT_EQ(check(monitor).msg, "200 - OK, keyword is found");
}

}  // namespace higuma::checks
