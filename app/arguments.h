// What the command line asks for, checked and typed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/transcribe.h"
#include "transcript/cue.h"
#include "transcript/writers.h"

namespace verbatim::app {

enum class ProgressMode { kAuto, kJson, kNone };

// Whether media must, may or may not be read in locked-up processes (app/media_sandbox.h).
enum class SandboxMode { kRequired, kAuto, kOff };

struct TranscribeArguments {
  std::vector<std::filesystem::path> files;
  std::string model = "base";
  std::vector<transcript::Format> formats = {transcript::Format::kSrt};
  std::string output;  // a path, or "-"
  std::string output_dir;
  std::optional<int> audio_track;
  ProgressMode progress = ProgressMode::kAuto;
  bool is_verbose = false;
  transcript::WordTimes word_times = transcript::WordTimes::kOmit;
  transcript::CueOptions cues;
  pipeline::EngineOptions engine;  // its model, calibration and sandbox are filled in later
  SandboxMode sandbox = SandboxMode::kRequired;
  std::string calibration;  // a path, "off", or empty: app/calibration_file.h
  pipeline::TranscribeOptions options;
};

struct BenchArguments {
  TranscribeArguments transcribe;  // without files: the clip that comes with Verbatim
  int rounds = 1;
  std::string json;  // a path, or "-"; empty: none
  bool is_calibrating = false;
};

struct ServeArguments {
  std::string config;                                         // a file of settings; empty: none
  std::string calibration;                                    // as for kTranscribe
  std::vector<std::pair<std::string, std::string>> settings;  // name and value of each flag given
};

struct ConfigArguments {
  ServeArguments serve;  // the same flags, to see what they do
  bool is_json = false;
};

struct DoctorArguments {
  ServeArguments serve;  // the same flags: the settings that count
  bool is_json = false;
};

struct PerformanceArguments {
  ServeArguments serve;  // the same flags: the settings that count
  std::string file;      // that is to be transcribed; empty: any
  bool is_json = false;
  bool is_forced = false;  // memory is cleaned even where it seems not worthwhile
};

struct AccessArguments {
  ServeArguments serve;  // where the data is
  std::string name;      // of a new token
  std::string scope;
  std::string token;    // id of one
  int64_t span_ms = 0;  // how long a new token lasts, how far an audit goes back; 0: without end
  int64_t limit = 1000;
  bool is_json = false;
};

struct BackupArguments {
  ServeArguments serve;  // what says where the data are
  std::string folder;    // the backup; of kVerify: empty, the data folder
  bool takes_damaged = false;
};

enum class Command {
  kTranscribe,
  kDemo,
  kBench,
  kModelList,
  kModelPull,
  kModelVerify,
  kServe,
  kConfigShow,
  kConfigValidate,
  kPerformanceSummary,
  kPerformanceRecommendations,
  kPerformanceWorkers,
  kPerformanceOptimize,
  kTokenCreate,
  kTokenList,
  kTokenRevoke,
  kAudit,
  kDoctor,
  kBackup,
  kVerify,
  kRestore,
  kCompletion
};
enum class Shell { kBash, kZsh, kFish };

struct Arguments {
  Command command = Command::kTranscribe;
  TranscribeArguments transcribe;    // kTranscribe, kDemo
  BenchArguments bench;              // kBench
  std::vector<std::string> models;   // kModelPull, kModelVerify
  ServeArguments serve;              // kServe
  ConfigArguments config;            // kConfigShow, kConfigValidate
  PerformanceArguments performance;  // kPerformance...
  AccessArguments access;            // kToken..., kAudit
  DoctorArguments doctor;            // kDoctor
  BackupArguments backup;            // kBackup, kVerify, kRestore
  Shell shell = Shell::kBash;        // kCompletion
};

}  // namespace verbatim::app
