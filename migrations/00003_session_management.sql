-- +goose Up
-- A session is live while its epoch is the sum of its user's and everybody's. Both only grow, so
-- that moving one number ends the sessions of one user, or of all.
ALTER TABLE ginauth.users
    ADD COLUMN session_epoch bigint NOT NULL DEFAULT 0;

-- The sweeper asks for every session's user. This index holds the few who ever moved.
CREATE INDEX users_session_epoch_idx ON ginauth.users (id, session_epoch)
    WHERE session_epoch > 0;

ALTER TABLE ginauth.sessions
    ADD COLUMN persistent      boolean     NOT NULL DEFAULT false,
    ADD COLUMN epoch           bigint      NOT NULL DEFAULT 0,
    ADD COLUMN previous_digest bytea       NULL,
    ADD COLUMN previous_until  timestamptz NULL,

    ADD CONSTRAINT sessions_previous_digest_check CHECK (octet_length(previous_digest) = 32),
    ADD CONSTRAINT sessions_previous_check CHECK (previous_until IS NULL OR previous_digest IS NOT NULL);

-- Most sessions are never rotated: they cost this index nothing.
CREATE UNIQUE INDEX sessions_previous_digest_key ON ginauth.sessions (previous_digest)
    WHERE previous_digest IS NOT NULL;

-- At most one row. None is epoch 0.
CREATE TABLE ginauth.session_epoch (
    singleton boolean PRIMARY KEY,
    epoch     bigint  NOT NULL,

    CONSTRAINT session_epoch_singleton_check CHECK (singleton)
);

COMMENT ON COLUMN ginauth.users.session_epoch IS 'Part of the epoch of the user''s live sessions. It must never shrink.';
COMMENT ON COLUMN ginauth.sessions.persistent IS 'The cookie outlives the browser.';
COMMENT ON COLUMN ginauth.sessions.epoch IS 'The epochs of the user and of everybody, added up, when the session was made.';
COMMENT ON COLUMN ginauth.sessions.previous_digest IS 'Secret: the digest before the last rotation.';
COMMENT ON COLUMN ginauth.sessions.previous_until IS 'Until then the previous digest still finds the session; later it ends it. NULL: it does neither.';
COMMENT ON TABLE ginauth.session_epoch IS 'Part of the epoch of all live sessions. It must never shrink.';

-- +goose Down
DROP TABLE ginauth.session_epoch;

ALTER TABLE ginauth.sessions
    DROP COLUMN persistent,
    DROP COLUMN epoch,
    DROP COLUMN previous_digest,
    DROP COLUMN previous_until;

ALTER TABLE ginauth.users
    DROP COLUMN session_epoch;
