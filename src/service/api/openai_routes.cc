// OpenAI's audio API, so that its clients work as they are. Each call is a job of its own, ahead of
// others, which is deleted with its file once it was answered.
// Source: the Python package `openai`, resources/audio.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "api/api.h"
#include "api/form.h"
#include "api/impl/endpoint.h"
#include "api/impl/job_view.h"
#include "api/impl/openai_answer.h"
#include "api/impl/openai_request.h"
#include "api/problem.h"
#include "store/transcripts.h"
#include "transcript/writers.h"

namespace verbatim::api {
namespace {

using transcript::Transcript;
template <typename T>
using OpenAiResult = std::expected<T, OpenAiError>;

constexpr int kPriority = 5;  // somebody waits
constexpr size_t kEventsAtOnce = 64;
constexpr std::chrono::seconds kLookAgain{5};  // if an event were missed

// A job that is being waited for.
struct Waiting {
  OpenAiRequest request;
  std::string job;
  int64_t after = 0;  // the newest event that was seen
};

void DeleteUpload(const Services& services, const std::string& id) {
  if (Result<void> deleted = services.uploads.Delete(id); !deleted) {
    services.log.Warning("upload {} stays until it expires: {}", id, deleted.error().message);
  }
}

OpenAiResult<Waiting> SubmitChecked(const Services& services, const ReceivedForm& form,
                                    pipeline::Task task) {
  OpenAiResult<OpenAiRequest> request = ReadOpenAiFields(form.fields);
  if (!request) return std::unexpected(std::move(request).error());
  if (!form.file || form.file_field != "file") {
    return std::unexpected(OpenAiError{400, "file: the sound is needed as a file of this name",
                                       "invalid_request_error", "file", "missing_required_field"});
  }
  request->options.task = task;
  const std::string& model = request->options.model;
  const Result<void> has_model =
      services.engines.Check(model.empty() ? services.settings.Current().model : model);
  if (!has_model && !IsSecret(has_model.error().code)) return std::unexpected(NoSuchModel(model));
  jobs::JobRequest job{form.file->id, request->options, kPriority, "", true};
  const int64_t newest = services.events.newest();
  Result<jobs::Submitted> submitted = services.jobs.Submit(job);
  if (!submitted) return std::unexpected(OpenAiErrorOf(submitted.error()));
  return Waiting{std::move(*request), submitted->job.id, newest};
}

OpenAiResult<Waiting> SubmitForm(const Services& services, const http::Request& request,
                                 const ReceivedForm& form, pipeline::Task task) {
  OpenAiResult<Waiting> waiting = SubmitChecked(services, form, task);
  if (waiting) return waiting;
  if (waiting.error().status >= 500) {
    services.log.Warning("{}: {}", request.path, waiting.error().message);
  }
  if (form.file) DeleteUpload(services, form.file->id);
  return waiting;
}

// What the events of a page say: text that is new, and whether to look at the job.
struct News {
  std::string text;
  bool has_changed = false;
};

News NewsOf(const EventHub::Page& page) {
  News news;
  for (const auto& event : page.events) {
    if (event->type == "job") news.has_changed = true;
    if (event->type != "segment") continue;
    boost::system::error_code error;
    const boost::json::value data = boost::json::parse(event->data, error);
    if (error || !data.is_object()) continue;
    const boost::json::value* text = data.get_object().if_contains("text");
    if (text != nullptr && text->is_string()) news.text += text->get_string();
  }
  return news;
}

// Writes the text as it comes.
class TextStream {
 public:
  // What is to be written for more text: the outer spaces of the whole are left out.
  std::string Take(std::string_view text) {
    if (told_.empty()) text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) return "";
    told_ += text;
    return DeltaEvent(text);
  }

  // What is to be written at the end: what was not told as it came, and the whole.
  std::string Finish(std::string_view whole) {
    std::string events;
    if (whole.starts_with(told_)) events = Take(whole.substr(told_.size()));
    return events + DoneEvent(whole);
  }

