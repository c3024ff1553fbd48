#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/api.h"
#include "api/form.h"
#include "api/impl/endpoint.h"
#include "api/problem.h"
#include "api/tus_headers.h"
#include "jobs/jobs.h"

namespace verbatim::api {
namespace {

using store::Upload;
using store::UploadState;

constexpr size_t kReadSize = 64 << 10;

std::string Location(const std::string& id) { return "/api/uploads/" + id; }

// Every answer of the protocol names its version, and none is for caches: offsets change.
http::Response WithTus(http::Response response) {
  response.headers.Set("Tus-Resumable", std::string(kTusVersion));
  response.headers.Set("Cache-Control", "no-store");
  if (response.status == 412) response.headers.Set("Tus-Version", std::string(kTusVersion));
  return response;
}

http::Response TusProblem(const TusRefusal& refusal) {
  return WithTus(ProblemForStatus(refusal.status, refusal.detail));
}

http::Response TusProblem(const Services& services, const http::Request& request,
                          const Error& error) {
  LogSecret(services, request, error);
  return WithTus(ProblemFor(error));
}

http::Response TusAnswer(int status) {
  http::Response response;
  response.status = status;
  return WithTus(std::move(response));
}

void SetOffset(http::Response& response, const Upload& upload) {
  response.headers.Set("Upload-Offset", std::to_string(upload.offset));
}

void SetExpiry(http::Response& response, const Upload& upload) {
  if (upload.expires_ms == 0 || upload.state == UploadState::kJoined) return;
  response.headers.Set("Upload-Expires", HttpDate(upload.expires_ms));
}

std::string_view StateName(UploadState state) {
  switch (state) {
    case UploadState::kReceiving: return "receiving";
    case UploadState::kComplete: return "complete";
    case UploadState::kJoined: return "joined";
  }
  return "";
}

boost::json::value Time(int64_t wall_ms) {
  if (wall_ms <= 0) return nullptr;
  return boost::json::value(UtcText(wall_ms));
}

boost::json::object UploadJson(const Upload& upload) {
  boost::json::value length = nullptr;
  if (upload.length) length = *upload.length;
  boost::json::value sha256 = nullptr;
  if (!upload.sha256.empty()) sha256 = upload.sha256;
  return {{"id", upload.id},
          {"filename", upload.filename},
          {"length", length},
          {"offset", upload.offset},
          {"sha256", sha256},
          {"state", StateName(upload.state)},
          {"expires", Time(upload.expires_ms)}};
}

TusResult<Upload> FindUpload(const Services& services, const std::string& id) {
  Result<Upload> upload = services.uploads.Find(id);
  if (!upload) {
    const Error& error = upload.error();
    return std::unexpected(TusRefusal{StatusOf(error.code), PublicDetail(error)});
  }
  return *std::move(upload);  // what has expired and is still there may go on
}

// What has come of a request's body: all of it, or what was kept before an error.
struct Received {
  Result<Upload> upload;
  // What the error alone does not say.
  std::optional<TusRefusal> refusal = std::nullopt;
};

struct Begin {
  std::string id;
  uint64_t offset = 0;
  std::optional<upload::Checksum> checksum;
};

// Sets `is_cut` if it is the client whose bytes do not come.
http::Task<Result<void>> ReceiveBytes(http::Exchange& exchange, upload::Receiver& receiver,
                                      bool& is_cut) {
  std::vector<char> buffer(kReadSize);
  while (true) {
    const Result<size_t> count = co_await exchange.Read(buffer);
    if (!count) {
      is_cut = count.error().code == ErrorCode::kIo;
      co_return Failure(count.error());
    }
    if (*count == 0) co_return Result<void>();
    const std::span<const char> bytes = std::span<const char>(buffer).first(*count);
    std::function<Result<void>()> work = [&receiver, bytes] { return receiver.Append(bytes); };
    Result<void> appended = co_await exchange.Offload(std::move(work));
    if (!appended) co_return appended;
  }
}

// Appends a request's body to an upload.
http::Task<Received> ReceiveBody(const Services& services, http::Exchange& exchange, Begin begin) {
  const std::function<void()> stop_reading = exchange.MakeAborter();
  std::unique_ptr<upload::Receiver> receiver;
  std::function<Result<void>()> open = [&]() -> Result<void> {
    receiver = TRY(services.uploads.Receive(begin.id, begin.offset, begin.checksum, stop_reading));
    return {};
  };
  Result<void> opened = co_await exchange.Offload(std::move(open));
  const TusRefusal taken_over{409, "another request took over this upload"};
  if (!opened) {
    Received refused{Failure(std::move(opened).error())};
    if (refused.upload.error().code == ErrorCode::kCancelled) refused.refusal = taken_over;
    co_return refused;
  }

  bool is_cut = false;
  Result<void> read = co_await ReceiveBytes(exchange, *receiver, is_cut);
  const bool is_whole = read.has_value();
  std::function<Result<Upload>()> close = [&receiver, is_whole] {
    Result<Upload> upload = is_whole ? receiver->Finish() : receiver->Save();
    receiver.reset();
    return upload;
  };
  Result<Upload> closed = co_await exchange.Offload(std::move(close));
  Received received{std::move(closed)};
  const bool is_failed = !received.upload;
  const ErrorCode code = is_failed ? received.upload.error().code : ErrorCode::kInternal;
  if (is_cut) {
    received.refusal = {408, "the client sends no more bytes, or too slowly"};
  } else if (is_failed && code == ErrorCode::kCancelled) {
    received.refusal = taken_over;
  } else if (is_failed && is_whole && begin.checksum && code == ErrorCode::kInvalidArgument) {
    received.refusal = {kTusChecksumMismatch, received.upload.error().message};
  }
  if (!is_whole) received.upload = Failure(std::move(read).error());
  co_return received;
}

// The refusal of bytes, with the offset that is true now.
http::Response BytesProblem(const Services& services, const http::Request& request,
                            const std::string& id, const Received& received) {
  http::Response response = received.refusal
                                ? TusProblem(*received.refusal)
                                : TusProblem(services, request, received.upload.error());
  if (const Result<Upload> upload = services.uploads.Find(id)) SetOffset(response, *upload);
  return response;
}

// POST: a new upload, maybe with its first bytes, or one of parts.

TusResult<upload::NewUpload> RequestOf(const TusCreation& creation) {
  upload::NewUpload request;
  request.length = creation.length;
  request.is_partial = creation.concat.kind == TusConcat::Kind::kPartial;
  request.metadata = creation.metadata_text;
  std::string_view filename = TusMetadataValue(creation.metadata, "filename");
  if (filename.empty()) filename = TusMetadataValue(creation.metadata, "name");
  request.filename = ShownFilename(filename);
  if (request.is_partial) return request;
  request.job_request = TusMetadataValue(creation.metadata, "job");
  if (request.job_request.empty()) return request;
  if (const auto job = jobs::ParseJobRequest(request.job_request); !job) {
    return std::unexpected(TusRefusal{400, "Upload-Metadata: job: " + job.error().message});
  }
  return request;
}

http::Response Created(const Upload& upload) {
  http::Response response = TusAnswer(201);
  response.headers.Set("Location", Location(upload.id));
  SetOffset(response, upload);
  SetExpiry(response, upload);
  return response;
}

http::Task<http::Response> AnswerCreation(const Services& services, http::Exchange& exchange) {
  const TusResult<TusCreation> creation = ParseTusCreation(exchange.request());
  if (!creation) co_return TusProblem(creation.error());
  const TusResult<upload::NewUpload> request = RequestOf(*creation);
  if (!request) co_return TusProblem(request.error());

  if (request->is_partial && !services.settings.Current().enable_parallel_upload) {
    co_return TusProblem({403, "parts are not taken: parallel uploads are switched off"});
  }

  const bool is_final = creation->concat.kind == TusConcat::Kind::kFinal;
  std::function<Result<Upload>()> create = [&] {
    return is_final ? services.uploads.Join(*request, creation->concat.parts)
                    : services.uploads.Create(*request);
  };
  Result<Upload> upload = co_await exchange.Offload(std::move(create));
  if (!upload) co_return TusProblem(services, exchange.request(), upload.error());
  if (!creation->has_bytes) co_return Created(*upload);

  Begin begin{upload->id, 0, creation->checksum};
  const Received received = co_await ReceiveBody(services, exchange, std::move(begin));
  if (received.upload) co_return Created(*received.upload);
  // The client does not know it yet, so nobody could go on with it.
  std::function<http::Response()> discard = [&] {
    http::Response response = BytesProblem(services, exchange.request(), upload->id, received);
    response.headers.Remove("Upload-Offset");
    if (auto done = services.uploads.Delete(upload->id); !done) {
      LogSecret(services, exchange.request(), done.error());
    }
    return response;
  };
  co_return co_await exchange.Offload(std::move(discard));
}

http::Task<void> PostUpload(const Services& services, http::Exchange& exchange) {
  http::Response response = co_await AnswerCreation(services, exchange);
  co_await exchange.Send(std::move(response));
}

// PATCH: bytes at the end of an upload.

// What can be told before bytes are read: an answer, or none if they are to be received.
std::optional<http::Response> AnswerBeforeBytes(const Services& services,
                                                const http::Request& request, const std::string& id,
                                                const TusPatch& patch) {
  TusResult<Upload> upload = FindUpload(services, id);
  if (!upload) return TusProblem(upload.error());
  if (!upload->parts.empty()) return TusProblem({403, "a final upload takes no bytes of its own"});
  if (patch.length && patch.length != upload->length) {
    if (auto settled = services.uploads.Settle(id); !settled) {
      return TusProblem(services, request, settled.error());
    }
    upload = FindUpload(services, id);
    if (!upload) return TusProblem(upload.error());
    if (patch.offset != upload->offset) {
      http::Response response = TusProblem({409, "the upload has another offset"});
      SetOffset(response, *upload);
      return response;
    }
    Result<Upload> changed = services.uploads.SetLength(id, *patch.length);
    if (!changed) return TusProblem(services, request, changed.error());
    *upload = *std::move(changed);
  }
  const bool is_complete = upload->state != UploadState::kReceiving;
  const uint64_t length = upload->length.value_or(UINT64_MAX);
  http::Response response;
  if (patch.offset > length || (is_complete && patch.offset != upload->offset)) {
    response = TusProblem({409, "the upload has another offset"});
  } else if (request.content_length.value_or(0) > length - patch.offset) {
    response = TusProblem({413, "more bytes than the upload's length"});
  } else if (is_complete) {
    response = TusAnswer(204);
    SetExpiry(response, *upload);
  } else {
    return std::nullopt;
  }
  SetOffset(response, *upload);
  return response;
}

http::Task<http::Response> AnswerPatch(const Services& services, http::Exchange& exchange) {
  const TusResult<TusPatch> patch = ParseTusPatch(exchange.request());
  if (!patch) co_return TusProblem(patch.error());
  const std::string id(exchange.parameter("id"));
  std::function<std::optional<http::Response>()> check = [&] {
    return AnswerBeforeBytes(services, exchange.request(), id, *patch);
  };
  std::optional<http::Response> answer = co_await exchange.Offload(std::move(check));
  if (answer) co_return std::move(*answer);

  Begin begin{id, patch->offset, patch->checksum};
  const Received received = co_await ReceiveBody(services, exchange, std::move(begin));
  if (received.upload) {
    http::Response response = TusAnswer(204);
    SetOffset(response, *received.upload);
    SetExpiry(response, *received.upload);
    co_return response;
  }
  std::function<http::Response()> refuse = [&] {
    return BytesProblem(services, exchange.request(), id, received);
  };
  co_return co_await exchange.Offload(std::move(refuse));
}

http::Task<void> PatchUpload(const Services& services, http::Exchange& exchange) {
  http::Response response = co_await AnswerPatch(services, exchange);
  co_await exchange.Send(std::move(response));
}

// HEAD: how far it is.

Result<http::Response> HeadUpload(const Services& services, const Call& call) {
  if (auto version = CheckTusVersion(call.request()); !version) return TusProblem(version.error());
  const std::string id(call.parameter("id"));
  if (auto settled = services.uploads.Settle(id);
      !settled && settled.error().code != ErrorCode::kNotFound) {
    return TusProblem(services, call.request(), settled.error());
  }
  const TusResult<Upload> upload = FindUpload(services, id);
  if (!upload) return TusProblem(upload.error());
  http::Response response = TusAnswer(200);
  SetOffset(response, *upload);
  SetExpiry(response, *upload);
  if (upload->length) {
    response.headers.Set("Upload-Length", std::to_string(*upload->length));
  } else {
    response.headers.Set("Upload-Defer-Length", "1");
  }
  if (!upload->metadata.empty()) response.headers.Set("Upload-Metadata", upload->metadata);
  if (upload->is_partial) response.headers.Set("Upload-Concat", "partial");
  if (!upload->parts.empty()) {
    std::string concat = "final;";
    for (const std::string& part : upload->parts) {
      if (!concat.ends_with(';')) concat += ' ';
      concat += Location(part);
    }
    response.headers.Set("Upload-Concat", std::move(concat));
  }
  return response;
}

Result<http::Response> DeleteUpload(const Services& services, const Call& call) {
  if (auto version = CheckTusVersion(call.request()); !version) return TusProblem(version.error());
  const std::string id(call.parameter("id"));
  const TusResult<Upload> upload = FindUpload(services, id);
  if (!upload) return TusProblem(upload.error());
  if (auto done = services.uploads.Delete(id); !done) {
    return TusProblem(services, call.request(), done.error());
  }
  return TusAnswer(204);
}

Result<http::Response> TusOptions(const Services& services, const Call&) {
  http::Response response = TusAnswer(204);
  response.headers.Set("Tus-Version", std::string(kTusVersion));
  std::string extensions(kTusExtensions);
  const settings::Settings settings = services.settings.Current();
  if (settings.enable_parallel_upload) extensions += ",concatenation";
  response.headers.Set("Tus-Extension", std::move(extensions));
  response.headers.Set("Tus-Checksum-Algorithm", std::string(kTusChecksums));
  const uint64_t size_max = services.uploads.limits().size_max;
  if (size_max > 0) response.headers.Set("Tus-Max-Size", std::to_string(size_max));
  // Not of the protocol: the size of the parts that clients should send.
  response.headers.Set("Upload-Chunk-Size", std::to_string(settings.chunk_upload_size));
  return response;
}

Result<http::Response> GetUpload(const Services& services, const Call& call) {
  const TusResult<Upload> upload = FindUpload(services, std::string(call.parameter("id")));
  if (!upload) return ProblemForStatus(upload.error().status, upload.error().detail);
  http::Response response = JsonResponse(200, UploadJson(*upload));
  response.headers.Set("Cache-Control", "no-store");
  return response;
}

// PUT: a whole file as the request's body.

Result<Upload> CreateForPut(const Services& services, const http::Request& request) {
  upload::NewUpload upload;
  upload.filename = ShownFilename(request.Query("filename").value_or(""));
  if (!request.is_chunked) upload.length = request.content_length.value_or(0);
  return services.uploads.Create(upload);
}

http::Response PutAnswer(const Services& services, const http::Request& request,
                         const Result<Upload>& upload) {
  if (!upload) {
    LogSecret(services, request, upload.error());
    return ProblemFor(upload.error());
  }
  http::Response response = JsonResponse(201, UploadJson(*upload));
  response.headers.Set("Location", Location(upload->id));
  response.headers.Set("Cache-Control", "no-store");
  return response;
}

http::Task<http::Response> AnswerPut(const Services& services, http::Exchange& exchange) {
  std::function<Result<Upload>()> create = [&] {
    return CreateForPut(services, exchange.request());
  };
  Result<Upload> upload = co_await exchange.Offload(std::move(create));
  if (!upload || upload->state == UploadState::kComplete) {
    co_return PutAnswer(services, exchange.request(), upload);
  }
  const std::string id = upload->id;
  Begin begin{id, 0, std::nullopt};
  Received received = co_await ReceiveBody(services, exchange, std::move(begin));
  std::function<http::Response()> complete = [&] {
    Result<Upload> whole = std::move(received.upload);
    if (whole && !whole->length) whole = services.uploads.SetLength(id, whole->offset);
    if (whole) return PutAnswer(services, exchange.request(), whole);
    // The client does not know its id, so nobody could go on with it.
    if (auto done = services.uploads.Delete(id); !done) {
      LogSecret(services, exchange.request(), done.error());
    }
    const auto& refusal = received.refusal;
    return refusal ? ProblemForStatus(refusal->status, refusal->detail)
                   : PutAnswer(services, exchange.request(), whole);
  };
  co_return co_await exchange.Offload(std::move(complete));
}

http::Task<void> PutUpload(const Services& services, http::Exchange& exchange) {
  http::Response response = co_await AnswerPut(services, exchange);
  co_await exchange.Send(std::move(response));
}

}  // namespace

void AddUploadRoutes(const Services& services, std::vector<http::Route>& routes) {
  constexpr const char* kAll = "/api/uploads";
  constexpr const char* kOne = "/api/uploads/{id}";
  // How much may come, uploads decide as it comes.
  AddStreaming(services, routes, "POST", kAll, PostUpload, http::kUnlimitedBody);
  AddStreaming(services, routes, "PUT", kAll, PutUpload, http::kUnlimitedBody);
  AddStreaming(services, routes, "PATCH", kOne, PatchUpload, http::kUnlimitedBody);
  AddEndpoint(services, routes, "OPTIONS", kAll, TusOptions);
  AddEndpoint(services, routes, "OPTIONS", kOne, TusOptions);
  AddEndpoint(services, routes, "HEAD", kOne, HeadUpload);
  AddEndpoint(services, routes, "GET", kOne, GetUpload);
  AddEndpoint(services, routes, "DELETE", kOne, DeleteUpload);
}

}  // namespace verbatim::api
