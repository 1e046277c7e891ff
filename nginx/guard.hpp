// The one boundary between nginx's C and our C++: every callback that nginx is given goes through
// guarded<>, which turns an exception into the failure value of the callback's type and one log
// line.
#pragma once

#include <exception>
#include <type_traits>

#include "nginx_headers.hpp"

namespace higuma::nginx {

template <class R>
R failure_value() {
    if constexpr (std::is_same_v<R, ngx_int_t>) {
        return NGX_ERROR;
    } else if constexpr (std::is_same_v<R, char*>) {
        return static_cast<char*>(NGX_CONF_ERROR);
    } else if constexpr (!std::is_void_v<R>) {
        return R{};
    }
}

template <auto Function>
struct Guard;

template <class R, class... Arguments, R (*Function)(Arguments...)>
struct Guard<Function> {
    static R call(Arguments... arguments) noexcept {
        try {
            return Function(arguments...);
        } catch (const std::exception& error) {
            ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0, "higuma: %s", error.what());
        } catch (...) {
            ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0, "higuma: unknown exception");
        }
        return failure_value<R>();
    }
};

template <auto Function>
inline constexpr auto guarded = &Guard<Function>::call;

}  // namespace higuma::nginx
