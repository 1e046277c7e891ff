// A real DNS server (Debian's dnsmasq-base) on a free loopback port, with names of its own.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <fstream>
#include <string>
#include <vector>

#include "support/temp_folder.hpp"

namespace higuma::test {

class DnsServer {
  public:
    explicit DnsServer(int port, std::vector<std::string> more = {})
        : port_(port), more_(std::move(more)) {
        start("10.1.2.3");
    }
    ~DnsServer() { stop(); }
    DnsServer(const DnsServer&) = delete;
    DnsServer& operator=(const DnsServer&) = delete;

    std::string address() const { return fmt::format("127.0.0.1:{}", port_); }
    void freeze() { kill(pid_, SIGSTOP); }
    void stop() {
        if (pid_ <= 0) return;
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }
    void start(const std::string& node_address) {
        const std::string hosts = (folder_.path() / "hosts").string();
        std::ofstream(hosts) << node_address << " node1\nfd00::1 six\n";
        std::vector<std::string> words = {"dnsmasq",
                                          "--keep-in-foreground",
                                          "--conf-file=/dev/null",
                                          "--no-resolv",
                                          "--no-hosts",
                                          "--local=/#/",
                                          "--addn-hosts=" + hosts,
                                          fmt::format("--port={}", port_),
                                          "--bind-interfaces",
                                          "--listen-address=127.0.0.1",
                                          "--local-ttl=1",
                                          "--user=",
                                          "--pid-file=",
                                          "--log-facility=" + (folder_.path() / "log").string()};
        words.insert(words.end(), more_.begin(), more_.end());
        std::vector<char*> argv;
        for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
        argv.push_back(nullptr);
        char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
        char* environment[] = {path, nullptr};
        ASSERT_EQ(
            posix_spawn(&pid_, "/usr/sbin/dnsmasq", nullptr, nullptr, argv.data(), environment), 0)
            << "dnsmasq is missing: install dnsmasq-base";
    }

  private:
    TempFolder folder_;
    int port_;
    std::vector<std::string> more_;
    pid_t pid_ = -1;
};

}  // namespace higuma::test
