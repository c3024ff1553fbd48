// Jobs: submit, list, look at, cancel, try again, delete. What they made is in
// transcript_routes.cc.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <utility>

#include "api/api.h"
#include "api/form.h"
#include "api/impl/endpoint.h"
#include "api/impl/job_form.h"
#include "api/impl/job_view.h"
#include "base/random_id.h"
#include "fields/url.h"
#include "store/jobs.h"

namespace verbatim::api {
namespace {

constexpr uint64_t kJsonBytesMax = 256 << 10;

http::Response JobResponse(const Services& services, int status, const store::Job& job) {
  return JsonTextResponse(status, JobText(services, job));
}

http::Response AcceptedResponse(const Services& services, const jobs::Submitted& submitted) {
  http::Response response = JobResponse(services, 202, submitted.job);
  response.headers.Set("Location", "/api/jobs/" + submitted.job.id);
  if (submitted.is_repeat) response.headers.Set("Idempotent-Replayed", "true");
  return response;
}

Result<http::Response> SubmitJson(const Services& services, const Call& call) {
  boost::json::object object = TRY(ParseObject(call.body));
  const boost::json::value* upload = object.if_contains("upload");
  if (upload == nullptr || !upload->is_string()) {
    return Fail(ErrorCode::kInvalidArgument, "upload: the id of an upload is needed");
  }
  if (!IsRandomId(upload->get_string())) {
    return Fail(ErrorCode::kNotFound, "there is no such upload");
  }
  const std::string upload_id(upload->get_string());
  object.erase("upload");
  jobs::JobRequest request = TRY(ParseRequestObject(object));
  request.upload = upload_id;
  request.idempotency_key = TRY(IdempotencyKey(call.request()));
  const jobs::Submitted submitted = TRY(services.jobs.Submit(request));
  return AcceptedResponse(services, submitted);
}

Result<jobs::Submitted> SubmitOfForm(const Services& services, const http::Request& http_request,
                                     const ReceivedForm& form) {
  if (!form.file) return Fail(ErrorCode::kInvalidArgument, "file: the form has no file");
  const boost::json::object object = TRY(RequestOfFields(form.fields));
  jobs::JobRequest request = TRY(ParseRequestObject(object));
  request.upload = form.file->id;
  request.idempotency_key = TRY(IdempotencyKey(http_request));
  return services.jobs.Submit(request);
}

// Nothing of a form is kept unless its file is that of a job: one that is sent again, with its key,
// brings its file again.
Result<http::Response> SubmitForm(const Services& services, const http::Request& request,
                                  const ReceivedForm& form) {
  Result<jobs::Submitted> submitted = SubmitOfForm(services, request, form);
  const bool is_used = submitted && form.file && submitted->job.upload == form.file->id;
  if (form.file && !is_used) {
    if (Result<void> deleted = services.uploads.Delete(form.file->id); !deleted) {
      services.log.Warning("upload {} stays until it expires: {}", form.file->id,
                           deleted.error().message);
    }
  }
  if (!submitted) return Failure(std::move(submitted).error());
  return AcceptedResponse(services, *submitted);
}

http::Task<void> SubmitFile(const Services& services, http::Exchange& exchange) {
  Result<ReceivedForm> form = co_await ReceiveForm(exchange, services.uploads);
  if (!form) {
    Error error = std::move(form).error();
    co_await SendError(services, exchange, std::move(error));
    co_return;
  }
  std::function<Result<http::Response>()> work = [&] {
    return SubmitForm(services, exchange.request(), *form);
  };
  Result<http::Response> made = co_await exchange.Offload(std::move(work));
  if (!made) {
    Error error = std::move(made).error();
    co_await SendError(services, exchange, std::move(error));
    co_return;
  }
  http::Response response = std::move(*made);
  co_await exchange.Send(std::move(response));
}

http::Task<void> Submit(const Services& services, http::Exchange& exchange) {
  const auto type = exchange.request().headers.Find("Content-Type");
  if (type && type->starts_with("multipart/form-data")) return SubmitFile(services, exchange);
  return RunEndpoint(services, exchange, SubmitJson, kJsonBytesMax);
}

Result<store::JobQuery> ReadQuery(const http::Request& request) {
  store::JobQuery query;
  query.count = static_cast<size_t>(TRY(QueryNumber(request, "limit", 50, {1, 200})));
  query.text = request.Query("q").value_or("");
  query.tag = request.Query("tag").value_or("");
  query.before = request.Query("after").value_or("");
  if (!query.before.empty() && !IsRandomId(query.before)) {
    return Fail(ErrorCode::kInvalidArgument, "after: the id of a job is needed");
  }
  const auto state = request.Query("state");
  if (!state || state->empty()) return query;
  query.state = store::ParseJobState(*state);
  if (!query.state) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("state: \"{}\" is none of queued, running, completed, "
                            "completed_with_gaps, failed, cancelled",
                            *state));
  }
  return query;
}

