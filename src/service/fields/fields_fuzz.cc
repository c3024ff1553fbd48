// Any bytes as header fields and file names: a range lies within its file, and nothing that is said
// of a file can end a field or lead to another folder.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/check.h"
#include "fields/byte_range.h"
#include "fields/file_headers.h"

namespace fields = verbatim::fields;

namespace {

void CheckRange(std::string_view field, uint64_t size) {
  const fields::ByteRange range = fields::ReadRange(field, size);
  if (range.kind != fields::ByteRange::Kind::kPart) return;
  CHECK(range.length > 0 && range.offset < size && range.length <= size - range.offset);
}

void CheckName(std::string_view name) {
  for (const auto kind : {fields::Disposition::kInline, fields::Disposition::kAttachment}) {
    const std::string field = fields::ContentDisposition(kind, name);
    CHECK(std::ranges::all_of(field, [](char c) { return c >= ' ' && c < '\x7f'; }));
    CHECK(std::ranges::count(field, '"') % 2 == 0);
  }
  CHECK(fields::TranscriptFilename(name, "srt").ends_with(".srt"));
  CHECK(!fields::MediaType(name).contains("html") && !fields::MediaType(name).contains("svg"));
}

}  // namespace

// The first eight bytes are the file's size.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  uint64_t file_size = 0;
  std::memcpy(&file_size, data, std::min(size, sizeof file_size));
  const size_t skipped = std::min(size, sizeof file_size);
  const std::string_view text(reinterpret_cast<const char*>(data) + skipped, size - skipped);
  CheckRange(text, file_size);
  CheckRange("bytes=" + std::string(text), file_size % 1000);
  CheckName(text);
  return 0;
}
