#include "access/scope.h"

namespace verbatim::access {

std::string_view ScopeName(Scope scope) {
  switch (scope) {
    case Scope::kRead: return "read";
    case Scope::kUpload: return "upload";
    case Scope::kAdmin: break;
  }
  return "admin";
}

std::optional<Scope> ParseScope(std::string_view name) {
  for (const Scope scope : {Scope::kRead, Scope::kUpload, Scope::kAdmin}) {
    if (ScopeName(scope) == name) return scope;
  }
  return std::nullopt;
}

}  // namespace verbatim::access