std::string NextPage(const http::Request& request, const store::JobQuery& query,
                     const std::string& last) {
  std::string target = fmt::format("/api/jobs?limit={}&after={}", query.count, last);
  for (const std::string_view name : {"state", "q", "tag"}) {
    const auto value = request.Query(name);
    if (value && !value->empty())
      target += fmt::format("&{}={}", name, fields::PercentEncoded(*value));
  }
  return target;
}

Result<http::Response> List(const Services& services, const Call& call) {
  store::JobQuery query = TRY(ReadQuery(call.request()));
  store::JobQuery wanted = query;
  ++wanted.count;  // one more tells whether there is a next page
  const auto find = [&](store::Connection& connection) -> Result<std::vector<JobView>> {
    std::vector<JobView> found;
    std::vector<store::Job> jobs = TRY(store::ListJobs(connection, wanted));
    for (store::Job& job : jobs) found.push_back(TRY(ViewOf(connection, std::move(job))));
    return found;
  };
  std::vector<JobView> views = TRY(services.database.Read(find));
  std::string next;
  if (views.size() > query.count) {
    views.resize(query.count);
    next = NextPage(call.request(), query, views.back().job.id);
  }
  std::string json = "{\"jobs\":[";
  for (const JobView& view : views) {
    if (!json.ends_with('[')) json += ',';
    json += JobText(services, view);
  }
  json += next.empty() ? "],\"next\":null}" : fmt::format("],\"next\":\"{}\"}}", next);
  http::Response response = JsonTextResponse(200, std::move(json));
  if (!next.empty()) response.headers.Set("Link", fmt::format("<{}>; rel=\"next\"", next));
  return WithEtag(call.request(), std::move(response));
}

Result<http::Response> Show(const Services& services, const Call& call) {
  const JobView view = TRY(FindJobView(services, call.parameter("id")));
  return WithEtag(call.request(), JsonTextResponse(200, JobText(services, view)));
}

Result<http::Response> Cancel(const Services& services, const Call& call) {
  const JobView view = TRY(FindJobView(services, call.parameter("id")));
  const store::Job job = TRY(services.jobs.Cancel(view.job.id));
  return JobResponse(services, 202, job);
}

Result<http::Response> Retry(const Services& services, const Call& call) {
  const JobView view = TRY(FindJobView(services, call.parameter("id")));
  const store::Job job = TRY(services.jobs.Retry(view.job.id));
  return JobResponse(services, 202, job);
}

// A live job is cancelled; one that has ended is removed.
Result<http::Response> Delete(const Services& services, const Call& call) {
  const JobView view = TRY(FindJobView(services, call.parameter("id")));
  if (!store::IsFinal(view.job.state)) return Cancel(services, call);
  TRY_VOID(services.jobs.Delete(view.job.id));
  return http::Response{204, {}, ""};
}

Result<http::Response> Change(const Services& services, const Call& call) {
  const JobView view = TRY(FindJobView(services, call.parameter("id")));
  const jobs::JobChange change = TRY(jobs::ParseJobChange(call.body));
  const store::Job job = TRY(services.jobs.Change(view.job.id, change));
  return JobResponse(services, 200, job);
}

Result<http::Response> ListTags(const Services& services, const Call& call) {
  const std::vector<store::TagCount> counts = TRY(services.database.Read(store::CountTags));
  boost::json::array tags;
  for (const store::TagCount& count : counts) {
    tags.push_back(boost::json::object{{"tag", count.tag}, {"jobs", count.jobs}});
  }
  return WithEtag(call.request(), JsonResponse(200, {{"tags", std::move(tags)}}));
}

}  // namespace

void AddJobRoutes(const Services& services, std::vector<http::Route>& routes) {
  AddStreaming(services, routes, "POST", "/api/jobs", Submit, http::kUnlimitedBody);
  AddEndpoint(services, routes, "GET", "/api/jobs", List);
  AddEndpoint(services, routes, "GET", "/api/jobs/{id}", Show);
  AddEndpoint(services, routes, "DELETE", "/api/jobs/{id}", Delete);
  AddEndpoint(services, routes, "PATCH", "/api/jobs/{id}", Change, kJsonBytesMax);
  AddEndpoint(services, routes, "POST", "/api/jobs/{id}/cancel", Cancel);
  AddEndpoint(services, routes, "POST", "/api/jobs/{id}/retry", Retry);
  AddEndpoint(services, routes, "GET", "/api/tags", ListTags);
}

}  // namespace verbatim::api
