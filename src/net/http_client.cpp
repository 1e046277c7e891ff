#include "net/http_client.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <unordered_map>
#include <unordered_set>

#include "net/errors.hpp"
#include "net/http_transfer.hpp"
#include "net/socket_watch.hpp"

namespace higuma::net {
namespace asio = boost::asio;

namespace {

constexpr std::size_t kMaxWaiting = 10'000;
constexpr std::size_t kMaxIdleHandles = 128;
constexpr long kMaxKeptConnections = 64;

using MultiHandle = std::unique_ptr<CURLM, Closer<curl_multi_cleanup>>;
using TransferPtr = std::shared_ptr<HttpTransfer>;

void start_libcurl() {
    // libcurl wants one call for the whole process before its first use.
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (started != CURLE_OK) throw StartupError("libcurl does not start");
}

}  // namespace

struct HttpClient::Impl : std::enable_shared_from_this<HttpClient::Impl> {
    Impl(asio::any_io_executor e, std::shared_ptr<const Clock> c, std::size_t max_in_flight)
        : executor(e), clock(std::move(c)), timer(e), limit(max_in_flight) {
        start_libcurl();
        multi.reset(curl_multi_init());
        if (!multi) throw StartupError("libcurl does not start");
        curl_multi_setopt(multi.get(), CURLMOPT_SOCKETFUNCTION, &Impl::on_socket);
        curl_multi_setopt(multi.get(), CURLMOPT_SOCKETDATA, this);
        curl_multi_setopt(multi.get(), CURLMOPT_TIMERFUNCTION, &Impl::on_timer);
        curl_multi_setopt(multi.get(), CURLMOPT_TIMERDATA, this);
        curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, kMaxKeptConnections);
    }

    ~Impl() {
        idle.clear();
        multi.reset();  // calls on_socket for each connection that it closes
    }

    void admit(const TransferPtr& transfer);
    void start(const TransferPtr& transfer);
    void leave(const TransferPtr& transfer);
    void fill();
    void shut_down();
    void act(curl_socket_t socket, int events);
    void collect();
    void recycle(HttpTransfer& transfer);
    EasyHandle take_handle();
    void watch(curl_socket_t socket, int what);
    void arm(long millis);
    void set_timer();
    void on_time();
    static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*);
    static int on_timer(CURLM*, long millis, void* self);

    asio::any_io_executor executor;
    std::shared_ptr<const Clock> clock;
    asio::steady_timer timer;
    std::optional<Instant> due, armed_for;  // as libcurl and the timer have it
    bool posted = false;
    std::size_t limit;
    std::unordered_map<curl_socket_t, std::shared_ptr<SocketWatch>> sockets;
    std::vector<EasyHandle> idle;
    MultiHandle multi;
    std::unordered_set<TransferPtr> running;
    std::deque<TransferPtr> waiting;
    bool closed = false;
    std::uint64_t sent = 0, failed = 0;
};

void HttpClient::Impl::admit(const TransferPtr& transfer) {
    if (closed) {
        transfer->fail(cancelled_failure());
    } else if (running.size() < limit) {
        start(transfer);
    } else if (waiting.size() < kMaxWaiting) {
        waiting.push_back(transfer);
    } else {
        transfer->fail({ErrorKind::overloaded, "too many requests are waiting", ""});
    }
}

void HttpClient::Impl::start(const TransferPtr& transfer) {
    ++sent;
    auto prepared = transfer->prepare(take_handle());
    if (prepared && curl_multi_add_handle(multi.get(), transfer->handle()) != CURLM_OK) {
        prepared = Failure{ErrorKind::internal, "libcurl refuses the request", ""};
    }
    if (prepared) {
        running.insert(transfer);
        return;
    }
    transfer->fail(prepared.error());
    transfer->wake.notify();
}

// The caller has stopped waiting, or has its result: nothing of the transfer stays here.
void HttpClient::Impl::leave(const TransferPtr& transfer) {
    std::erase(waiting, transfer);
    if (running.erase(transfer) > 0) {
        curl_multi_remove_handle(multi.get(), transfer->handle());
        recycle(*transfer);
        fill();
    }
}

void HttpClient::Impl::fill() {
    while (!closed && running.size() < limit && !waiting.empty()) {
        const TransferPtr next = waiting.front();
        waiting.pop_front();
        start(next);
    }
}

void HttpClient::Impl::shut_down() {
    closed = true;
    timer.cancel();
    const auto ended = std::exchange(running, {});
    for (const auto& transfer : ended) {
        curl_multi_remove_handle(multi.get(), transfer->handle());
        transfer->fail(cancelled_failure());
        transfer->wake.notify();
    }
    for (const auto& transfer : std::exchange(waiting, {})) {
        transfer->fail(cancelled_failure());
        transfer->wake.notify();
    }
}

void HttpClient::Impl::act(curl_socket_t socket, int events) {
    int still_running = 0;
    curl_multi_socket_action(multi.get(), socket, events, &still_running);
    collect();
}

