// Waits on a socket that a C library (libcurl, c-ares) owns, on the main loop.
// The library closes the socket itself, so `release` must be called before it does.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>

namespace higuma::net {

class SocketWatch : public std::enable_shared_from_this<SocketWatch> {
  public:
    using Ready = std::function<void(bool readable, bool writable)>;

    SocketWatch(boost::asio::any_io_executor executor, int socket, Ready ready)
        : descriptor_(executor, socket), ready_(std::move(ready)) {}
    ~SocketWatch() { release(); }

    void want(bool readable, bool writable) {
        want_read_ = readable;
        want_write_ = writable;
        arm_read();
        arm_write();
    }

    void release() {
        if (!descriptor_.is_open()) return;
        want_read_ = want_write_ = false;
        descriptor_.release();
    }

  private:
    void arm_read() {
        if (!want_read_ || reading_ || !descriptor_.is_open()) return;
        reading_ = true;
        descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                               [self = shared_from_this()](boost::system::error_code error) {
                                   self->reading_ = false;
                                   if (error) return;
                                   if (self->want_read_) self->ready_(true, false);
                                   self->arm_read();
                               });
    }

    void arm_write() {
        if (!want_write_ || writing_ || !descriptor_.is_open()) return;
        writing_ = true;
        descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_write,
                               [self = shared_from_this()](boost::system::error_code error) {
                                   self->writing_ = false;
                                   if (error) return;
                                   if (self->want_write_) self->ready_(false, true);
                                   self->arm_write();
                               });
    }

    boost::asio::posix::stream_descriptor descriptor_;
    Ready ready_;
    bool want_read_ = false, want_write_ = false;
    bool reading_ = false, writing_ = false;
};

}  // namespace higuma::net
