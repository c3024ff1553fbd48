#include "jobs/impl/dispatcher.h"

#include <algorithm>
#include <utility>

#include "base/contain.h"
#include "store/uploads.h"

namespace verbatim::jobs {
namespace {

using namespace std::chrono_literals;
using store::Connection;
using store::Job;

constexpr size_t kLookMin = 32;  // jobs of the queue that are read at first
// A look at more of them takes no more than this part of the time: with thousands of jobs whose
// files are still to come there would be time for little else.
constexpr int64_t kLongLookPart = 20;

constexpr auto kIdleTime = 5s;      // the bell rings before, unless something was overlooked
constexpr auto kRoomTime = 1s;      // between looks at what the next job waits for
constexpr auto kBytesTime = 250ms;  // between looks at an upload whose head is still to come

}  // namespace

Result<std::optional<ClaimedJob>> Dispatcher::Claim() {
  MutexLock lock(mutex_);
  is_awaiting_bytes_ = false;
  is_cut_short_ = false;
  refusal_ = {};
  if (roster_.is_closed() || roster_.count() >= static_cast<size_t>(limits_.Get().runners)) {
    return std::nullopt;
  }
  const bool may_look_on = clock_.SteadyMs() >= long_look_ms_;
  for (size_t count = kLookMin;; count *= 8) {
    is_cut_short_ = count > kLookMin && !may_look_on;
    if (is_cut_short_) return std::nullopt;
    const Candidates candidates = TRY(Look(count));
    for (const Candidate& candidate : candidates.list) {
      if (!TRY(MayStart(candidate))) continue;
      const RunNeeds needs = NeedsOf(candidate);
      if (auto reason = Refuse(candidate, needs)) {
        refusal_ = {candidate.job.id, *std::move(reason)};
        return std::nullopt;
      }
      if (std::optional<ClaimedJob> claimed = TRY(Take(candidate, needs))) {
        awaiting_whole_.erase(candidate.job.id);
        orders_.erase(candidate.job.upload);
        return claimed;
      }
    }
    if (candidates.is_all) return std::nullopt;
  }
}

Result<Dispatcher::Candidates> Dispatcher::Look(size_t count) {
  const auto look = [&](Connection& connection) { return LookIn(connection, count); };
  // On the writing connection, to see what a transaction commits that rang the bell before its end.
  if (count == kLookMin) return database_.Write(look);
  const int64_t begin_ms = clock_.SteadyMs();
  Result<Candidates> found = database_.Read(look);
  const int64_t end_ms = clock_.SteadyMs();
  long_look_ms_ = end_ms + kLongLookPart * (end_ms - begin_ms);
  return found;
}

Result<Dispatcher::Candidates> Dispatcher::LookIn(Connection& connection, size_t count) {
  Candidates found;
  std::set<std::string> receiving;  // uploads: where their first job may not start, none may
  std::vector<Job> queue = TRY(store::QueuedJobs(connection, count));
  found.is_all = queue.size() < count;
  for (Job& job : queue) {
    if (receiving.contains(job.upload)) continue;
    if (roster_.Find(job.id) != nullptr) continue;  // an attempt that was stopped is still ending
    const std::optional<store::Upload> upload = TRY(store::FindUpload(connection, job.upload));
    Candidate candidate{std::move(job), std::nullopt, true};
    if (upload) candidate.upload_length = upload->length;
    candidate.is_whole = !upload || upload->state != store::UploadState::kReceiving;
    if (!candidate.is_whole) receiving.insert(upload->id);
    found.list.push_back(std::move(candidate));
    if (found.list.back().is_whole) {
      found.is_all = true;
      break;
    }
  }
  return found;
}

Result<bool> Dispatcher::MayStart(const Candidate& candidate) {
  if (candidate.is_whole) return true;
  // A suspect keeps others out while it waits.
  if (awaiting_whole_.contains(candidate.job.id) || IsSuspect(candidate.job)) return false;
  const std::string& id = candidate.job.upload;
  ReadingOrder& order = orders_.try_emplace(id, ReadingOrder::kUnknown).first->second;
  if (order == ReadingOrder::kUnknown) {
    Result<std::shared_ptr<ByteSource>> source = uploads_.OpenSource(id);
    if (!source) return source.error().code == ErrorCode::kNotFound;  // its run says what is wrong
    order = TRY(FindReadingOrder(**source, {}));
  }
  if (order == ReadingOrder::kUnknown) is_awaiting_bytes_ = true;
  return order == ReadingOrder::kInOrder &&
         roster_.count() + 1 < static_cast<size_t>(limits_.Get().runners);
}

bool Dispatcher::IsSuspect(const Job& job) const {
  return job.crashes > 0 && job.crashes + 1 >= crashes_max_;
}

RunNeeds Dispatcher::NeedsOf(const Candidate& candidate) const {
  const JobOptions options = ParseJobOptions(candidate.job.options).value_or(JobOptions{});
  return {.model = options.model,
          .bytes = JobBytes(candidate.upload_length.value_or(0)),
          .is_alone = IsSuspect(candidate.job)};
}

// Why it has to wait; none: it starts.
std::optional<std::string> Dispatcher::Refuse(const Candidate& candidate, const RunNeeds& needs) {
  if (needs.is_alone && roster_.count() > 0) {
    return "The server ended while it was worked on, so it runs alone: it waits until the others "
           "have ended.";
  }
  return admission_.Refuse(candidate.job, needs);
}

Result<std::optional<ClaimedJob>> Dispatcher::Take(const Candidate& candidate, RunNeeds needs) {
  const Ledger::Attempt attempt{candidate.job.id, candidate.job.attempt + 1};
  // In the roster before it is running, so that no moment exists in which nobody has it.
  auto run = std::make_shared<ActiveRun>(attempt.job, attempt.number, clock_.SteadyMs(),
                                         candidate.upload_length.value_or(0), std::move(needs));
  roster_.Add(run);
  Result<std::optional<Job>> job = Contain([&] { return ledger_.Claim(attempt); });
  if (!job || !*job || IsFinal((*job)->state)) roster_.Remove(run.get());
  if (!job) return Failure(std::move(job).error());
  if (!*job) return std::nullopt;
  const bool is_final = IsFinal((*job)->state);
  return ClaimedJob{**std::move(job), is_final ? nullptr : std::move(run)};
}

void Dispatcher::AwaitWhole(const std::string& job) {
  MutexLock lock(mutex_);
  awaiting_whole_.insert(job);
}

std::string Dispatcher::WhyRefused(const std::string& job) const {
  MutexLock lock(mutex_);
  return refusal_.job == job ? refusal_.reason : "";
}

std::chrono::milliseconds Dispatcher::Patience() const {
  MutexLock lock(mutex_);
  if (is_cut_short_) {
    const int64_t left_ms = std::max<int64_t>(long_look_ms_ - clock_.SteadyMs(), 1);
    return std::min<std::chrono::milliseconds>(std::chrono::milliseconds(left_ms), kIdleTime);
  }
  if (is_awaiting_bytes_) return kBytesTime;
  return refusal_.job.empty() ? kIdleTime : kRoomTime;
}

}  // namespace verbatim::jobs