void HttpClient::Impl::collect() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        const CURLcode code = message->data.result;  // the message dies with the removal
        HttpTransfer* done = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &done);
        done->conclude(code);
        curl_multi_remove_handle(multi.get(), done->handle());
        const TransferPtr transfer = done->shared_from_this();
        running.erase(transfer);
        recycle(*transfer);
        transfer->wake.notify();
    }
    fill();
}

void HttpClient::Impl::recycle(HttpTransfer& transfer) {
    EasyHandle handle = transfer.take_handle();
    if (!handle || idle.size() >= kMaxIdleHandles) return;
    // A reset would keep the cookies, and lose the list that names their files.
    curl_easy_setopt(handle.get(), CURLOPT_COOKIEFILE, nullptr);
    curl_easy_reset(handle.get());
    idle.push_back(std::move(handle));
}

EasyHandle HttpClient::Impl::take_handle() {
    if (idle.empty()) return EasyHandle(curl_easy_init());
    EasyHandle handle = std::move(idle.back());
    idle.pop_back();
    return handle;
}

void HttpClient::Impl::watch(curl_socket_t socket, int what) {
    if (what == CURL_POLL_REMOVE) {
        const auto found = sockets.find(socket);
        if (found == sockets.end()) return;
        found->second->release();
        sockets.erase(found);
        return;
    }
    auto& watched = sockets[socket];
    if (!watched) {
        watched = std::make_shared<SocketWatch>(
            executor, socket, [weak = weak_from_this(), socket](bool readable, bool writable) {
                const auto self = weak.lock();
                if (!self || self->closed) return;
                self->act(socket,
                          (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0));
            });
    }
    watched->want(what & CURL_POLL_IN, what & CURL_POLL_OUT);
}

// libcurl asks for another time at each step of a transfer, and setting the loop's timer costs a
// call of the kernel: what is due now is posted, and a later time waits for the one that is set.
void HttpClient::Impl::arm(long millis) {
    if (millis < 0) {
        due.reset();
        return;
    }
    due = clock->now() + Millis{millis};
    if (millis == 0) {
        if (std::exchange(posted, true)) return;
        asio::post(executor, [weak = weak_from_this()] {
            const auto self = weak.lock();
            if (!self) return;
            self->posted = false;
            self->on_time();
        });
    } else if (!armed_for || *due < *armed_for) {
        set_timer();
    }
}

void HttpClient::Impl::set_timer() {
    armed_for = due;
    timer.expires_after(std::max<Duration>(*due - clock->now(), Duration::zero()));
    timer.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const auto self = weak.lock();
        if (error || !self) return;
        self->armed_for.reset();
        self->on_time();
    });
}

void HttpClient::Impl::on_time() {
    if (closed || !due) return;
    if (clock->now() >= *due) {
        due.reset();
        act(CURL_SOCKET_TIMEOUT, 0);
    } else if (!armed_for || *due < *armed_for) {
        set_timer();
    }
}

int HttpClient::Impl::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
    static_cast<Impl*>(self)->watch(socket, what);
    return 0;
}

int HttpClient::Impl::on_timer(CURLM*, long millis, void* self) {
    static_cast<Impl*>(self)->arm(millis);
    return 0;
}

namespace {

template <class Impl>
struct Presence {
    ~Presence() { impl->leave(transfer); }
    std::shared_ptr<Impl> impl;
    TransferPtr transfer;
};

template <class Impl>
Task<Result<HttpResponse>> perform(std::shared_ptr<Impl> impl, HttpRequest request,
                                   Deadline deadline) {
    if (auto valid = validate(request); !valid) co_return valid.error();
    const auto transfer = std::make_shared<HttpTransfer>(impl->executor, std::move(request),
                                                         deadline.remaining(impl->clock->now()));
    const Presence<Impl> presence{impl, transfer};
    impl->admit(transfer);
    Woken woken = Woken::by_event;
    if (!transfer->result()) woken = co_await transfer->wake.wait(*impl->clock, deadline);
    if (!transfer->result()) {
        transfer->fail(woken == Woken::by_deadline ? timeout_failure(transfer->allowed())
                                                   : cancelled_failure());
    }
    if (!*transfer->result()) ++impl->failed;
    co_return std::move(*transfer->result());
}

}  // namespace

HttpClient::HttpClient(asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
                       std::size_t max_in_flight)
    : impl_(std::make_shared<Impl>(executor, std::move(clock), max_in_flight)) {}

HttpClient::~HttpClient() { impl_->shut_down(); }

Task<Result<HttpResponse>> HttpClient::send(HttpRequest request, Deadline deadline) {
    return perform(impl_, std::move(request), deadline);
}

HttpClient::Stats HttpClient::stats() const {
    return {impl_->running.size(), impl_->waiting.size(), impl_->limit, impl_->sent, impl_->failed};
}

}  // namespace higuma::net
