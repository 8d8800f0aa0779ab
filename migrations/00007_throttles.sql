-- +goose Up
-- One row for each thing whose attempts are counted. Every attempt changes the times, so no index may
-- have them: with room in the page, an update stays in it and leaves the one index alone.
CREATE TABLE ginauth.throttles (
    until      timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    failures   integer     NOT NULL DEFAULT 0,
    run        integer     NOT NULL DEFAULT 0,
    key        bytea       PRIMARY KEY,
    client     bytea       NULL,

    CONSTRAINT throttles_key_check CHECK (octet_length(key) = 16),
    CONSTRAINT throttles_client_check CHECK (octet_length(client) = 16),
    CONSTRAINT throttles_failures_check CHECK (failures >= 0),
    CONSTRAINT throttles_run_check CHECK (run BETWEEN 0 AND failures)
) WITH (fillfactor = 85);

-- Few rows, changed often: dead ones must not pile up.
ALTER TABLE ginauth.throttles SET (autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE ginauth.known_devices (
    key          bytea       PRIMARY KEY,
    user_id      uuid        NOT NULL REFERENCES ginauth.users (id) ON DELETE CASCADE,
    epoch        bigint      NOT NULL,
    failures     integer     NOT NULL DEFAULT 0,
    last_used_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,

    CONSTRAINT known_devices_key_check CHECK (octet_length(key) = 16),
    CONSTRAINT known_devices_failures_check CHECK (failures >= 0)
) WITH (fillfactor = 85);

CREATE INDEX known_devices_user_id_idx ON ginauth.known_devices (user_id);

COMMENT ON TABLE ginauth.throttles IS 'Attempts, such as logins, counted by what they were for. Pseudonymous personal data.';
COMMENT ON COLUMN ginauth.throttles.until IS 'Wrong guesses: no further attempt before. Rates: when the budget is full again.';
COMMENT ON COLUMN ginauth.throttles.expires_at IS 'The row counts for nothing from then on, and may go.';
COMMENT ON COLUMN ginauth.throttles.failures IS 'Guesses that have not turned out right.';
COMMENT ON COLUMN ginauth.throttles.run IS 'How many of them the client below made, last and in a row.';
COMMENT ON COLUMN ginauth.throttles.key IS 'Hash of a purpose with an identifier, which need not be an account''s, or with an address prefix.';
COMMENT ON COLUMN ginauth.throttles.client IS 'Hash of the address prefix that guessed last.';
COMMENT ON TABLE ginauth.known_devices IS 'Browsers that users have logged in with before. Contains personal data.';
COMMENT ON COLUMN ginauth.known_devices.key IS 'Secret: hash of the device cookie''s token with the identifier. The token itself is never stored.';
COMMENT ON COLUMN ginauth.known_devices.epoch IS 'That of the user''s sessions when the device became known: it ends with them.';
COMMENT ON COLUMN ginauth.known_devices.failures IS 'Wrong passwords from this device since it last logged in.';

-- +goose Down
DROP TABLE ginauth.known_devices;
DROP TABLE ginauth.throttles;
