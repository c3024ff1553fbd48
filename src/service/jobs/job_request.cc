#include "jobs/impl/option_fields.h"
#include "jobs/jobs.h"

namespace verbatim::jobs {

Result<JobRequest> ParseJobRequest(std::string_view json) {
  const boost::json::object object = TRY(ParseJsonObject(json));
  JobRequest request;
  std::vector<JsonField> fields = OptionFields(request.options);
  fields.push_back(
      IntegerField("priority", {kPriorityMin, kPriorityMax},
                   [&request](int64_t number) { request.priority = static_cast<int>(number); }));
  fields.push_back(TextField("upload", &request.upload, 64));
  TRY_VOID(ReadJsonFields(object, "", fields));
  return request;
}

}  // namespace verbatim::jobs
