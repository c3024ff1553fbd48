// How much a token allows. Each scope allows all that those before it do.
#pragma once

#include <optional>
#include <string_view>

namespace verbatim::access {

enum class Scope {
  kRead,    // see jobs, transcripts, media, events
  kUpload,  // make, change, cancel and delete uploads and jobs
  kAdmin,   // change settings, see the audit
};

// "read", "upload", "admin".
std::string_view ScopeName(Scope scope);
std::optional<Scope> ParseScope(std::string_view name);

// Whether what one allows is enough for what another is needed for.
constexpr bool Covers(Scope granted, Scope needed) { return granted >= needed; }

}  // namespace verbatim::access
