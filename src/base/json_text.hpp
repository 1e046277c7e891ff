// JSON as text with numbers as people write them. Boost.JSON writes every double with an exponent
// (0.3 as 3E-1), which is right and hard to read.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

namespace higuma {

// A double that JSON cannot hold (not finite) becomes null.
std::string json_text(const boost::json::value& value);

}  // namespace higuma
