// Requests about jobs, as JSON.
#include <boost/json/array.hpp>
#include <functional>
#include <utility>

#include "jobs/impl/option_fields.h"
#include "jobs/job_labels.h"
#include "jobs/jobs.h"

namespace verbatim::jobs {
namespace {

namespace json = boost::json;

JsonField PriorityField(std::function<void(int)> take) {
  return IntegerField("priority", {kPriorityMin, kPriorityMax},
                      [take = std::move(take)](int64_t number) { take(static_cast<int>(number)); });
}

JsonField TitleField(std::function<void(std::string)> take) {
  return {"title", [take = std::move(take)](const json::value& value) -> Result<void> {
            const json::string* text = value.if_string();
            if (text == nullptr) return WrongField("title", value, "it must be a text");
            take(TRY(CheckedTitle({text->data(), text->size()})));
            return {};
          }};
}

JsonField TagsField(std::function<void(std::vector<std::string>)> take) {
  return {"tags", [take = std::move(take)](const json::value& value) -> Result<void> {
            const json::array* list = value.if_array();
            if (list == nullptr) return WrongField("tags", value, "it must be a list");
            std::vector<std::string> tags;
            for (const json::value& item : *list) {
              const json::string* tag = item.if_string();
              if (tag == nullptr) return WrongField("tags", value, "it must be a list of texts");
              tags.emplace_back(tag->data(), tag->size());
            }
            take(TRY(CheckedTags(tags)));
            return {};
          }};
}

}  // namespace

Result<JobRequest> ParseJobRequest(std::string_view text) {
  const json::object object = TRY(ParseJsonObject(text));
  JobRequest request;
  std::vector<JsonField> fields = OptionFields(request.options);
  fields.push_back(PriorityField([&request](int number) { request.priority = number; }));
  fields.push_back(TitleField([&](std::string title) { request.title = std::move(title); }));
  fields.push_back(
      TagsField([&](std::vector<std::string> tags) { request.tags = std::move(tags); }));
  fields.push_back(TextField("upload", &request.upload, 64));
  TRY_VOID(ReadJsonFields(object, "", fields));
  return request;
}

Result<JobChange> ParseJobChange(std::string_view text) {
  const json::object object = TRY(ParseJsonObject(text));
  JobChange change;
  const std::vector<JsonField> fields = {
      PriorityField([&change](int number) { change.priority = number; }),
      TitleField([&change](std::string title) { change.title = std::move(title); }),
      TagsField([&change](std::vector<std::string> tags) { change.tags = std::move(tags); })};
  TRY_VOID(ReadJsonFields(object, "", fields));
  if (change.priority || change.title || change.tags) return change;
  return Fail(ErrorCode::kInvalidArgument, "priority, title or tags: one of them is needed");
}

}  // namespace verbatim::jobs
