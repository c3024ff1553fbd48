#include "http/message.h"

#include <algorithm>
#include <boost/beast/core/error.hpp>  // without it the next one does not compile alone
#include <boost/beast/http/status.hpp>

namespace verbatim::http {
namespace {

char Lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

}  // namespace

bool SameWord(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, Lower, Lower);
}

std::optional<std::string_view> Headers::Find(std::string_view name) const {
  std::optional<std::string_view> found;
  for (const Field& field : fields_) {
    if (!SameWord(field.name, name)) continue;
    if (found) return std::nullopt;
    found = field.value;
  }
  return found;
}

size_t Headers::Count(std::string_view name) const {
  return static_cast<size_t>(std::ranges::count_if(
      fields_, [name](const Field& field) { return SameWord(field.name, name); }));
}

void Headers::Add(std::string name, std::string value) {
  fields_.push_back({std::move(name), std::move(value)});
}

void Headers::Set(std::string_view name, std::string value) {
  Remove(name);
  Add(std::string(name), std::move(value));
}

void Headers::Remove(std::string_view name) {
  std::erase_if(fields_, [name](const Field& field) { return SameWord(field.name, name); });
}

std::optional<std::string_view> Request::Query(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Response MakeResponse(int status, std::string_view content_type, std::string body) {
  Response response;
  response.status = status;
  response.headers.Add("Content-Type", std::string(content_type));
  response.body = std::move(body);
  return response;
}

std::string_view ReasonPhrase(int status) {
  if (status == 413) return "Content Too Large";
  if (status == 422) return "Unprocessable Content";
  if (status == 460) return "Checksum Mismatch";  // tus
  return boost::beast::http::obsolete_reason(
      boost::beast::http::int_to_status(static_cast<unsigned>(status)));
}

}  // namespace verbatim::http
