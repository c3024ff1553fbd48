// A whole form received: its fields in memory, its one file as a completed upload. For endpoints
// that take a file and its options in one request.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/exchange.h"
#include "store/uploads.h"
#include "upload/uploads.h"

namespace verbatim::api {

struct FormField {
  std::string name;
  std::string value;
};

struct ReceivedForm {
  std::vector<FormField> fields;      // in the order they came; names may repeat
  std::optional<store::Upload> file;  // complete; none: the form has no file
  std::string file_field;             // the name of the file's field
};

// Reads the request's body, which is a form, to its end. The upload expires like any other that no
// job uses; who does not want it deletes it. On an error nothing is left.
// Errors: kInvalidArgument (not a form, malformed, a second file); kTooLarge (a field of more than
// 64 KiB, a file over the limit); kOutOfSpace; kIo; kCancelled (also: the client is gone).
http::Task<Result<ReceivedForm>> ReceiveForm(http::Exchange& exchange, upload::Uploads& uploads);

// A file's name as it may be shown: the last part of a path, valid UTF-8, no control characters, at
// most 255 bytes.
std::string ShownFilename(std::string_view name);

}  // namespace verbatim::api
