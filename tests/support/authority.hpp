// A certificate authority of a test: a root and an intermediate that sign server and client
// certificates with the openssl program.
#pragma once

#include <filesystem>
#include <string>

#include "support/local_servers.hpp"

namespace higuma::test {

class Authority {
  public:
    explicit Authority(std::filesystem::path folder);

    std::string root_file() const { return (folder_ / "root.pem").string(); }
    std::string root_pem() const;  // the root's certificate as a text

    // Signed by the intermediate; the file holds the whole chain without the root, or with
    // `alone` only the certificate itself. `names` as openssl writes them: "DNS:a,IP:127.0.0.1".
    Certificate issue(const std::string& label, const std::string& common_name,
                      const std::string& names, int valid_days = 30, bool alone = false) const;

  private:
    void sign(const std::string& label, const std::string& subject, const std::string& extensions,
              const std::string& signer, int valid_days) const;

    std::filesystem::path folder_;
};

std::string file_text(const std::string& path);

}  // namespace higuma::test
