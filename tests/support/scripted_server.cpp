#include "support/scripted_server.hpp"

#include <sys/socket.h>

#include <boost/asio/write.hpp>

namespace higuma::test {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

bool ScriptedServer::Peer::fill() {
    char bytes[16 * 1024];
    error_code error;
    const std::size_t got = tls_ ? tls_->read_some(asio::buffer(bytes), error)
                                 : socket_.read_some(asio::buffer(bytes), error);
    buffer_.append(bytes, got);
    return !error;
}

std::string ScriptedServer::Peer::read_until(const std::string& delimiter) {
    std::size_t found = buffer_.find(delimiter);
    while (found == std::string::npos) {
        if (!fill()) return {};
        found = buffer_.find(delimiter);
    }
    const std::string taken = buffer_.substr(0, found + delimiter.size());
    buffer_.erase(0, taken.size());
    return taken;
}

std::string ScriptedServer::Peer::read_line() { return read_until("\n"); }

std::string ScriptedServer::Peer::read(std::size_t bytes) {
    while (buffer_.size() < bytes) {
        if (!fill()) return {};
    }
    const std::string taken = buffer_.substr(0, bytes);
    buffer_.erase(0, bytes);
    return taken;
}

bool ScriptedServer::Peer::write(const std::string& bytes) {
    error_code error;
    if (tls_) {
        asio::write(*tls_, asio::buffer(bytes), error);
    } else {
        asio::write(socket_, asio::buffer(bytes), error);
    }
    return !error;
}

void ScriptedServer::Peer::start_tls() {
    context_ = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
    context_->use_certificate_chain_file(certificate_->certificate_file);
    context_->use_private_key_file(certificate_->key_file, asio::ssl::context::pem);
    tls_ = std::make_unique<asio::ssl::stream<tcp::socket&>>(socket_, *context_);
    error_code error;
    // What was read with the words before belongs to the handshake already.
    tls_->handshake(asio::ssl::stream_base::server, asio::buffer(buffer_), error);
    buffer_.clear();
}

void ScriptedServer::Peer::hang() {
    while (fill()) buffer_.clear();
}

void ScriptedServer::Peer::reset() {
    error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
}

ScriptedServer::ScriptedServer(Script script, const Certificate* certificate)
    : script_(std::move(script)),
      certificate_(certificate),
      acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
      port_(acceptor_.local_endpoint().port()),
      acceptor_thread_([this] { serve(); }) {}

void ScriptedServer::serve() {
    for (;;) {
        auto socket = std::make_shared<tcp::socket>(io_);
        error_code error;
        acceptor_.accept(*socket, error);
        const std::lock_guard lock(mutex_);
        if (error || ending_) return;
        ++connections_;
        sockets_.push_back(socket);
        threads_.emplace_back([this, socket] {
            Peer peer(*socket, certificate_);
            script_(peer);
            const std::lock_guard closing(mutex_);
            error_code ignored;
            socket->shutdown(tcp::socket::shutdown_both, ignored);
            socket->close(ignored);
        });
    }
}

ScriptedServer::~ScriptedServer() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        for (const auto& socket : sockets_) {
            if (socket->is_open()) ::shutdown(socket->native_handle(), SHUT_RDWR);
        }
    }
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);  // ends the accept
    acceptor_thread_.join();
    for (auto& thread : threads_) thread.join();
}

}  // namespace higuma::test
