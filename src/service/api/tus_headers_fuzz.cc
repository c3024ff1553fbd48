// Any bytes as the header fields of tus: what is taken is what it says, what is refused has a
// status of the protocol and a reason.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "api/tus_headers.h"
#include "base/check.h"
#include "base/random_id.h"

namespace api = verbatim::api;

namespace {

template <typename T>
bool IsTaken(const api::TusResult<T>& result) {
  if (result) return true;
  CHECK(result.error().status >= 400 && result.error().status < 500);
  CHECK(!result.error().detail.empty());
  return false;
}

void CheckFields(std::string_view text) {
  IsTaken(api::ParseTusNumber("Upload-Length", text));
  if (const auto metadata = api::ParseTusMetadata(text); IsTaken(metadata)) {
    std::set<std::string> keys;
    for (const auto& [key, value] : *metadata) CHECK(!key.empty() && keys.insert(key).second);
  }
  if (const auto checksum = api::ParseTusChecksum(text); IsTaken(checksum)) {
    CHECK(checksum->digest.size() == 20 || checksum->digest.size() == 32);
  }
  if (const auto concat = api::ParseTusConcat(text); IsTaken(concat)) {
    CHECK(std::ranges::all_of(concat->parts, verbatim::IsRandomId));
  }
}

// A line for each field, as "name: value".
verbatim::http::Request RequestOf(std::string_view text) {
  verbatim::http::Request request;
  request.headers.Add("Tus-Resumable", std::string(api::kTusVersion));
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const size_t colon = line.find(": ");
    if (colon != std::string_view::npos) {
      request.headers.Add(std::string(line.substr(0, colon)), std::string(line.substr(colon + 2)));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  request.content_length = text.size();
  return request;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckFields(text);
  const verbatim::http::Request request = RequestOf(text);
  IsTaken(api::ParseTusCreation(request));
  IsTaken(api::ParseTusPatch(request));
  return 0;
}
