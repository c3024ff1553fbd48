// The audit as it is shown: by the API and by the command.
#pragma once

#include <boost/json/array.hpp>
#include <vector>

#include "store/audit.h"

namespace verbatim::api {

// One object for each, in their order.
boost::json::array AuditJson(const std::vector<store::AuditEntry>& entries);

}  // namespace verbatim::api
