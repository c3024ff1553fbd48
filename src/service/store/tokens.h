// The tables of those who may use the server: tokens, and sessions of browsers that signed in with
// one. A secret never comes here, only its SHA-256.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "store/database.h"

namespace verbatim::store {

struct Token {
  std::string id;
  std::string name;
  std::string hash;   // of the secret
  std::string scope;  // "read", "upload", "admin"
  int64_t created_ms = 0;
  int64_t expires_ms = 0;    // 0: never
  int64_t last_used_ms = 0;  // 0: not yet
};

// Appends one. Errors: kConflict if there is one of this id.
Result<void> InsertToken(Connection& connection, const Token& token);
// Removes one, with its sessions. True: there was such a token.
Result<bool> DeleteToken(Connection& connection, const std::string& id);
// All, in the order of creation.
Result<std::vector<Token>> ListTokens(Connection& connection);
// Notes when it was used last.
Result<void> TouchToken(Connection& connection, const std::string& id, int64_t used_ms);

struct Session {
  std::string hash;   // of its id
  std::string token;  // that it was made with
  int64_t created_ms = 0;
  int64_t expires_ms = 0;
  int64_t last_used_ms = 0;
};

// Appends one. Errors: kConflict if there is one of this hash.
Result<void> InsertSession(Connection& connection, const Session& session);
// Removes one, if it is there.
Result<void> DeleteSession(Connection& connection, const std::string& hash);
// All of them.
Result<std::vector<Session>> ListSessions(Connection& connection);
// Notes when it was used last.
Result<void> TouchSession(Connection& connection, const std::string& hash, int64_t used_ms);

}  // namespace verbatim::store
