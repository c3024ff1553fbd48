// What the settings mean to each part of the service, at its start and whenever they change.
#pragma once

#include <filesystem>

#include "access/access.h"
#include "base/log.h"
#include "fields/same_site.h"
#include "http/server.h"
#include "inbox/inbox.h"
#include "jobs/jobs.h"
#include "listen_address.h"
#include "pipeline/transcribe.h"
#include "settings/settings.h"
#include "upload/uploads.h"
#include "webhook/webhooks.h"

namespace verbatim::app {

LogLevel LogLevelOf(const settings::Settings& settings);
LogFormat LogFormatOf(const settings::Settings& settings);
pipeline::ComputeType ComputeTypeOf(const settings::Settings& settings);
upload::UploadLimits UploadLimitsOf(const settings::Settings& settings);
jobs::JobLimits JobLimitsOf(const settings::Settings& settings);
webhook::WebhookOptions WebhookOptionsOf(const settings::Settings& settings);
// Errors: kInvalidArgument: the formats.
Result<inbox::InboxOptions> InboxOptionsOf(const settings::Settings& settings);

access::Limits AccessLimitsOf(const settings::Settings& settings);
// Errors: kInvalidArgument with the proxy that is no network.
Result<access::Policy> AccessPolicyOf(const settings::Settings& settings,
                                      const ListenAddress& listen);
// Errors: kInvalidArgument with the origin that is none.
Result<fields::SiteRules> SiteRulesOf(const settings::Settings& settings,
                                      const ListenAddress& listen);

// The folder of the database and of uploads, made if it is missing, for its owner's eyes alone.
Result<std::filesystem::path> MakeDataFolder(const settings::Settings& settings);

// Its limits, and TLS; what the server does is not among them.
http::ServerOptions ServerOptionsOf(const settings::Settings& settings);

// How many connections a process may have that is allowed so many open files: some are left for the
// database, the files of uploads and for jobs, so that those who are served are served well.
size_t ConnectionsFor(size_t descriptors);

}  // namespace verbatim::app
