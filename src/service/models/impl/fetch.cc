#include "models/impl/fetch.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string_view>

namespace verbatim::models {
namespace {

constexpr long kRangeNotSatisfiable = 416;
constexpr long kTooManyRequests = 429;

std::string Lowered(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), [](char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character + 32) : character;
  });
  return lowered;
}

// "X-Linked-ETag: "<64 hex digits>"" of a header line; empty for any other.
std::string StatedSha256(std::string_view header_line) {
  constexpr std::string_view kName = "x-linked-etag:";
  const std::string line = Lowered(header_line);
  if (!line.starts_with(kName)) return {};
  const size_t begin = line.find_first_of("0123456789abcdef", kName.size());
  if (begin == std::string::npos) return {};
  const size_t end = std::min(line.find_first_not_of("0123456789abcdef", begin), line.size());
  return end - begin == 64 ? line.substr(begin, 64) : std::string();
}

// The state of one try, seen by libcurl's callbacks.
struct Try {
  int fd = -1;
  uint64_t offset = 0;    // where the part file ended when the try began
  uint64_t received = 0;  // by this try
  int write_errno = 0;
  std::string stated_sha256;
  const FetchProgress* on_progress = nullptr;
  std::stop_token stop;
};

size_t OnBody(char* bytes, size_t, size_t count, void* user) {
  Try& attempt = *static_cast<Try*>(user);
  size_t done = 0;
  while (done < count) {
    const ssize_t written = write(attempt.fd, bytes + done, count - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      attempt.write_errno = errno;
      return CURL_WRITEFUNC_ERROR;
    }
    done += static_cast<size_t>(written);
  }
  attempt.received += count;
  return count;
}

size_t OnHeader(char* bytes, size_t, size_t count, void* user) {
  std::string stated = StatedSha256({bytes, count});
  if (!stated.empty()) static_cast<Try*>(user)->stated_sha256 = std::move(stated);
  return count;
}

int OnTransfer(void* user, curl_off_t total, curl_off_t, curl_off_t, curl_off_t) {
  const Try& attempt = *static_cast<const Try*>(user);
  if (attempt.stop.stop_requested()) return 1;
  if (*attempt.on_progress && attempt.received > 0) {
    const uint64_t length = total > 0 ? attempt.offset + static_cast<uint64_t>(total) : 0;
    (*attempt.on_progress)(attempt.offset + attempt.received, length);
  }
  return 0;
}

struct TryOutcome {
  CURLcode code = CURLE_OK;
  long status = 0;
  std::string message;
};

TryOutcome Perform(const std::string& url, const FetchOptions& options, Try& attempt) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 curl_easy_cleanup);
  if (!curl) return {CURLE_FAILED_INIT, 0, "libcurl could not start"};
  CURL* handle = curl.get();
  char text[CURL_ERROR_SIZE] = "";
  const char* protocols = url.starts_with("http://") ? "http,https" : "https";
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, protocols);
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, 8L);
  curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "verbatim");
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, text);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT,
                   static_cast<long>(options.connect_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1000L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME,
                   static_cast<long>(options.stall_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(attempt.offset));
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &attempt);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &attempt);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, OnTransfer);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &attempt);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  TryOutcome outcome;
  outcome.code = curl_easy_perform(handle);
  outcome.message = text[0] != '\0' ? text : curl_easy_strerror(outcome.code);
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &outcome.status);
  return outcome;
}

// What a person can do nothing about by waiting a moment is not tried again.
bool IsWorthARetry(const TryOutcome& outcome) {
  switch (outcome.code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM: return true;
    case CURLE_HTTP_RETURNED_ERROR:
      return outcome.status >= 500 || outcome.status == kTooManyRequests;
    default: return false;
  }
}

// The server can't go on where the part file ends: the file must be fetched from its beginning.
bool RefusesRange(const TryOutcome& outcome) {
  return outcome.code == CURLE_RANGE_ERROR ||
         (outcome.code == CURLE_HTTP_RETURNED_ERROR && outcome.status == kRangeNotSatisfiable);
}

Error ErrorOf(const TryOutcome& outcome, const Try& attempt, const std::filesystem::path& part) {
  if (attempt.stop.stop_requested()) return {ErrorCode::kCancelled, "stopped"};
  if (attempt.write_errno != 0) {
    return SystemError(attempt.write_errno, "writing " + part.string());
  }
  if (outcome.code == CURLE_HTTP_RETURNED_ERROR) {
    const bool is_missing = outcome.status == 404 || outcome.status == 410;
    return {is_missing ? ErrorCode::kNotFound : ErrorCode::kIo,
            fmt::format("the server answers with HTTP status {}", outcome.status)};
  }
  return {ErrorCode::kIo, outcome.message};
}

// Sleeps, unless stopped. Returns whether it was stopped.
bool WaitUnlessStopped(std::chrono::milliseconds duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any condition;
  std::unique_lock lock(mutex);
  condition.wait_for(lock, stop, duration, [] { return false; });
  return stop.stop_requested();
}

class PartFile {
 public:
  explicit PartFile(const std::filesystem::path& path)
      : fd_(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {}
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;
  ~PartFile() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }
  uint64_t size() const {
    struct stat status{};
    return fstat(fd_, &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0;
  }
  bool Empty() { return ftruncate(fd_, 0) == 0; }
  bool Sync() { return fsync(fd_) == 0; }

 private:
  int fd_;
};

}  // namespace

Result<Fetched> Fetch(const std::string& url, const std::filesystem::path& part,
                      const FetchOptions& options, const FetchProgress& on_progress,
                      const std::stop_token& stop) {
  PartFile file(part);
  if (file.fd() < 0) return Failure(SystemError(errno, "writing " + part.string()));
  Fetched fetched{.stated_sha256 = {}, .was_resumed = file.size() > 0};
  std::chrono::milliseconds wait = options.retry_wait;
  for (int idle_tries = 0; idle_tries < options.idle_tries_max;) {
    Try attempt;
    attempt.fd = file.fd();
    attempt.offset = file.size();
    attempt.on_progress = &on_progress;
    attempt.stop = stop;
    const TryOutcome outcome = Perform(url, options, attempt);
    if (!attempt.stated_sha256.empty()) fetched.stated_sha256 = attempt.stated_sha256;
    if (outcome.code == CURLE_OK) {
      if (!file.Sync()) return Failure(SystemError(errno, "writing " + part.string()));
      return fetched;
    }
    const Error error = ErrorOf(outcome, attempt, part);
    const bool starts_over = RefusesRange(outcome) && attempt.offset > 0;
    if (starts_over && file.Empty()) {
      fetched.was_resumed = false;
      ++idle_tries;
      continue;
    }
    if (!IsWorthARetry(outcome) || error.code != ErrorCode::kIo) return Failure(error);
    if (attempt.received > 0) {
      idle_tries = 0;
      wait = options.retry_wait;
      continue;
    }
    if (++idle_tries == options.idle_tries_max) return Failure(error);
    if (WaitUnlessStopped(wait, stop)) return Fail(ErrorCode::kCancelled, "stopped");
    wait *= 2;
  }
  return Fail(ErrorCode::kIo, "the server does not send the file as asked");
}

}  // namespace verbatim::models
