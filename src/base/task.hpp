// The coroutine type of the program: a Boost.Asio awaitable on the main loop.
// Parameters by value unless the caller awaits at once; no mutex is held across a suspension.
#pragma once

#include <boost/asio/awaitable.hpp>

namespace higuma {

template <class T = void>
using Task = boost::asio::awaitable<T>;

}  // namespace higuma
