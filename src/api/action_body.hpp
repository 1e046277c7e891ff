// The body of an action: a flat JSON object, or nothing at all. Members are taken out one by one;
// the first fault is kept, and what nobody took is a fault as well.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "api/json_input.hpp"

namespace higuma::api {

class ActionBody {
  public:
    explicit ActionBody(const Request& request);

    // What is absent or null is empty, `otherwise`, or none.
    std::string reason();  // the operator's own words, at most 500 characters
    std::string text(const std::string& field, std::size_t most);
    std::optional<NodeId> node(const std::string& field);
    std::optional<bool> flag(const std::string& field);
    std::optional<std::int64_t> number(const std::string& field, std::int64_t least,
                                       std::int64_t most);
    std::vector<MonitorId> monitors(const std::string& field, std::size_t most);

    void refuse(Failure failure);  // for rules between members
    std::optional<Failure> fault() const;

  private:
    std::optional<boost::json::value> take(const std::string& field);
    boost::json::object left_;
    std::optional<Failure> fault_;
};

}  // namespace higuma::api
