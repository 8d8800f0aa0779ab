-- +goose Up
-- Sessions that another store keeps, such as a cookie, cannot be deleted there. Here is written
-- down which of them have ended before their time.
CREATE TABLE ginauth.ended_sessions (
    digest     bytea       PRIMARY KEY,
    expires_at timestamptz NOT NULL,

    CONSTRAINT ended_sessions_digest_check CHECK (octet_length(digest) = 32)
);

CREATE INDEX ended_sessions_expires_at_idx ON ginauth.ended_sessions (expires_at);

COMMENT ON TABLE ginauth.ended_sessions IS 'Sessions kept elsewhere that have ended. Contains no personal data.';
COMMENT ON COLUMN ginauth.ended_sessions.digest IS 'SHA-256 of the session''s random id, which is no credential.';
COMMENT ON COLUMN ginauth.ended_sessions.expires_at IS 'When the session would have ended by itself: the row may go then.';

-- +goose Down
DROP TABLE ginauth.ended_sessions;
