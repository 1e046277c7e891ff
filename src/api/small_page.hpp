// A small HTML page that says one thing: a title, a sentence and a few links. Complete in itself,
// and everything in it is escaped.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "api/http/server.hpp"

namespace higuma::api {

struct SmallPage {
    bool good = true;  // false: something cannot be done
    std::string title;
    std::string text;
    std::vector<std::pair<std::string, std::string>> links;  // address, words
};

std::string escape_html(std::string_view text);
Response small_page_response(const SmallPage& page, int status);

}  // namespace higuma::api
