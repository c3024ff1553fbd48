#include "webhook/webhooks.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "digest/digest.h"
#include "store/webhooks.h"
#include "webhook/impl/post.h"

namespace verbatim::webhook {
namespace {

using store::Connection;
using store::Webhook;

constexpr int64_t kFirstPauseMs = 10'000;
constexpr int64_t kLongestPauseMs = 3'600'000;
constexpr int64_t kGiveUpMs = 24 * 3'600'000;
constexpr size_t kBatch = 20;

// 10 s, 20 s, 40 s ... an hour.
int64_t PauseMs(int tries) {
  return std::min(kFirstPauseMs << std::min(tries, 20), kLongestPauseMs);
}

class LedgerWebhooks final : public Webhooks {
 public:
  LedgerWebhooks(WebhookOptions options, store::Database& database, const Clock& clock, Log& log)
      : options_(std::move(options)), database_(database), clock_(clock), log_(log) {}

  Result<void> Enter(Connection& connection, const store::Job& job, const std::string& json,
                     const std::string& own_url) override;
  void Deliver(const std::stop_token& stop) override;

 private:
  // Sends one; notes in the ledger what came of it.
  Result<void> DeliverOne(const Webhook& webhook, const std::stop_token& stop);

  const WebhookOptions options_;
  store::Database& database_;
  const Clock& clock_;
  Log& log_;
};

Result<void> LedgerWebhooks::Enter(Connection& connection, const store::Job& job,
                                   const std::string& json, const std::string& own_url) {
  for (const std::string& url : std::set<std::string>{options_.url, own_url}) {
    if (url.empty()) continue;
    Webhook webhook;
    webhook.job = job.id;
    webhook.url = url;
    webhook.body = json;
    webhook.created_ms = webhook.due_ms = clock_.WallMs();
    TRY_VOID(store::InsertWebhook(connection, webhook));
  }
  return {};
}

void LedgerWebhooks::Deliver(const std::stop_token& stop) {
  const int64_t now_ms = clock_.WallMs();
  const Result<std::vector<Webhook>> due = database_.Read(
      [&](Connection& connection) { return store::DueWebhooks(connection, now_ms, kBatch); });
  if (!due) return log_.Error("webhooks can't be read: {}", due.error().message);
  for (const Webhook& webhook : *due) {
    if (stop.stop_requested()) return;
    if (const Result<void> noted = DeliverOne(webhook, stop); !noted) {
      log_.Error("webhook {} of job {}: {}", webhook.id, webhook.job, noted.error().message);
    }
  }
}

Result<void> LedgerWebhooks::DeliverOne(const Webhook& webhook, const std::stop_token& stop) {
  Post post;
  post.url = webhook.url;
  post.body = webhook.body;
  post.headers = {"Content-Type: application/json", "Verbatim-Event: job",
                  fmt::format("Verbatim-Delivery: {}", webhook.id)};
  if (!options_.secret.empty()) {
    post.headers.push_back("Verbatim-Signature: " +
                           Signature(options_.secret, clock_.WallMs() / 1000, webhook.body));
  }
  post.allows_private = options_.allows_private;
  const Result<void> sent = Send(post, stop);
  if (!sent && sent.error().code == ErrorCode::kCancelled) return {};
  if (sent) {
    log_.Info("webhook {}: {} was told of job {}", webhook.id, webhook.url, webhook.job);
    return database_.Write(
        [&](Connection& connection) { return store::DeleteWebhook(connection, webhook.id); });
  }
  const int64_t due_ms = clock_.WallMs() + PauseMs(webhook.tries);
  if (due_ms - webhook.created_ms > kGiveUpMs) {
    log_.Error("webhook {}: {} is not told of job {}, after a day: {}", webhook.id, webhook.url,
               webhook.job, sent.error().message);
    return database_.Write(
        [&](Connection& connection) { return store::DeleteWebhook(connection, webhook.id); });
  }
  log_.Warning("webhook {}: {} was not told of job {}: {}; again in {} s", webhook.id, webhook.url,
               webhook.job, sent.error().message, PauseMs(webhook.tries) / 1000);
  return database_.Write([&](Connection& connection) {
    return store::PostponeWebhook(connection, webhook.id, due_ms);
  });
}

}  // namespace

std::string Signature(std::string_view secret, int64_t time_s, std::string_view body) {
  return fmt::format("t={},v1={}", time_s,
                     digest::HmacSha256(secret, fmt::format("{}.{}", time_s, body)));
}

Result<std::unique_ptr<Webhooks>> Webhooks::Open(WebhookOptions options, store::Database& database,
                                                 const Clock& clock, Log& log) {
  const std::string& url = options.url;
  if (!url.empty() && !url.starts_with("http://") && !url.starts_with("https://")) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("webhook_url is \"{}\", but must begin with http:// or https://", url));
  }
  return std::make_unique<LedgerWebhooks>(std::move(options), database, clock, log);
}

}  // namespace verbatim::webhook
