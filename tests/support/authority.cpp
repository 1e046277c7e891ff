#include "support/authority.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace higuma::test {

std::string file_text(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

Authority::Authority(std::filesystem::path folder) : folder_(std::move(folder)) {
    const std::string ca = "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign";
    sign("root", "/O=Higuma Tests/CN=Test Root", ca, "", 3650);
    sign("intermediate", "/O=Higuma Tests/CN=Test Intermediate", ca, "root", 1825);
}

std::string Authority::root_pem() const { return file_text(root_file()); }

Certificate Authority::issue(const std::string& label, const std::string& common_name,
                             const std::string& names, int valid_days, bool alone) const {
    sign(label, "/O=Higuma Tests/CN=" + common_name,
         "subjectAltName=" + names + "\nextendedKeyUsage=serverAuth,clientAuth", "intermediate",
         valid_days);
    const std::string file = (folder_ / (label + ".pem")).string();
    if (!alone) {
        std::ofstream(file, std::ios::app) << file_text((folder_ / "intermediate.pem").string());
    }
    return {file, (folder_ / (label + ".key")).string(), {}};
}

void Authority::sign(const std::string& label, const std::string& subject,
                     const std::string& extensions, const std::string& signer,
                     int valid_days) const {
    const std::string base = (folder_ / label).string();
    std::ofstream(base + ".ext") << extensions << "\n";
    const std::string by = signer.empty()
                               ? fmt::format("-signkey '{}.key'", base)
                               : fmt::format("-CA '{0}.pem' -CAkey '{0}.key' -CAcreateserial",
                                             (folder_ / signer).string());
    const std::string command = fmt::format(
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "
        "'{0}.key' "
        "-subj '{1}' -out '{0}.csr' 2>/dev/null && openssl x509 -req -in '{0}.csr' {2} -days {3} "
        "-extfile '{0}.ext' -out '{0}.pem' 2>/dev/null",
        base, subject, by, valid_days);
    if (std::system(command.c_str()) != 0) throw std::runtime_error("openssl failed");
}

}  // namespace higuma::test
