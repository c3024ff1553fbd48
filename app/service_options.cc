#include "service_options.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "performance_basis.h"

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
  limits.default_model = settings.model;
  limits.retention.keep_ms = settings.keep_days * kDayMs;
  limits.retention.keep_bytes = settings.keep_bytes;
  limits.retention.keep_media_ms = settings.keep_media_days * kDayMs;
  return limits;
}

access::Limits AccessLimitsOf(const Settings& settings) {
  access::Limits limits;
  limits.sign_in_failures = settings.sign_in_failures_per_minute;
  limits.jobs = settings.jobs_per_minute;
  limits.uploads = settings.uploads_per_minute;
  return limits;
}

Result<access::Policy> AccessPolicyOf(const Settings& settings, const ListenAddress& listen) {
  access::Policy policy;
  if (settings.auth == "required") policy.auth = access::Auth::kRequired;
  if (settings.auth == "off") policy.auth = access::Auth::kOff;
  policy.is_loopback = listen.is_loopback();
  Result<std::vector<access::Network>> proxies = access::ParseNetworks(settings.trusted_proxies);
  if (!proxies) return Failure(std::move(proxies).error().WithContext("trusted_proxies"));
  policy.proxies = *std::move(proxies);
  return policy;
}

Result<fields::SiteRules> SiteRulesOf(const Settings& settings, const ListenAddress& listen) {
  fields::SiteRules rules;
  rules.reach = listen.is_loopback() ? fields::Reach::kThisMachine : fields::Reach::kNetwork;
  rules.hosts = access::SplitList(settings.allowed_hosts);
  rules.origins = access::SplitList(settings.allowed_origins);
  for (const std::string& origin : rules.origins) {
    const size_t host = origin.find("://");
    const bool is_origin = host != std::string::npos && host > 0 && host + 3 < origin.size() &&
                           origin.find_first_of("/*", host + 3) == std::string::npos;
    if (is_origin) continue;
    return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("allowed_origins: \"{}\" is no origin such as https://app.example", origin));
  }
  return rules;
}

Result<std::filesystem::path> MakeDataFolder(const Settings& settings) {
  std::filesystem::path folder = TRY(DataFolder(settings));
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Failure(SystemError(error.value(), "making " + folder.string()));
  if (chmod(folder.c_str(), S_IRWXU) != 0) {
    return Failure(SystemError(errno, "protecting " + folder.string()));
  }
  return folder;
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
  options.body_idle_timeout = options.write_timeout = seconds(settings.body_timeout_seconds);
  options.keep_alive_timeout = seconds(settings.keep_alive_timeout_seconds);
  options.connections_max = static_cast<size_t>(settings.connections_max);
  options.connections_per_address_max = static_cast<size_t>(settings.connections_per_address_max);
  if (!settings.tls_certificate.empty() || !settings.tls_key.empty()) {
    options.tls = {settings.tls_certificate, settings.tls_key};
  }
  return options;
}

size_t ConnectionsFor(size_t descriptors) {
  constexpr size_t kOfTheService = 96;
  const size_t left = descriptors - std::min(descriptors, kOfTheService);
  return std::max<size_t>(left - left / 8, 1);
}

}  // namespace verbatim::app
