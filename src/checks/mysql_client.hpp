// One connection to a MySQL or MariaDB server for one query. Rows are counted and dropped but for
// the first value, so that an answer of any size costs one buffer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/task.hpp"
#include "checks/mysql_protocol.hpp"
#include "net/tls_stream.hpp"

namespace higuma::checks {

struct MysqlAnswer {
    bool has_rows = false;      // of the first result; false: the statement returns none
    std::uint64_t rows = 0;     // of the first result
    std::uint64_t results = 1;  // a procedure's call gives several
    bool several_columns = false;
    std::optional<std::string> value;  // the first column of the first row
};

class MysqlClient {
  public:
    // `stream`: connected, and outlives this.
    explicit MysqlClient(net::TlsStream& stream) : stream_(stream) {}

    // `tls`: none is plain.
    Task<Result<void>> sign_in(MysqlLogin login, std::optional<net::TlsOptions> tls);
    Task<Result<MysqlAnswer>> query(std::string text);
    Task<void> end();

  private:
    Task<Result<std::string>> read_packet();
    Task<Result<void>> write_packet(std::string body);
    Task<Result<void>> prove(const MysqlLogin& login, std::string salt);
    Task<Result<void>> prove_in_full(const std::string& password, const std::string& salt);
    Task<Result<MysqlColumn>> read_columns(std::uint64_t count, MysqlAnswer& answer);
    // The packet that ends the rows.
    Task<Result<std::string>> read_rows(const MysqlColumn& first, MysqlAnswer& answer);
    Task<Result<std::string>> read_result(MysqlAnswer& answer);

    net::TlsStream& stream_;
    std::uint8_t number_ = 0;  // of the next packet
};

}  // namespace higuma::checks
