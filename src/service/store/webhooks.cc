#include "store/webhooks.h"

#include "store/impl/connection.h"

namespace verbatim::store {

Result<void> InsertWebhook(Connection& connection, const Webhook& webhook) {
  Statement insert = TRY(connection.Prepare(
      "INSERT INTO webhooks (job, url, body, created_ms, due_ms, tries) VALUES (?, ?, ?, ?, ?, "
      "?)"));
  insert.Bind(webhook.job)
      .Bind(webhook.url)
      .Bind(webhook.body)
      .Bind(webhook.created_ms)
      .Bind(webhook.due_ms)
      .Bind(webhook.tries);
  TRY(insert.Run());
  return {};
}

Result<std::vector<Webhook>> DueWebhooks(Connection& connection, int64_t now_ms, size_t count) {
  // No pause is as long as a day: where one seems to be, the clock was set back.
  Statement find = TRY(connection.Prepare(
      "SELECT id, job, url, body, created_ms, due_ms, tries FROM webhooks WHERE due_ms <= ?1 "
      "OR due_ms > ?1 + 86400000 ORDER BY due_ms, id LIMIT ?"));
  find.Bind(now_ms).Bind(AsLimit(count));
  std::vector<Webhook> webhooks;
  while (TRY(find.Step())) {
    Webhook webhook;
    webhook.id = find.Integer();
    webhook.job = find.Text();
    webhook.url = find.Text();
    webhook.body = find.Text();
    webhook.created_ms = find.Integer();
    webhook.due_ms = find.Integer();
    webhook.tries = find.NarrowInteger();
    webhooks.push_back(std::move(webhook));
  }
  return webhooks;
}

Result<void> PostponeWebhook(Connection& connection, int64_t id, int64_t due_ms) {
  Statement postpone =
      TRY(connection.Prepare("UPDATE webhooks SET due_ms = ?, tries = tries + 1 WHERE id = ?"));
  TRY(postpone.Bind(due_ms).Bind(id).Run());
  return {};
}

Result<void> DeleteWebhook(Connection& connection, int64_t id) {
  Statement remove = TRY(connection.Prepare("DELETE FROM webhooks WHERE id = ?"));
  TRY(remove.Bind(id).Run());
  return {};
}

}  // namespace verbatim::store
