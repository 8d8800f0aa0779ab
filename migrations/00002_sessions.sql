-- +goose Up
-- Room in every page lets an update of last_seen_at stay in it and leave the indexes alone.
CREATE TABLE ginauth.sessions (
    digest           bytea       PRIMARY KEY,
    id               uuid        NOT NULL,
    user_id          uuid        NULL REFERENCES ginauth.users (id) ON DELETE CASCADE,
    data             jsonb       NOT NULL DEFAULT '{}',
    version          bigint      NOT NULL DEFAULT 0,
    created_at       timestamptz NOT NULL,
    authenticated_at timestamptz NULL,
    last_seen_at     timestamptz NOT NULL,
    idle_timeout     interval    NOT NULL,
    expires_at       timestamptz NOT NULL,
    ip               inet        NULL,
    user_agent       text        NOT NULL DEFAULT '',

    CONSTRAINT sessions_id_key UNIQUE (id),
    CONSTRAINT sessions_digest_check CHECK (octet_length(digest) = 32),
    CONSTRAINT sessions_data_check CHECK (jsonb_typeof(data) = 'object'),
    CONSTRAINT sessions_version_check CHECK (version >= 0),
    CONSTRAINT sessions_idle_timeout_check CHECK (idle_timeout > interval '0'),
    CONSTRAINT sessions_user_agent_check CHECK (char_length(user_agent) <= 256)
) WITH (fillfactor = 85);

CREATE INDEX sessions_user_id_idx ON ginauth.sessions (user_id);
CREATE INDEX sessions_expires_at_idx ON ginauth.sessions (expires_at);

COMMENT ON TABLE ginauth.sessions IS 'Live and expired sessions. Contains personal data.';
COMMENT ON COLUMN ginauth.sessions.digest IS 'Secret: SHA-256 of the session token. The token itself is never stored.';
COMMENT ON COLUMN ginauth.sessions.id IS 'Public name of the session. No credential.';
COMMENT ON COLUMN ginauth.sessions.data IS 'Confidential: values the application keeps in the session.';
COMMENT ON COLUMN ginauth.sessions.ip IS 'Personal data: address of the client that made the session.';
COMMENT ON COLUMN ginauth.sessions.user_agent IS 'Personal data: browser of the client that made the session.';

-- +goose Down
DROP TABLE ginauth.sessions;
