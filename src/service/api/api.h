// The endpoints: JSON shapes, error code -> status, one file per group. What they do lives in the
// rooms below; here it is only said over HTTP.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "access/access.h"
#include "api/event_hub.h"
#include "base/clock.h"
#include "base/log.h"
#include "fields/same_site.h"
#include "history/forecaster.h"
#include "history/recorder.h"
#include "history/tuning.h"
#include "http/server.h"
#include "jobs/engine_cache.h"
#include "jobs/jobs.h"
#include "metrics/metrics.h"
#include "performance/basis.h"
#include "performance/watch.h"
#include "settings/live.h"
#include "store/database.h"
#include "upload/uploads.h"

namespace verbatim::api {

struct ApiOptions {
  std::string version;  // of the program
  fields::SiteRules site = {};
};

// What keeps the reading of media away from the rest of the machine.
struct SandboxState {
  struct Layer {
    std::string name;
    bool is_active = false;
    std::string reason;  // why it is not
  };
  Result<void> checked;       // an error: media is not read safely
  std::vector<Layer> layers;  // none: media is read in this process
};

// All that endpoints use; everything outlives the server.
struct Services {
  ApiOptions options;
  store::Database& database;
  upload::Uploads& uploads;
  jobs::Jobs& jobs;
  jobs::EngineCache& engines;
  metrics::Metrics& metrics;
  EventHub& events;
  const Clock& clock;
  Log& log;
  settings::Live& settings;
  performance::Basis performance = {};
  const performance::Watch* watch = nullptr;
  const history::Recorder* recorder = nullptr;
  const history::Forecaster* forecaster = nullptr;
  const history::Tuning* tuning = nullptr;
  access::Access* access = nullptr;                 // never null where routes are made
  std::function<SandboxState()> sandbox = nullptr;  // null: media is read in this process
};

// Every endpoint of the service. `services` outlives them.
std::vector<http::Route> MakeRoutes(const Services& services);

// What every server of the service does for all requests: how it refuses, fields of responses,
// pages of other sites. `services` outlives it; HTTP itself has no options of these.
void SetUpServer(const Services& services, http::ServerOptions& options);

// Fields that every response carries unless its endpoint says otherwise.
std::vector<http::Headers::Field> DefaultHeaders();

// The description of the API that is served: openapi.json.
std::string_view OpenApiDocument();

// Each group, in a file of its own.
void AddUploadRoutes(const Services& services, std::vector<http::Route>& routes);  // tus, raw PUT
void AddJobRoutes(const Services& services, std::vector<http::Route>& routes);
void AddMediaRoutes(const Services& services, std::vector<http::Route>& routes);
// Transcripts in every format, and their changes.
void AddTranscriptRoutes(const Services& services, std::vector<http::Route>& routes);
void AddExportRoutes(const Services& services, std::vector<http::Route>& routes);  // ZIP
void AddOpenAiRoutes(const Services& services, std::vector<http::Route>& routes);
void AddEventRoutes(const Services& services, std::vector<http::Route>& routes);  // SSE
void AddSearchRoutes(const Services& services, std::vector<http::Route>& routes);
void AddPerformanceRoutes(const Services& services, std::vector<http::Route>& routes);
void AddHistoryRoutes(const Services& services, std::vector<http::Route>& routes);
void AddSettingRoutes(const Services& services, std::vector<http::Route>& routes);
void AddPredictionRoutes(const Services& services, std::vector<http::Route>& routes);
void AddSessionRoutes(const Services& services, std::vector<http::Route>& routes);  // and audit
// Health, metrics, openapi.json.
void AddSystemRoutes(const Services& services, std::vector<http::Route>& routes);
void AddPageRoutes(const Services& services, std::vector<http::Route>& routes);  // for browsers

}  // namespace verbatim::api
