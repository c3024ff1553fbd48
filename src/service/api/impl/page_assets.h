// The files of the page for browsers, as bytes of the program's read-only data. web/pack.py writes
// the list at build time, of what Vite made.
#pragma once

#include <span>
#include <string_view>

namespace verbatim::api {

struct PageAsset {
  std::string_view name;  // "index.html"; all others are served below /assets/
  std::string_view content_type;
  std::string_view etag;  // weak: the same for both forms
  bool is_immutable;      // the name tells the content: kept by browsers for good
  std::string_view bytes;
  std::string_view gzip;  // empty where it would not be smaller
};

std::span<const PageAsset> PageAssets();

}  // namespace verbatim::api
