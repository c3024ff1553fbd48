// What belongs to a job as a file besides its transcript: the media it was made from.
#pragma once

#include <vector>

#include "api/api.h"
#include "http/server.h"

namespace verbatim::api {

// GET /api/jobs/{id}/media.
void AddJobFileRoutes(const Services& services, std::vector<http::Route>& routes);

}  // namespace verbatim::api
