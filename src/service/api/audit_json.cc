#include "api/audit_json.h"

#include <boost/json/object.hpp>

#include "base/clock.h"

namespace verbatim::api {

namespace json = boost::json;

json::array AuditJson(const std::vector<store::AuditEntry>& entries) {
  json::array shown;
  for (const store::AuditEntry& entry : entries) {
    shown.push_back(json::object{{"id", entry.id},
                                 {"time", UtcText(entry.time_ms)},
                                 {"token", entry.token},
                                 {"name", entry.name},
                                 {"address", entry.address},
                                 {"action", entry.action},
                                 {"object", entry.object},
                                 {"outcome", entry.outcome}});
  }
  return shown;
}

}  // namespace verbatim::api
