// nginx's C headers, included in one way everywhere.
#pragma once

extern "C" {
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
}

#include <string_view>

extern "C" ngx_module_t ngx_http_higuma_module;

namespace higuma::nginx {

inline std::string_view view_of(const ngx_str_t& text) {
    return {reinterpret_cast<const char*>(text.data), text.len};
}

// nginx's strings are not const; it does not write through these.
inline ngx_str_t str_of(std::string_view text) {
    return {text.size(), reinterpret_cast<u_char*>(const_cast<char*>(text.data()))};
}

}  // namespace higuma::nginx
