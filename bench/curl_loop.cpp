// The least that HTTP checks by libcurl can cost: one multi handle, one epoll set, a new connection
// for each request, and nothing else. `bench/engine.py` prints our checks beside it.
#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double processor_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Loop {
  public:
    Loop() : multi_(curl_multi_init()), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
        if (!multi_ || epoll_ < 0) throw std::runtime_error("libcurl or epoll does not start");
        curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Loop::on_socket);
        curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
        curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Loop::on_timer);
        curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    }

    void start(const char* url) {
        CURL* easy = curl_easy_init();
        curl_easy_setopt(easy, CURLOPT_URL, url);
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
        curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
        curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);  // else the trust store is read each time
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Loop::on_body);
        curl_multi_add_handle(multi_, easy);
    }

    void turn() {
        std::array<epoll_event, 64> events{};
        const int wait = wait_ < 0 ? 100 : static_cast<int>(wait_);
        const int count = epoll_wait(epoll_, events.data(), events.size(), wait);
        int running = 0;
        if (count == 0) {
            wait_ = -1;
            curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        for (int i = 0; i < count; ++i) {
            const auto& event = events[static_cast<std::size_t>(i)];
            const int what = (event.events & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0) |
                             (event.events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                             (event.events & EPOLLERR ? CURL_CSELECT_ERR : 0);
            curl_multi_socket_action(multi_, event.data.fd, what, &running);
        }
        collect();
    }

    long done = 0, failed = 0;

  private:
    // Each handle that ends begins again.
    void collect() {
        int left = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            CURL* easy = message->easy_handle;
            ++(message->data.result == CURLE_OK ? done : failed);
            curl_multi_remove_handle(multi_, easy);
            curl_multi_add_handle(multi_, easy);
        }
    }

    static std::size_t on_body(char*, std::size_t size, std::size_t count, void*) {
        return size * count;
    }

    static int on_socket(CURL*, curl_socket_t socket, int what, void* data, void* known) {
        auto* self = static_cast<Loop*>(data);
        if (what == CURL_POLL_REMOVE) {
            epoll_ctl(self->epoll_, EPOLL_CTL_DEL, socket, nullptr);
            return 0;
        }
        epoll_event event{};
        event.data.fd = socket;
        event.events = (what & CURL_POLL_IN ? static_cast<std::uint32_t>(EPOLLIN) : 0U) |
                       (what & CURL_POLL_OUT ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
        epoll_ctl(self->epoll_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
        if (!known) curl_multi_assign(self->multi_, socket, self);
        return 0;
    }

    static int on_timer(CURLM*, long millis, void* data) {
        static_cast<Loop*>(data)->wait_ = millis;
        return 0;
    }

    CURLM* multi_;
    int epoll_;
    long wait_ = -1;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        fmt::print(stderr, "usage: bench_curl_loop URL SECONDS CONCURRENT\n");
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    Loop loop;
    for (int i = 0; i < std::atoi(argv[3]); ++i) loop.start(argv[1]);
    const auto seconds = std::chrono::duration<double>(std::atof(argv[2]));
    const auto warm = Clock::now() + seconds / 5;
    while (Clock::now() < warm) loop.turn();
    loop.done = loop.failed = 0;
    const double before = processor_seconds();
    const auto end = Clock::now() + seconds;
    while (Clock::now() < end) loop.turn();
    fmt::print("{{\"requests\": {}, \"failed\": {}, \"processor_seconds\": {:.3f}}}\n", loop.done,
               loop.failed, processor_seconds() - before);
}
