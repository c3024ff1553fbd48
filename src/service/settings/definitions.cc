#include <algorithm>
#include <array>
#include <utility>

#include "settings/settings.h"

namespace verbatim::settings {
namespace {

constexpr uint64_t kMany = 1'000'000;
constexpr uint64_t kBytesMax = 1ULL << 50;
constexpr double kGigabytesMax = 4096;
constexpr uint64_t kDaysMax = 36'500;
constexpr uint64_t kWeekSeconds = 7 * 86'400;

using Range = std::pair<uint64_t, uint64_t>;
using DecimalRange = std::pair<double, double>;

Definition Make(std::string_view name, Kind kind, std::string_view help) {
  Definition definition;
  definition.name = name;
  definition.kind = kind;
  definition.help = help;
  return definition;
}

Definition Flag(std::string_view name, bool Settings::* field, std::string_view help) {
  Definition definition = Make(name, Kind::kFlag, help);
  definition.field = field;
  return definition;
}

Definition Integer(std::string_view name, int64_t Settings::* field, Range range,
                   std::string_view help, std::string_view unit = "") {
  Definition definition = Make(name, Kind::kInteger, help);
  definition.field = field;
  definition.min = range.first;
  definition.max = range.second;
  definition.unit = unit;
  return definition;
}

Definition Size(std::string_view name, uint64_t Settings::* field, Range range,
                std::string_view help) {
  Definition definition = Make(name, Kind::kSize, help);
  definition.field = field;
  definition.min = range.first;
  definition.max = range.second;
  definition.unit = "bytes";
  return definition;
}

Definition Decimal(std::string_view name, double Settings::* field, DecimalRange range,
                   std::string_view help, std::string_view unit = "") {
  Definition definition = Make(name, Kind::kDecimal, help);
  definition.field = field;
  definition.decimal_min = range.first;
  definition.decimal_max = range.second;
  definition.unit = unit;
  return definition;
}

Definition Text(std::string_view name, std::string Settings::* field, std::string_view help) {
  Definition definition = Make(name, Kind::kText, help);
  definition.field = field;
  return definition;
}

Definition Choice(std::string_view name, std::string Settings::* field,
                  std::vector<std::string_view> choices, std::string_view help) {
  Definition definition = Make(name, Kind::kChoice, help);
  definition.field = field;
  definition.choices = std::move(choices);
  return definition;
}

// One that may change while the server runs.
Definition Live(Definition definition) {
  definition.is_live = true;
  return definition;
}

// One that is never shown.
Definition Secret(Definition definition) {
  definition.is_secret = true;
  return definition;
}

const std::array kDefinitions = {
    Text("listen", &Settings::listen, "Address and port to serve at; port 0 takes any free one"),
    Text("data_dir", &Settings::data_dir, "Folder of the database and of uploaded files"),
    Choice("sandbox", &Settings::sandbox, {"required", "auto", "off"},
           "Media is read in locked-up processes: always, as far as the system can, or not"),
    Choice("log_format", &Settings::log_format, {"text", "json"}, "How lines of the log look"),
    Live(Choice("log_level", &Settings::log_level, {"debug", "info", "warning", "error"},
                "The least important lines that are logged")),

    Choice("auth", &Settings::auth, {"auto", "required", "off"},
           "Whether a token is asked for; auto: once there is one, and where others reach the "
           "server"),
    Text("tls_certificate", &Settings::tls_certificate,
         "File with the certificate, as PEM with its chain, to serve HTTPS"),
    Text("tls_key", &Settings::tls_key, "File with its key, as PEM"),
    Text("allowed_hosts", &Settings::allowed_hosts,
         "Names that the server answers for, with commas between, besides this machine's own"),
    Text("allowed_origins", &Settings::allowed_origins,
         "Sites whose pages may ask the server, with commas between: https://app.example"),
    Text("trusted_proxies", &Settings::trusted_proxies,
         "Addresses and networks, with commas between, whose X-Forwarded-For and "
         "X-Forwarded-Proto are believed"),
    Live(Integer("sign_in_failures_per_minute", &Settings::sign_in_failures_per_minute, {1, kMany},
                 "Wrong tokens of one address that are looked at")),
    Live(Integer("jobs_per_minute", &Settings::jobs_per_minute, {0, kMany},
                 "Jobs that one token, or one address, may make; 0: no limit")),
    Live(Integer("uploads_per_minute", &Settings::uploads_per_minute, {0, kMany},
                 "The same for uploads, of which a file sent in parts takes several")),

    Live(Text("model", &Settings::model, "Model of jobs that name none")),
    Choice("compute_type", &Settings::compute_type, {"auto", "int8", "bf16", "f32"},
           "The numbers that the engine computes with"),
    Live(Integer("workers", &Settings::workers, {0, 64},
                 "Workers of each model; 0: chosen for this machine")),
    Integer("threads", &Settings::threads, {0, 256}, "Threads of each worker; 0: chosen"),
    Live(Integer("batch", &Settings::batch, {0, 64},
                 "Windows that a worker decodes together; 0: chosen")),
    Live(Integer("models_loaded_max", &Settings::models_loaded_max, {1, 16},
                 "Models kept in memory at the same time")),

    Live(Integer("min_workers", &Settings::min_workers, {1, 64},
                 "Workers that the choice does not go below, where memory and speed allow them")),
    Live(Integer("default_max_workers", &Settings::default_max_workers, {1, 64},
                 "Workers that the choice does not exceed where memory is low")),
    Live(Integer("max_workers_limit", &Settings::max_workers_limit, {1, 64},
                 "Workers that the choice never exceeds")),
    Live(Decimal("low_memory_threshold_gb", &Settings::low_memory_threshold_gb, {0, kGigabytesMax},
                 "Available memory below which min_workers are the most", "GB")),
    Live(Decimal("high_memory_threshold_gb", &Settings::high_memory_threshold_gb,
                 {0, kGigabytesMax},
                 "Available memory from which on max_workers_limit alone is the most", "GB")),
    Live(Decimal("memory_safety_factor", &Settings::memory_safety_factor, {0.1, 1.0},
                 "Share of the available memory that may be planned for")),
    Live(Flag("enable_memory_cleanup", &Settings::enable_memory_cleanup,
              "Give unused memory back to the system once work has ended, and now and then during "
              "it")),
    Live(Integer("memory_recovery_seconds", &Settings::memory_recovery_seconds, {1, 3600},
                 "How long memory must be at hand again before the service grows by a step, after "
                 "it gave way while memory was short",
                 "s")),
    Live(
        Flag("auto_tune", &Settings::auto_tune,
             "Try other numbers of workers and batch sizes on real jobs, and keep what is faster")),

    Live(Size("max_file_size_bytes", &Settings::max_file_size_bytes, {0, kBytesMax},
              "Largest file that may be uploaded; 0: no limit")),
    Live(Size("chunk_upload_size", &Settings::chunk_upload_size, {1ULL << 20, 1ULL << 30},
              "Size of the parts in which web clients upload large files")),
    Live(Flag("enable_parallel_upload", &Settings::enable_parallel_upload,
              "Let clients send the parts of a file at the same time")),
    Live(Integer("upload_expiry_hours", &Settings::upload_expiry_hours, {1, 24 * 365},
                 "How long an unfinished, or unused, upload is kept", "h")),
    Live(Size("disk_reserve_bytes", &Settings::disk_reserve_bytes, {0, kBytesMax},
              "Space on the disk that uploads leave free")),

    Live(Flag("chunk_size_optimization", &Settings::chunk_size_optimization,
              "Fit the windows of a job to its file and to the memory free")),
    Live(Integer("running_jobs_max", &Settings::running_jobs_max, {1, 64},
                 "Jobs that are worked on at the same time")),
    Live(Integer("queued_jobs_max", &Settings::queued_jobs_max, {1, kMany},
                 "Waiting jobs beyond which new ones are refused")),
    Live(Integer("processing_timeout_seconds", &Settings::processing_timeout_seconds,
                 {1, kWeekSeconds}, "How long a job may be worked on", "s")),
    Live(Integer("large_file_timeout_seconds", &Settings::large_file_timeout_seconds,
                 {1, kWeekSeconds}, "The same for files of more than 500 MB", "s")),

    Live(Integer("keep_days", &Settings::keep_days, {0, kDaysMax},
                 "How long a job is kept after its end, with file and transcript; 0: for ever",
                 "days")),
    Live(Size("keep_bytes", &Settings::keep_bytes, {0, kBytesMax},
              "What files and transcripts of ended jobs may take together: the oldest go, but none "
              "within an hour of its end; 0: no limit")),
    Live(Integer("keep_media_days", &Settings::keep_media_days, {0, kDaysMax},
                 "How long the file of a job is kept after its end; the transcript stays; 0: as "
                 "long as the job",
                 "days")),

    Text("webhook_url", &Settings::webhook_url,
         "Address that is sent each job that has ended; empty: none"),
    Secret(Text("webhook_secret", &Settings::webhook_secret,
                "What the header Verbatim-Signature is made with; empty: there is none")),
    Flag("webhook_per_job", &Settings::webhook_per_job,
         "Let jobs name an address of their own (option webhook)"),
    Flag("webhook_allow_private", &Settings::webhook_allow_private,
         "Send webhooks to addresses of this machine and of private networks, too"),

    Text("watch_folder", &Settings::watch_folder,
         "Folder whose media files are transcribed as they come; empty: none"),
    Text("watch_output", &Settings::watch_output,
         "Folder for their results; empty: beside each file"),
    Text("watch_formats", &Settings::watch_formats,
         "Their formats, with commas between: txt, srt, vtt, json, tsv"),

    Integer("connections_max", &Settings::connections_max, {1, kMany}, "Open connections"),
    Integer("connections_per_address_max", &Settings::connections_per_address_max, {1, kMany},
            "Open connections of one client"),
    Integer("header_timeout_seconds", &Settings::header_timeout_seconds, {1, 3600},
            "How long the head of a request may take", "s"),
    Integer("body_timeout_seconds", &Settings::body_timeout_seconds, {1, 3600},
            "How long a client may send nothing, or next to nothing, of a body, or take nothing of "
            "an answer",
            "s"),
    Integer("keep_alive_timeout_seconds", &Settings::keep_alive_timeout_seconds, {1, 3600},
            "How long an idle connection stays open", "s"),
};

}  // namespace

std::span<const Definition> Definitions() { return kDefinitions; }

const Definition* FindDefinition(std::string_view name) {
  const auto found = std::ranges::find(kDefinitions, name, &Definition::name);
  return found == kDefinitions.end() ? nullptr : &*found;
}

}  // namespace verbatim::settings
