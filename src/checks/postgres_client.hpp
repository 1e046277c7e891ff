// One connection to a PostgreSQL server for one query. Rows are counted and dropped, so that an
// answer of any size costs one buffer.
#pragma once

#include <string>

#include "base/result.hpp"
#include "base/task.hpp"
#include "checks/postgres_protocol.hpp"
#include "net/tls_stream.hpp"

namespace higuma::checks {

struct PostgresLogin {
    std::string user, password, database;
};

class PostgresClient {
  public:
    // `stream`: connected, and outlives this.
    explicit PostgresClient(net::TlsStream& stream) : stream_(stream) {}

    Task<Result<void>> start_tls(net::TlsOptions options);
    Task<Result<void>> sign_in(PostgresLogin login);
    Task<Result<void>> query(std::string text);
    Task<void> end();

  private:
    struct Message {
        char type = 0;
        std::string body;  // empty for rows
    };
    Task<Result<Message>> next_message();
    Task<Result<void>> answer_challenge(const std::string& challenge, const PostgresLogin& login);
    Task<Result<void>> prove_by_scram(const std::string& mechanisms, const std::string& password);
    Task<Result<std::string>> sasl_step(std::string body, std::uint32_t expected);

    net::TlsStream& stream_;
};

}  // namespace higuma::checks