 private:
  std::string told_;
};

http::Task<Result<EventHub::Page>> ReadEvents(const Services& services, http::Exchange& exchange,
                                              const Waiting& waiting) {
  if (auto recent = services.events.Recent(waiting.after, kEventsAtOnce, waiting.job)) {
    co_return std::move(*recent);
  }
  std::function<Result<EventHub::Page>()> read = [&services, &waiting] {
    return services.events.After(waiting.after, kEventsAtOnce, waiting.job);
  };
  Result<EventHub::Page> page = co_await exchange.Offload(std::move(read));
  const bool is_behind = !page && page.error().code == ErrorCode::kNotFound;
  if (is_behind) co_return EventHub::Page{{}, services.events.newest()};
  co_return std::move(page);
}

http::Task<Result<store::Job>> FindJob(const Services& services, http::Exchange& exchange,
                                       const std::string& id) {
  std::function<Result<store::Job>()> find = [&services, &id]() -> Result<store::Job> {
    return TRY(FindJobView(services, id)).job;
  };
  Result<store::Job> job = co_await exchange.Offload(std::move(find));
  co_return std::move(job);
}

// Waits until the job has ended. `stream`: null, or where its text goes meanwhile.
// Errors: kCancelled if the client or the server goes first; those of the ledger.
http::Task<Result<store::Job>> WaitForEnd(const Services& services, http::Exchange& exchange,
                                          Waiting& waiting, TextStream* stream) {
  const std::shared_ptr<http::Wakeup> wakeup = exchange.MakeWakeup();
  const std::function<void()> unsubscribe = services.events.Subscribe(wakeup);
  const std::unique_ptr<const void, std::function<void(const void*)>> subscription(
      &waiting, [&unsubscribe](const void*) { unsubscribe(); });
  bool has_changed = true;
  while (!exchange.stop().stop_requested()) {
    Result<EventHub::Page> page = co_await ReadEvents(services, exchange, waiting);
    if (!page) co_return Failure(std::move(page).error());
    const News news = NewsOf(*page);
    const bool has_moved = page->scanned_to != waiting.after;
    waiting.after = page->scanned_to;
    has_changed = has_changed || news.has_changed;
    const std::string events = stream != nullptr ? stream->Take(news.text) : std::string();
    if (!events.empty()) {
      const Result<void> written = co_await exchange.Write(events);
      if (!written) break;
    }
    if (has_moved) continue;  // first all that happened, then the job as it is now
    if (std::exchange(has_changed, false)) {
      Result<store::Job> job = co_await FindJob(services, exchange, waiting.job);
      if (!job || store::IsFinal(job->state)) co_return std::move(job);
    }
    const bool is_notified = co_await wakeup->Wait(kLookAgain);
    if (!is_notified) has_changed = true;
  }
  co_return Fail(ErrorCode::kCancelled, "the call ended before its result was there");
}

// The transcript of a job that has ended.
OpenAiResult<Transcript> TranscriptOf(const Services& services, const Result<store::Job>& job) {
  if (!job) return std::unexpected(OpenAiErrorOf(job.error()));
  const Result<std::optional<std::string>> stored = services.database.Read(
      [&](store::Connection& connection) { return store::FindTranscript(connection, job->id); });
  if (!stored) return std::unexpected(OpenAiErrorOf(stored.error()));
  if (!*stored) {
    const bool is_cancelled = job->state == store::JobState::kCancelled;
    return std::unexpected(is_cancelled ? OpenAiErrorOfJob("cancelled", "the job was cancelled")
                                        : OpenAiErrorOfJob(job->error_code, job->error_message));
  }
  Result<Transcript> transcript = transcript::ReadJson(**stored);
  if (!transcript) return std::unexpected(OpenAiErrorOf({ErrorCode::kInternal, ""}));
  return std::move(*transcript);
}

// Nothing of the call stays behind.
void Forget(const Services& services, const std::string& job) {
  (void)services.jobs.Cancel(job);  // if the client went first
  const Result<void> deleted = services.jobs.Delete(job);
  if (deleted || deleted.error().code == ErrorCode::kNotFound) return;
  services.log.Warning("job {} stays: {}", job, deleted.error().message);
}

OpenAiResult<Transcript> Finish(const Services& services, const Waiting& waiting,
                                const Result<store::Job>& job) {
  OpenAiResult<Transcript> transcript = TranscriptOf(services, job);
  Forget(services, waiting.job);
  return transcript;
}

http::Task<void> Stream(const Services& services, http::Exchange& exchange, Waiting waiting) {
  http::Response head = http::MakeResponse(200, "text/event-stream", "");
  head.headers.Set("X-Accel-Buffering", "no");
  (void)co_await exchange.Begin(std::move(head));
  TextStream stream;
  const Result<store::Job> job = co_await WaitForEnd(services, exchange, waiting, &stream);
  std::function<OpenAiResult<Transcript>()> finish = [&] { return Finish(services, waiting, job); };
  const OpenAiResult<Transcript> transcript = co_await exchange.Offload(std::move(finish));
  const std::string last =
      transcript ? stream.Finish(PlainText(*transcript)) : ErrorEvent(transcript.error());
  (void)co_await exchange.Write(last);
  (void)co_await exchange.End();
}

http::Task<void> Answer(const Services& services, http::Exchange& exchange, Waiting waiting) {
  const Result<store::Job> job = co_await WaitForEnd(services, exchange, waiting, nullptr);
  std::function<OpenAiResult<Transcript>()> finish = [&] { return Finish(services, waiting, job); };
  const OpenAiResult<Transcript> transcript = co_await exchange.Offload(std::move(finish));
  http::Response response = transcript ? OpenAiAnswer(*transcript, waiting.request)
                                       : OpenAiErrorResponse(transcript.error());
  co_await exchange.Send(std::move(response));
}

http::Task<void> Handle(const Services& services, http::Exchange& exchange, pipeline::Task task) {
  Result<ReceivedForm> form = co_await ReceiveForm(exchange, services.uploads);
  if (!form) {
    LogSecret(services, exchange.request(), form.error());
    http::Response refusal = OpenAiErrorResponse(OpenAiErrorOf(form.error()));
    co_await exchange.Send(std::move(refusal));
    co_return;
  }
  std::function<OpenAiResult<Waiting>()> submit = [&] {
    return SubmitForm(services, exchange.request(), *form, task);
  };
  OpenAiResult<Waiting> waiting = co_await exchange.Offload(std::move(submit));
  if (!waiting) {
    http::Response refusal = OpenAiErrorResponse(waiting.error());
    co_await exchange.Send(std::move(refusal));
    co_return;
  }
  if (waiting->request.is_streaming) {
    co_await Stream(services, exchange, std::move(*waiting));
  } else {
    co_await Answer(services, exchange, std::move(*waiting));
  }
}

http::Task<void> Transcriptions(const Services& services, http::Exchange& exchange) {
  return Handle(services, exchange, pipeline::Task::kTranscribe);
}

http::Task<void> Translations(const Services& services, http::Exchange& exchange) {
  return Handle(services, exchange, pipeline::Task::kTranslate);
}

boost::json::object ModelObject(const std::string& name, int64_t created_s) {
  return {{"id", name}, {"object", "model"}, {"created", created_s}, {"owned_by", "verbatim"}};
}

// The installed ones, and the name that stands for the default.
boost::json::array ModelObjects(const Services& services) {
  boost::json::array models;
  int64_t default_created_s = 0;
  for (const jobs::ModelInfo& model : services.engines.Installed()) {
    models.push_back(ModelObject(model.name, model.created_s));
    if (model.name == services.settings.Current().model) default_created_s = model.created_s;
  }
  models.push_back(ModelObject("whisper-1", default_created_s));
  return models;
}

Result<http::Response> ListModels(const Services& services, const Call&) {
  return JsonResponse(200, {{"object", "list"}, {"data", ModelObjects(services)}});
}

Result<http::Response> ShowModel(const Services& services, const Call& call) {
  const std::string_view id = call.parameter("id");
  for (const boost::json::value& model : ModelObjects(services)) {
    if (model.get_object().at("id") == boost::json::string_view(id)) {
      return JsonResponse(200, model.get_object());
    }
  }
  return OpenAiErrorResponse(NoSuchModel(id));
}

}  // namespace

void AddOpenAiRoutes(const Services& services, std::vector<http::Route>& routes) {
  AddStreaming(services, routes, "POST", "/v1/audio/transcriptions", Transcriptions,
               http::kUnlimitedBody);
  AddStreaming(services, routes, "POST", "/v1/audio/translations", Translations,
               http::kUnlimitedBody);
  AddEndpoint(services, routes, "GET", "/v1/models", ListModels);
  AddEndpoint(services, routes, "GET", "/v1/models/{id}", ShowModel);
}

}  // namespace verbatim::api
