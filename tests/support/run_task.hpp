// Runs a coroutine, or a loop's other work, to a point that a test waits for.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>

#include "base/task.hpp"

namespace higuma::test {

// Runs the loop until the task ends; what else the loop has to do goes on meanwhile.
template <class T>
T run_task(boost::asio::io_context& loop, Task<T> task) {
    std::exception_ptr error;
    bool done = false;
    using Kept = std::conditional_t<std::is_void_v<T>, bool, T>;
    std::optional<Kept> kept;
    if constexpr (std::is_void_v<T>) {
        boost::asio::co_spawn(loop, std::move(task), [&](std::exception_ptr e) {
            error = e;
            done = true;
        });
    } else {
        boost::asio::co_spawn(loop, std::move(task), [&](std::exception_ptr e, T value) {
            error = e;
            kept.emplace(std::move(value));
            done = true;
        });
    }
    loop.restart();
    while (!done) loop.run_one();
    if (error) std::rethrow_exception(error);
    if constexpr (!std::is_void_v<T>) return std::move(*kept);
}

// Runs the loop until `holds`; returns whether it did within the limit.
inline bool run_until(boost::asio::io_context& loop, const std::function<bool()>& holds,
                      std::chrono::milliseconds limit = std::chrono::seconds(60)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        loop.restart();
        loop.run_one_for(std::chrono::milliseconds(10));
    }
    return true;
}

}  // namespace higuma::test
