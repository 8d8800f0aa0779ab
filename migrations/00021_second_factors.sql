-- +goose Up
-- One row for each second factor. What it is checked with is in a table of its kind.
CREATE TABLE ginauth.factors (
    id           uuid        PRIMARY KEY,
    user_id      uuid        NOT NULL REFERENCES ginauth.users (id) ON DELETE CASCADE,
    kind         text        COLLATE "C" NOT NULL,
    gates        boolean     NOT NULL,
    created_at   timestamptz NOT NULL,
    confirmed_at timestamptz NULL,
    CONSTRAINT factors_kind_check CHECK (octet_length(kind) BETWEEN 1 AND 32)
);
CREATE INDEX factors_user_id_idx ON ginauth.factors (user_id);

COMMENT ON TABLE ginauth.factors IS 'Which second factors users have.';
COMMENT ON COLUMN ginauth.factors.gates IS 'Once confirmed, no login succeeds without a second factor.';
COMMENT ON COLUMN ginauth.factors.confirmed_at IS 'When the user first proved it. NULL: it demands nothing.';

-- Logins whose second factor is missing. Nothing takes one for a session.
CREATE TABLE ginauth.pending_logins (
    digest     bytea       PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES ginauth.users (id) ON DELETE CASCADE,
    epoch      bigint      NOT NULL,
    methods    text        COLLATE "C" NOT NULL,
    persistent boolean     NOT NULL,
    return_to  text        NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ip         inet        NULL,
    user_agent text        NOT NULL,
    CONSTRAINT pending_logins_digest_check CHECK (octet_length(digest) = 32),
    CONSTRAINT pending_logins_methods_check CHECK (octet_length(methods) <= 64),
    CONSTRAINT pending_logins_return_to_check CHECK (octet_length(return_to) <= 2048),
    CONSTRAINT pending_logins_user_agent_check CHECK (char_length(user_agent) <= 256)
);
CREATE INDEX pending_logins_user_id_idx ON ginauth.pending_logins (user_id, created_at);
CREATE INDEX pending_logins_expires_at_idx ON ginauth.pending_logins (expires_at);

COMMENT ON TABLE ginauth.pending_logins IS 'Logins whose second factor is missing.';
COMMENT ON COLUMN ginauth.pending_logins.digest IS 'Secret: SHA-256 of the token.';
COMMENT ON COLUMN ginauth.pending_logins.epoch IS 'The epoch of the user''s sessions, plus that of everybody''s. Another one now means that the login has ended.';
COMMENT ON COLUMN ginauth.pending_logins.methods IS 'How the user has proved the first factor.';
COMMENT ON COLUMN ginauth.pending_logins.return_to IS 'Personal data: where the browser wanted to go.';
COMMENT ON COLUMN ginauth.pending_logins.ip IS 'Personal data: the client''s address.';
COMMENT ON COLUMN ginauth.pending_logins.user_agent IS 'Personal data: the client''s browser.';

-- +goose Down
DROP TABLE ginauth.pending_logins;
DROP TABLE ginauth.factors;
