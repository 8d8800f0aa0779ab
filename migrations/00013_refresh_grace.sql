-- +goose Up
-- Whoever repeats a refresh within its grace should be who made it. What differs is written down, once for each token.
ALTER TABLE ginauth.refresh_tokens
    ADD COLUMN replaced_from bytea    NULL,
    ADD COLUMN elsewhere     smallint NOT NULL DEFAULT 0,
    ADD CONSTRAINT refresh_tokens_replaced_from_check CHECK (octet_length(replaced_from) = 32);

COMMENT ON COLUMN ginauth.refresh_tokens.replaced_from IS 'Personal data: SHA-256 of the address prefix and the browser of who replaced the token before.';
COMMENT ON COLUMN ginauth.refresh_tokens.elsewhere IS 'How often the token before was used within its grace from elsewhere: 0, 1, or 2 for more.';

-- +goose Down
ALTER TABLE ginauth.refresh_tokens
    DROP COLUMN elsewhere,
    DROP COLUMN replaced_from;
