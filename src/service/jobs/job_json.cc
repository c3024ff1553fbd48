#include "jobs/impl/job_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>

#include "base/clock.h"
#include "jobs/impl/json_fields.h"
#include "jobs/jobs.h"
#include "transcript/writers.h"

namespace verbatim::jobs {
namespace {

namespace json = boost::json;

// Null for "not yet".
json::value Time(int64_t wall_ms) {
  if (wall_ms <= 0) return nullptr;
  return json::value(UtcText(wall_ms));
}

double Seconds(int64_t ms) { return static_cast<double>(ms) / 1000; }
double Seconds(SampleTime time) { return Seconds(ToMilliseconds(time)); }

json::value Rounded(double number) { return std::round(number * 1000) / 1000; }
json::value OrNull(double number) { return number > 0 ? Rounded(number) : nullptr; }
json::value OrNull(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

bool HasTranscript(const store::Job& job) {
  return job.state == store::JobState::kCompleted ||
         job.state == store::JobState::kCompletedWithGaps;
}

// Of a job that is done, if it was done in one go: an earlier attempt's share of the work is not
// in its times.
double SpeedOf(const store::Job& job, const Pace& pace) {
  if (!HasTranscript(job)) return pace.speed;
  const int64_t worked_ms = job.finished_ms - job.started_ms;
  if (job.attempt != 1 || worked_ms <= 0 || !job.reused_from.empty()) return 0;
  return static_cast<double>(job.duration_ms) / static_cast<double>(worked_ms);
}

// What the client wanted listed; all, if it named none.
bool IsListed(const json::object& options, std::string_view format) {
  const json::value* field = options.if_contains("formats");
  const json::array* formats = field == nullptr ? nullptr : field->if_array();
  if (formats == nullptr || formats->empty()) return true;
  return std::ranges::any_of(*formats, [format](const json::value& listed) {
    return listed.is_string() && listed.get_string() == format;
  });
}

json::object TranscriptLinks(const store::Job& job, const json::object& options) {
  json::object links;
  if (!HasTranscript(job)) return links;
  for (const transcript::Format format :
       {transcript::Format::kTxt, transcript::Format::kSrt, transcript::Format::kVtt,
        transcript::Format::kJson, transcript::Format::kTsv}) {
    const std::string_view name = transcript::FormatName(format);
    if (!IsListed(options, name)) continue;
    links[{name.data(), name.size()}] = fmt::format("/api/jobs/{}/transcript.{}", job.id, name);
  }
  return links;
}

json::value ErrorOf(const store::Job& job) {
  if (job.error_code.empty()) return nullptr;
  return json::object{{"code", job.error_code}, {"message", job.error_message}};
}

}  // namespace

std::string JobJson(const store::Job& job, const std::string& filename,
                    const std::string& why_waiting, const Pace& pace) {
  const json::object options = ParseJsonObject(job.options).value_or(json::object());
  const json::object object = {
      {"id", job.id},
      {"state", store::JobStateName(job.state)},
      {"priority", job.priority},
      {"filename", filename},
      {"title", job.title},
      {"tags", json::array(job.tags.begin(), job.tags.end())},
      {"created", Time(job.created_ms)},
      {"started", Time(job.started_ms)},
      {"finished", Time(job.finished_ms)},
      {"position_s", Seconds(job.position_ms)},
      {"duration_s", OrNull(Seconds(job.duration_ms))},
      {"share", Rounded(job.share)},
      {"speed", OrNull(SpeedOf(job, pace))},
      {"eta_s", OrNull(pace.eta_s)},
      {"language", OrNull(job.language)},
      {"options", options},
      {"error", ErrorOf(job)},
      {"upload", job.upload},
      {"attempt", job.attempt},
      {"reused_from", OrNull(job.reused_from)},
      {"why_waiting", OrNull(why_waiting)},
      {"transcripts", TranscriptLinks(job, options)},
  };
  return json::serialize(object);
}

std::string ProgressJson(const store::Job& job, const Pace& pace) {
  return json::serialize(json::object{
      {"job", job.id},
      {"share", Rounded(job.share)},
      {"position_s", Seconds(job.position_ms)},
      {"duration_s", OrNull(Seconds(job.duration_ms))},
      {"speed", OrNull(pace.speed)},
      {"eta_s", OrNull(pace.eta_s)},
  });
}

std::string SegmentJson(const std::string& job, int64_t index, const transcript::Segment& segment,
                        Words words) {
  json::object object = {{"job", job},
                         {"index", index},
                         {"start", Seconds(segment.begin)},
                         {"end", Seconds(segment.end)},
                         {"text", segment.text}};
  if (words == Words::kWrite) {
    json::array list;
    for (const transcript::Word& word : segment.words) {
      list.push_back(json::object{{"word", word.text},
                                  {"start", Seconds(word.begin)},
                                  {"end", Seconds(word.end)},
                                  {"probability", Rounded(word.probability)}});
    }
    object["words"] = std::move(list);
  }
  return json::serialize(object);
}

}  // namespace verbatim::jobs
