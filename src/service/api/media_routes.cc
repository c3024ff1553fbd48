// The media that jobs were made from.
#include <fmt/format.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "api/api.h"
#include "api/impl/endpoint.h"
#include "api/impl/job_view.h"
#include "fields/byte_range.h"
#include "fields/file_headers.h"

namespace verbatim::api {
namespace {

using fields::ByteRange;
using fields::ContentDisposition;
using fields::Disposition;

struct Media {
  store::Upload upload;
  std::shared_ptr<ByteSource> source;
  uint64_t size = 0;
};

Result<Media> FindMedia(const Services& services, std::string_view id) {
  JobView view = TRY(FindJobView(services, id));
  if (!view.upload) return Fail(ErrorCode::kNotFound, "the job's media is no longer there");
  Media media;
  media.upload = std::move(*view.upload);
  media.source = TRY(services.uploads.OpenSource(view.job.upload));
  const std::optional<uint64_t> size = media.source->size();
  if (media.upload.state == store::UploadState::kReceiving || !size) {
    return Fail(ErrorCode::kConflict, "the media is still being received");
  }
  media.size = *size;
  return media;
}

// A part may only be sent if the client's other parts are of the same file (RFC 9110, 13.1.5).
ByteRange RangeFor(const http::Request& request, const std::string& etag, uint64_t size) {
  const auto condition = request.headers.Find("If-Range");
  if (condition && *condition != etag) return {ByteRange::Kind::kWhole, 0, size};
  return fields::ReadRange(request.headers.Find("Range"), size);
}

http::Response MediaHead(const store::Upload& upload, const std::string& etag) {
  http::Response head = http::MakeResponse(200, fields::MediaType(upload.filename), "");
  head.headers.Set("Accept-Ranges", "bytes");
  head.headers.Set("ETag", etag);
  head.headers.Set("Cache-Control", "private, no-cache");
  head.headers.Set("Content-Disposition",
                   ContentDisposition(Disposition::kAttachment, upload.filename));
  head.headers.Set("X-Content-Type-Options", "nosniff");
  head.headers.Set("Content-Security-Policy", "sandbox; default-src 'none'");
  return head;
}

http::Task<void> SendMedia(const Services& services, http::Exchange& exchange) {
  std::function<Result<Media>()> find = [&] {
    return FindMedia(services, exchange.parameter("id"));
  };
  Result<Media> media = co_await exchange.Offload(std::move(find));
  if (!media) {
    Error error = std::move(media).error();
    co_await SendError(services, exchange, std::move(error));
    co_return;
  }
  const http::Request& request = exchange.request();
  const std::string etag = "\"" + media->upload.sha256 + "\"";
  http::Response head = MediaHead(media->upload, etag);
  const auto known = request.headers.Find("If-None-Match");
  if (known && NamesEtag(*known, etag)) {
    head.status = 304;
    head.headers.Remove("Content-Type");
    co_await exchange.Send(std::move(head));
    co_return;
  }
  const ByteRange range = RangeFor(request, etag, media->size);
  if (range.kind == ByteRange::Kind::kUnsatisfiable) {
    head.status = 416;
    head.headers.Set("Content-Range", fmt::format("bytes */{}", media->size));
    co_await exchange.Send(std::move(head));
    co_return;
  }
  if (range.kind == ByteRange::Kind::kPart) {
    head.status = 206;
    head.headers.Set("Content-Range", fmt::format("bytes {}-{}/{}", range.offset,
                                                  range.offset + range.length - 1, media->size));
  }
  std::shared_ptr<ByteSource> source = std::move(media->source);
  co_await exchange.SendSource(std::move(head), std::move(source), range.offset, range.length);
}

}  // namespace

void AddMediaRoutes(const Services& services, std::vector<http::Route>& routes) {
  AddStreaming(services, routes, "GET", "/api/jobs/{id}/media", SendMedia);
}

}  // namespace verbatim::api
