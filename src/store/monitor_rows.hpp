// A Monitor as columns of `monitor` and back. One table of columns serves INSERT, UPDATE and
// SELECT.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/monitor.hpp"
#include "store/database.hpp"

namespace higuma::store {

// "id, name, ..." for SELECT, in the order that read_monitor expects.
const std::string& monitor_columns();
Monitor read_monitor(const RowView& row);

// Each settings column with its literal: all but the id and the assignment.
std::vector<std::pair<std::string_view, std::string>> monitor_settings(const Monitor& monitor);

// Failures: invalid_input, naming the field, for what the columns would cut or refuse.
Result<void> check_monitor(const Monitor& monitor);

}  // namespace higuma::store
