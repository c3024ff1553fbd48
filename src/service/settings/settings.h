// Every setting of the server: one typed definition each, from which the file, the environment, the
// flags, their help and the reports are derived. Later sources win: the default, the TOML file, the
// environment (VERBATIM_ and the name in capitals), flags. Nothing here has an effect by itself:
// who reads a value acts on it. Settings that change while the server runs: settings/live.h. The
// only room that sees toml++.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace verbatim::settings {

// The values, with their defaults. What each means stands in Definitions().
struct Settings {
  std::string listen = "127.0.0.1:8090";
  std::string data_dir;
  std::string log_format = "text";
  std::string log_level = "info";
  std::string sandbox = "required";

  std::string auth = "auto";
  std::string tls_certificate;
  std::string tls_key;
  std::string allowed_hosts;
  std::string allowed_origins;
  std::string trusted_proxies;
  int64_t sign_in_failures_per_minute = 10;
  int64_t jobs_per_minute = 600;
  int64_t uploads_per_minute = 3000;

  std::string model = "base";
  std::string compute_type = "auto";
  int64_t workers = 0;
  int64_t threads = 0;
  int64_t batch = 0;
  int64_t models_loaded_max = 2;

  int64_t min_workers = 2;
  int64_t default_max_workers = 6;
  int64_t max_workers_limit = 16;
  double low_memory_threshold_gb = 4.0;
  double high_memory_threshold_gb = 16.0;
  double memory_safety_factor = 0.8;
  bool enable_memory_cleanup = true;
  int64_t memory_recovery_seconds = 30;
  bool auto_tune = false;

  uint64_t max_file_size_bytes = 1ULL << 30;
  uint64_t chunk_upload_size = 50ULL << 20;
  bool enable_parallel_upload = true;
  int64_t upload_expiry_hours = 24;
  uint64_t disk_reserve_bytes = 64ULL << 20;

  bool chunk_size_optimization = true;
  int64_t running_jobs_max = 4;
  int64_t queued_jobs_max = 10'000;
  int64_t processing_timeout_seconds = 1800;
  int64_t large_file_timeout_seconds = 3600;

  int64_t keep_days = 0;
  uint64_t keep_bytes = 0;
  int64_t keep_media_days = 0;

  std::string webhook_url;
  std::string webhook_secret;
  bool webhook_per_job = false;
  bool webhook_allow_private = false;

  std::string watch_folder;
  std::string watch_output;
  std::string watch_formats = "srt";

  int64_t connections_max = 4096;
  int64_t connections_per_address_max = 1024;
  int64_t header_timeout_seconds = 10;
  int64_t body_timeout_seconds = 30;
  int64_t keep_alive_timeout_seconds = 75;
};

enum class Kind {
  kFlag,     // true or false
  kInteger,  // a whole number
  kSize,     // bytes, also as "50 MiB" or "1GB"
  kDecimal,  // a number that may have a fraction
  kText,
  kChoice,  // one of `choices`
};

struct Definition {
  std::string_view name;  // "max_file_size_bytes"
  Kind kind = Kind::kText;
  std::string_view help;  // one sentence without its full stop
  std::string_view unit;  // "s", "bytes"; empty: none
  uint64_t min = 0;       // of numbers and sizes
  uint64_t max = 0;
  std::vector<std::string_view> choices;
  std::variant<bool Settings::*, int64_t Settings::*, uint64_t Settings::*, double Settings::*,
               std::string Settings::*>
      field;
  double decimal_min = 0;  // of kDecimal
  double decimal_max = 0;
  bool is_live = false;    // may change while the server runs
  bool is_secret = false;  // never shown
};

// All settings, in the order in which people read them.
std::span<const Definition> Definitions();

// The definition of a name, or null.
const Definition* FindDefinition(std::string_view name);

// "there is no setting \"max_worker\"; did you mean \"min_workers\"?"
std::string UnknownText(std::string_view name);

// Writes a value given as text. Errors: kInvalidArgument with the setting, the value and what is
// allowed.
Result<void> Assign(Settings& settings, const Definition& definition, std::string_view text);

// A value as text, as Assign takes it.
std::string ValueText(const Settings& settings, const Definition& definition);

// The same for people to see: a secret that is set is only told to be.
std::string ShownText(const Settings& settings, const Definition& definition);

// What is allowed: "1 to 64", "text or json", "true or false".
std::string RangeText(const Definition& definition);

enum class Origin { kDefault, kFile, kEnvironment, kFlag, kChanged };
// "default", "file", "environment", "flag"; "changed": while the server ran.
std::string_view OriginName(Origin origin);

struct Loaded {
  Settings settings;
  std::map<std::string_view, Origin> origins;  // of every setting
};

struct Sources {
  std::optional<std::filesystem::path> file;               // none: no file is read
  std::function<const char*(const char*)> environment;     // as getenv; empty: none
  std::vector<std::pair<std::string, std::string>> flags;  // name, value
};

// Reads all sources. Errors: kInvalidArgument for the first wrong value, which names the setting,
// the value, what is allowed and where it came from (file and line, variable, flag), and for names
// that are no settings (with the nearest that is one); kNotFound and kIo for the file.
Result<Loaded> Load(const Sources& sources);

}  // namespace verbatim::settings
