-- +goose Up
-- One row for each login, whatever number of tokens follow each other in it.
CREATE TABLE ginauth.refresh_tokens (
    selector        bytea       PRIMARY KEY,
    id              uuid        NOT NULL,
    user_id         uuid        NOT NULL REFERENCES ginauth.users (id) ON DELETE CASCADE,
    digest          bytea       NOT NULL,
    previous_digest bytea       NULL,
    previous_until  timestamptz NULL,
    seal            bytea       NULL,
    epoch           bigint      NOT NULL,
    scopes          text        NULL,
    created_at      timestamptz NOT NULL,
    last_used_at    timestamptz NOT NULL,
    idle_timeout    interval    NOT NULL,
    expires_at      timestamptz NOT NULL,
    ip              inet        NULL,
    user_agent      text        NOT NULL DEFAULT '',

    CONSTRAINT refresh_tokens_id_key UNIQUE (id),
    CONSTRAINT refresh_tokens_selector_check CHECK (octet_length(selector) = 32),
    CONSTRAINT refresh_tokens_digest_check CHECK (octet_length(digest) = 32),
    CONSTRAINT refresh_tokens_previous_digest_check CHECK (octet_length(previous_digest) = 32),
    CONSTRAINT refresh_tokens_seal_check CHECK (octet_length(seal) = 32),
    CONSTRAINT refresh_tokens_previous_check CHECK (num_nulls(previous_digest, previous_until, seal) IN (0, 3)),
    CONSTRAINT refresh_tokens_idle_timeout_check CHECK (idle_timeout > interval '0'),
    CONSTRAINT refresh_tokens_user_agent_check CHECK (char_length(user_agent) <= 256)
) WITH (fillfactor = 85);

CREATE INDEX refresh_tokens_user_id_idx ON ginauth.refresh_tokens (user_id);

COMMENT ON TABLE ginauth.refresh_tokens IS 'Logins that refresh tokens keep alive. Contains personal data.';
COMMENT ON COLUMN ginauth.refresh_tokens.selector IS 'Secret: SHA-256 of what all tokens of the login have in common.';
COMMENT ON COLUMN ginauth.refresh_tokens.id IS 'Public name of the login. No credential.';
COMMENT ON COLUMN ginauth.refresh_tokens.digest IS 'Secret: SHA-256 of the only token that is good. The token itself is never stored.';
COMMENT ON COLUMN ginauth.refresh_tokens.previous_digest IS 'Secret: SHA-256 of the token before it.';
COMMENT ON COLUMN ginauth.refresh_tokens.previous_until IS 'Until then the token before gets the same successor; later it ends the login.';
COMMENT ON COLUMN ginauth.refresh_tokens.seal IS 'Secret: the good token, encrypted by a key made of the one before it.';
COMMENT ON COLUMN ginauth.refresh_tokens.epoch IS 'The epochs of the user and of everybody, added up, at the login. See ginauth.sessions.';
COMMENT ON COLUMN ginauth.refresh_tokens.ip IS 'Personal data: address of the client that logged in.';
COMMENT ON COLUMN ginauth.refresh_tokens.user_agent IS 'Personal data: browser of the client that logged in.';

-- +goose Down
DROP TABLE ginauth.refresh_tokens;
