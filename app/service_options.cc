#include "service_options.h"

#include <chrono>
#include <utility>

namespace verbatim::app {

using settings::Settings;
using std::chrono::seconds;

namespace {

constexpr int64_t kDayMs = 86'400'000;

}  // namespace

LogLevel LogLevelOf(const Settings& settings) {
  if (settings.log_level == "debug") return LogLevel::kDebug;
  if (settings.log_level == "warning") return LogLevel::kWarning;
  return settings.log_level == "error" ? LogLevel::kError : LogLevel::kInfo;
}

LogFormat LogFormatOf(const Settings& settings) {
  return settings.log_format == "json" ? LogFormat::kJson : LogFormat::kText;
}

pipeline::ComputeType ComputeTypeOf(const Settings& settings) {
  if (settings.compute_type == "int8") return pipeline::ComputeType::kInt8;
  if (settings.compute_type == "bf16") return pipeline::ComputeType::kBf16;
  if (settings.compute_type == "f32") return pipeline::ComputeType::kF32;
  return pipeline::ComputeType::kAuto;
}

upload::UploadLimits UploadLimitsOf(const Settings& settings) {
  upload::UploadLimits limits;
  limits.size_max = settings.max_file_size_bytes;
  limits.expiry_ms = settings.upload_expiry_hours * 3'600'000;
  limits.disk_reserve = settings.disk_reserve_bytes;
  return limits;
}

jobs::JobLimits JobLimitsOf(const Settings& settings) {
  jobs::JobLimits limits;
  limits.runners = static_cast<int>(settings.running_jobs_max);
  limits.queued_max = static_cast<size_t>(settings.queued_jobs_max);
  limits.timeout_ms = settings.processing_timeout_seconds * 1000;
  limits.large_timeout_ms = settings.large_file_timeout_seconds * 1000;
  limits.chunk_size_optimization = settings.chunk_size_optimization;
  limits.retention.keep_ms = settings.keep_days * kDayMs;
  limits.retention.keep_bytes = settings.keep_bytes;
  limits.retention.keep_media_ms = settings.keep_media_days * kDayMs;
  return limits;
}

webhook::WebhookOptions WebhookOptionsOf(const Settings& settings) {
  return {settings.webhook_url, settings.webhook_secret, settings.webhook_allow_private};
}

Result<inbox::InboxOptions> InboxOptionsOf(const Settings& settings) {
  inbox::InboxOptions options;
  options.folder = settings.watch_folder;
  options.output = settings.watch_output;
  auto formats = inbox::ParseFormats(settings.watch_formats);
  if (!formats) return Failure(std::move(formats).error().WithContext("watch_formats"));
  options.formats = *std::move(formats);
  return options;
}

http::ServerOptions ServerOptionsOf(const Settings& settings) {
  http::ServerOptions options;
  options.header_timeout = seconds(settings.header_timeout_seconds);
  options.body_idle_timeout = seconds(settings.body_timeout_seconds);
  options.keep_alive_timeout = seconds(settings.keep_alive_timeout_seconds);
  options.connections_max = static_cast<size_t>(settings.connections_max);
  options.connections_per_address_max = static_cast<size_t>(settings.connections_per_address_max);
  return options;
}

}  // namespace verbatim::app
