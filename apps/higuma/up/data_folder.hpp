// The folder of a cluster that `higuma up` runs: locked by one process, with ports, secrets and
// logs in known places. Everything that must survive is in it.
#pragma once

#include <map>
#include <string>

#include "store/database.hpp"

namespace higuma::app {

class DataFolder {
  public:
    // Makes the folder if needed and locks it. Throws StartupError: not writable, in use.
    explicit DataFolder(const std::string& path);
    ~DataFolder();
    DataFolder(const DataFolder&) = delete;
    DataFolder& operator=(const DataFolder&) = delete;

    const std::string& path() const { return path_; }
    std::string file(const std::string& name) const { return path_ + "/" + name; }
    std::string log(const std::string& name) const { return path_ + "/log/" + name + ".log"; }

    // A secret that is made once and kept in a file that only its owner reads.
    std::string secret(const std::string& name);
    // A loopback port that stays the same from run to run, unless a program has taken it: ask
    // before its owner starts.
    int port(const std::string& name);
    // database.toml, which `--data` of other subcommands reads.
    void write_database_settings(const store::DatabaseConfig& config);

  private:
    int new_port() const;
    void load_ports();
    void save_ports() const;

    std::string path_;
    int lock_ = -1;
    std::map<std::string, int> ports_;
};

bool port_is_free(const std::string& address, int port);

}  // namespace higuma::app
