#include "store/tokens.h"

#include <utility>

#include "store/impl/connection.h"

namespace verbatim::store {

Result<void> InsertToken(Connection& connection, const Token& token) {
  Statement insert = TRY(connection.Prepare(
      "INSERT INTO tokens (id, name, hash, scope, created_ms, expires_ms, last_used_ms) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)"));
  insert.Bind(token.id).Bind(token.name).Bind(token.hash).Bind(token.scope);
  TRY(insert.Bind(token.created_ms).Bind(token.expires_ms).Bind(token.last_used_ms).Run());
  return {};
}

Result<bool> DeleteToken(Connection& connection, const std::string& id) {
  Statement remove = TRY(connection.Prepare("DELETE FROM tokens WHERE id = ?"));
  return TRY(remove.Bind(id).Run()) > 0;
}

Result<std::vector<Token>> ListTokens(Connection& connection) {
  Statement find =
      TRY(connection.Prepare("SELECT id, name, hash, scope, created_ms, expires_ms, last_used_ms "
                             "FROM tokens ORDER BY number"));
  std::vector<Token> tokens;
  while (TRY(find.Step())) {
    Token token;
    token.id = find.Text();
    token.name = find.Text();
    token.hash = find.Text();
    token.scope = find.Text();
    token.created_ms = find.Integer();
    token.expires_ms = find.Integer();
    token.last_used_ms = find.Integer();
    tokens.push_back(std::move(token));
  }
  return tokens;
}

Result<void> TouchToken(Connection& connection, const std::string& id, int64_t used_ms) {
  Statement touch = TRY(connection.Prepare("UPDATE tokens SET last_used_ms = ? WHERE id = ?"));
  TRY(touch.Bind(used_ms).Bind(id).Run());
  return {};
}

Result<void> InsertSession(Connection& connection, const Session& session) {
  Statement insert = TRY(
      connection.Prepare("INSERT INTO sessions (hash, token, created_ms, expires_ms, last_used_ms) "
                         "VALUES (?, ?, ?, ?, ?)"));
  insert.Bind(session.hash).Bind(session.token).Bind(session.created_ms);
  TRY(insert.Bind(session.expires_ms).Bind(session.last_used_ms).Run());
  return {};
}

Result<void> DeleteSession(Connection& connection, const std::string& hash) {
  Statement remove = TRY(connection.Prepare("DELETE FROM sessions WHERE hash = ?"));
  TRY(remove.Bind(hash).Run());
  return {};
}

Result<std::vector<Session>> ListSessions(Connection& connection) {
  Statement find = TRY(
      connection.Prepare("SELECT hash, token, created_ms, expires_ms, last_used_ms FROM sessions"));
  std::vector<Session> sessions;
  while (TRY(find.Step())) {
    Session session;
    session.hash = find.Text();
    session.token = find.Text();
    session.created_ms = find.Integer();
    session.expires_ms = find.Integer();
    session.last_used_ms = find.Integer();
    sessions.push_back(std::move(session));
  }
  return sessions;
}

Result<void> TouchSession(Connection& connection, const std::string& hash, int64_t used_ms) {
  Statement touch = TRY(connection.Prepare("UPDATE sessions SET last_used_ms = ? WHERE hash = ?"));
  TRY(touch.Bind(used_ms).Bind(hash).Run());
  return {};
}

}  // namespace verbatim::store
