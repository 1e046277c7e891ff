// The check of each type, one file per type; check.cpp has the table that names them.
#pragma once

#include "checks/check.hpp"

namespace higuma::checks {

Task<policy::CheckOutcome> check_dns(const CheckContext&, const Monitor&, Deadline);
Task<policy::CheckOutcome> check_http(const CheckContext&, const Monitor&, Deadline);
Task<policy::CheckOutcome> check_json_query(const CheckContext&, const Monitor&, Deadline);
Task<policy::CheckOutcome> check_keyword(const CheckContext&, const Monitor&, Deadline);
Task<policy::CheckOutcome> check_mqtt(const CheckContext&, const Monitor&, Deadline);
Task<policy::CheckOutcome> check_mysql(const CheckContext&, const Monitor&, Deadline);
Task<policy::CheckOutcome> check_ping(const CheckContext&, const Monitor&, Deadline);
Task<policy::CheckOutcome> check_port(const CheckContext&, const Monitor&, Deadline);
Task<policy::CheckOutcome> check_postgres(const CheckContext&, const Monitor&, Deadline);
Task<policy::CheckOutcome> check_redis(const CheckContext&, const Monitor&, Deadline);
Task<policy::CheckOutcome> check_smtp(const CheckContext&, const Monitor&, Deadline);
Task<policy::CheckOutcome> check_websocket_upgrade(const CheckContext&, const Monitor&, Deadline);

}  // namespace higuma::checks
