// What the settings mean to each part of the service, at its start and whenever they change.
#pragma once

#include "base/log.h"
#include "http/server.h"
#include "inbox/inbox.h"
#include "jobs/jobs.h"
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

// Its limits; what the server does is not among them.
http::ServerOptions ServerOptionsOf(const settings::Settings& settings);

}  // namespace verbatim::app
