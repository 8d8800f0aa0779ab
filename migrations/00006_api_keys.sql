-- +goose Up
-- Room in every page lets an update of last_used_at stay in it and leave the indexes alone.
CREATE TABLE ginauth.api_keys (
    digest       bytea       PRIMARY KEY,
    id           uuid        NOT NULL,
    user_id      uuid        NOT NULL REFERENCES ginauth.users (id) ON DELETE CASCADE,
    name         text        NOT NULL,
    scopes       text        NOT NULL DEFAULT '',
    start        text        NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NULL,
    last_used_at timestamptz NULL,

    CONSTRAINT api_keys_id_key UNIQUE (id),
    CONSTRAINT api_keys_digest_check CHECK (octet_length(digest) = 32),
    CONSTRAINT api_keys_name_check CHECK (char_length(name) BETWEEN 1 AND 100),
    CONSTRAINT api_keys_scopes_check CHECK (char_length(scopes) <= 8000),
    -- A whole key is longer than 43 characters: it must not get in.
    CONSTRAINT api_keys_start_check CHECK (char_length(start) <= 32)
) WITH (fillfactor = 85);

CREATE INDEX api_keys_user_id_idx ON ginauth.api_keys (user_id);

COMMENT ON TABLE ginauth.api_keys IS 'API keys of users, live and expired. Contains personal data.';
COMMENT ON COLUMN ginauth.api_keys.digest IS 'Secret: SHA-256 of the key. The key itself is never stored.';
COMMENT ON COLUMN ginauth.api_keys.id IS 'Public name of the key. No credential.';
COMMENT ON COLUMN ginauth.api_keys.name IS 'Personal data: what the user calls the key.';
COMMENT ON COLUMN ginauth.api_keys.scopes IS 'What the key may be used for, separated by blanks (RFC 6749, 3.3).';
COMMENT ON COLUMN ginauth.api_keys.start IS 'The first characters of the key, for lists. Not enough to guess the rest.';
COMMENT ON COLUMN ginauth.api_keys.expires_at IS 'NULL: never.';

-- +goose Down
DROP TABLE ginauth.api_keys;
