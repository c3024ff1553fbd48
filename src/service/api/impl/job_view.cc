#include "api/impl/job_view.h"

#include <utility>

#include "base/random_id.h"
#include "jobs/jobs.h"

namespace verbatim::api {

Result<JobView> ViewOf(store::Connection& connection, store::Job job) {
  JobView view{std::move(job), std::nullopt};
  view.upload = TRY(store::FindUpload(connection, view.job.upload));
  return view;
}

Result<JobView> FindJobView(const Services& services, std::string_view id) {
  if (!IsRandomId(id)) return Fail(ErrorCode::kNotFound, "there is no such job");
  return services.database.Read([&](store::Connection& connection) -> Result<JobView> {
    std::optional<store::Job> job = TRY(store::FindJob(connection, std::string(id)));
    if (!job) return Fail(ErrorCode::kNotFound, "there is no such job");
    return ViewOf(connection, std::move(*job));
  });
}

std::string JobText(const Services& services, const JobView& view) {
  const bool is_waiting = view.job.state == store::JobState::kQueued;
  const bool is_running = view.job.state == store::JobState::kRunning;
  return jobs::JobJson(view.job, view.filename(),
                       is_waiting ? services.jobs.WhyWaiting(view.job) : std::string(),
                       is_running ? services.jobs.PaceOf(view.job.id) : jobs::Pace{});
}

std::string JobText(const Services& services, const store::Job& job) {
  const Result<JobView> view = services.database.Read(
      [&](store::Connection& connection) { return ViewOf(connection, job); });
  return JobText(services, view ? *view : JobView{job, std::nullopt});
}

}  // namespace verbatim::api
