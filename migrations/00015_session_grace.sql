-- +goose Up
-- Whoever uses a session's replaced token within its grace should be who replaced it. What differs is written down, once for
-- each rotation.
ALTER TABLE ginauth.sessions
    ADD COLUMN replaced_from bytea   NULL,
    ADD COLUMN elsewhere     boolean NOT NULL DEFAULT FALSE,
    ADD CONSTRAINT sessions_replaced_from_check CHECK (octet_length(replaced_from) = 32);

COMMENT ON COLUMN ginauth.sessions.replaced_from IS 'Personal data: SHA-256 of the address prefix and the browser of who replaced the token before.';
COMMENT ON COLUMN ginauth.sessions.elsewhere IS 'The token before was used within its grace from elsewhere.';

-- +goose Down
ALTER TABLE ginauth.sessions
    DROP COLUMN elsewhere,
    DROP COLUMN replaced_from;
