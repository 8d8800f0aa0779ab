package store

import (
	"context"
	"encoding/json"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// Rows that have ended but are still stored are included. Left out are digests, hashes and the
// values that the app keeps in sessions, which may be secrets (SEC-19, SEC-160), the client of an
// operator, the client of a failed login at an address that was not proved (SEC-185), and ids that
// count what happens to all users (SEC-36).
const exportUser = `
SELECT jsonb_build_object(
	'account', jsonb_build_object(
		'id', u.id, 'realm', u.realm, 'email', u.email, 'email_canonical', u.email_canonical,
		'username', u.username, 'username_canonical', u.username_canonical, 'name', u.name,
		'has_password', u.password_hash IS NOT NULL, 'verified_at', u.verified_at, 'disabled_at', u.disabled_at,
		'must_change_password', u.must_change_password,
		'delete_after', u.delete_after, 'created_at', u.created_at, 'updated_at', u.updated_at),` + exportedLists

// exportExternal is exportUser for a user whose account is kept elsewhere.
const exportExternal = `
SELECT jsonb_build_object(
	'account', jsonb_build_object(
		'id', u.external_id, 'realm', u.realm, 'source', u.source, 'disabled_at', u.disabled_at, 'created_at', u.created_at, 'updated_at', u.updated_at),` + exportedLists

const exportedLists = `
	'sessions', COALESCE((
		SELECT jsonb_agg(e.item ORDER BY e.created_at, e.id) FROM (
			SELECT s.created_at, s.id, jsonb_build_object(
				'id', s.id, 'created_at', s.created_at, 'authenticated_at', s.authenticated_at, 'last_seen_at', s.last_seen_at,
				'methods', string_to_array(s.methods, ' '), 'second_factor_at', s.second_factor_at,
				'provider', NULLIF(s.provider_issuer, ''), 'provider_session', NULLIF(s.provider_sid, ''),
				'expires_at', s.expires_at, 'remembered', s.persistent, 'ip', host(s.ip), 'user_agent', s.user_agent) AS item
			FROM ginauth.sessions AS s WHERE s.user_id = u.id ORDER BY s.created_at DESC LIMIT $2::bigint) AS e), '[]'),
	'api_keys', COALESCE((
		SELECT jsonb_agg(e.item ORDER BY e.created_at, e.id) FROM (
			SELECT k.created_at, k.id, jsonb_build_object(
				'id', k.id, 'name', k.name, 'scopes', k.scopes, 'start', k.start, 'created_at', k.created_at,
				'expires_at', k.expires_at, 'last_used_at', k.last_used_at) AS item
			FROM ginauth.api_keys AS k WHERE k.user_id = u.id ORDER BY k.created_at DESC LIMIT $2::bigint) AS e), '[]'),
	'refresh_logins', COALESCE((
		SELECT jsonb_agg(e.item ORDER BY e.created_at, e.id) FROM (
			SELECT t.created_at, t.id, jsonb_build_object(
				'id', t.id, 'scopes', t.scopes, 'created_at', t.created_at, 'last_used_at', t.last_used_at,
				'methods', string_to_array(t.methods, ' '), 'second_factor', t.second_factor,
				'expires_at', t.expires_at, 'ip', host(t.ip), 'user_agent', t.user_agent) AS item
			FROM ginauth.refresh_tokens AS t WHERE t.user_id = u.id ORDER BY t.created_at DESC LIMIT $2::bigint) AS e), '[]'),
	'factors', COALESCE((
		SELECT jsonb_agg(e.item ORDER BY e.created_at, e.id) FROM (
			SELECT f.created_at, f.id, jsonb_build_object(
				'id', f.id, 'kind', f.kind, 'gates', f.gates, 'created_at', f.created_at, 'confirmed_at', f.confirmed_at) AS item
			FROM ginauth.factors AS f WHERE f.user_id = u.id ORDER BY f.created_at DESC LIMIT $2::bigint) AS e), '[]'),
	'pending_logins', COALESCE((
		SELECT jsonb_agg(e.item ORDER BY e.created_at) FROM (
			SELECT p.created_at, jsonb_build_object(
				'methods', string_to_array(p.methods, ' '), 'remembered', p.persistent, 'return_to', p.return_to, 'created_at', p.created_at,
				'expires_at', p.expires_at, 'ip', host(p.ip), 'user_agent', p.user_agent) AS item
			FROM ginauth.pending_logins AS p WHERE p.user_id = u.id ORDER BY p.created_at DESC LIMIT $2::bigint) AS e), '[]'),
	'known_devices', COALESCE((
		SELECT jsonb_agg(e.item ORDER BY e.last_used_at) FROM (
			SELECT d.last_used_at, jsonb_build_object(
				'last_used_at', d.last_used_at, 'expires_at', d.expires_at, 'failures', d.failures) AS item
			FROM ginauth.known_devices AS d WHERE d.user_id = u.id ORDER BY d.last_used_at DESC LIMIT $2::bigint) AS e), '[]'),
	'mails', COALESCE((
		SELECT jsonb_agg(e.item ORDER BY e.created_at, e.id) FROM (
			SELECT o.created_at, o.id, jsonb_build_object(
				'id', o.id, 'kind', o.kind, 'email', o.email, 'created_at', o.created_at, 'failed_at', o.failed_at) AS item
			FROM (
				SELECT o.created_at, o.id, o.kind, o.email, o.failed_at FROM ginauth.outbox AS o WHERE o.user_id = u.id
				UNION ALL
				SELECT o.created_at, o.id, o.kind, o.email, o.failed_at FROM ginauth.outbox AS o
				WHERE o.user_id IS NULL
					AND o.email_canonical = (u.email_canonical || CASE WHEN u.realm = '' THEN '' ELSE E'\n' || u.realm END) COLLATE "default") AS o
			ORDER BY o.created_at DESC LIMIT $2::bigint) AS e), '[]'),
	'links', COALESCE((
		SELECT jsonb_agg(e.item ORDER BY e.created_at, e.kind) FROM (
			SELECT t.created_at, t.kind, jsonb_build_object(
				'kind', t.kind, 'email', t.email, 'created_at', t.created_at, 'expires_at', t.expires_at) AS item
			FROM ginauth.email_tokens AS t WHERE t.user_id = u.id ORDER BY t.created_at DESC LIMIT $2::bigint) AS e), '[]'),
	'events', COALESCE((
		SELECT jsonb_agg(e.item ORDER BY e.at, e.id) FROM (
			SELECT v.at, v.id, jsonb_build_object(
				'at', v.at, 'kind', v.kind, 'outcome', v.outcome, 'by_me', v.actor_id IS NOT DISTINCT FROM u.id,
				'operation', v.operation, 'request_id', v.request_id, 'detail', v.detail - 'identifier' - 'address_unproved') || CASE
				WHEN v.actor_id <> u.id OR v.actor_id IS NULL AND (u.verified_at IS NULL OR v.detail ? 'address_unproved') THEN '{}'
				ELSE jsonb_build_object('ip', host(v.ip), 'user_agent', v.user_agent, 'session', v.session) END AS item
			FROM ginauth.events AS v WHERE v.user_id = u.id ORDER BY v.at DESC, v.id DESC LIMIT $2::bigint) AS e), '[]'))
FROM ginauth.users AS u
WHERE u.id = $1::uuid`

// ExportUser returns everything that the tables of ginauth hold about a user, except secrets and
// the values that the app keeps in sessions. It is a JSON object with "account", "sessions",
// "api_keys", "refresh_logins", "factors", "pending_logins", "known_devices", "mails" that wait to be sent, "links" in mails
// that were sent, and "events"; each list has the newest 1000. The app has to export its own
// columns. It is one statement, so all of it is from one moment. driver.ErrNoUser means that there
// is no such user.
func (s *Sessions) ExportUser(ctx context.Context, id driver.UserID) (json.RawMessage, error) {
	key, known := s.key(ctx, id)
	if !known {
		return nil, s.noUser(id)
	}
	var document []byte
	statement := exportUser
	if s.shadows != nil {
		statement = exportExternal
	}
	err := s.caller.read(ctx, "exporting a user", func(ctx context.Context, conn Conn) error {
		return conn.QueryRow(ctx, statement, key, maxListed).Scan(&document)
	})
	if err != nil {
		return nil, orNoUser(err)
	}
	return document, nil
}
