-- +goose NO TRANSACTION

-- +goose Up
-- Requests need the tables: rather give up after a second than hold them up. Up tries again, so each statement can be
-- repeated.
SET lock_timeout = '1s';

-- How the user has proved who they are (RFC 8176), and the session at the provider where they did.
ALTER TABLE ginauth.sessions
    ADD COLUMN IF NOT EXISTS methods          text        COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS second_factor_at timestamptz NULL,
    ADD COLUMN IF NOT EXISTS provider_issuer  text        COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS provider_sid     text        COLLATE "C" NOT NULL DEFAULT '',
    DROP CONSTRAINT IF EXISTS sessions_methods_check,
    DROP CONSTRAINT IF EXISTS sessions_provider_check,
    ADD CONSTRAINT sessions_methods_check CHECK (octet_length(methods) <= 64) NOT VALID,
    ADD CONSTRAINT sessions_provider_check CHECK (
        octet_length(provider_issuer) <= 512 AND octet_length(provider_sid) <= 512) NOT VALID;

ALTER TABLE ginauth.refresh_tokens
    ADD COLUMN IF NOT EXISTS methods       text    COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS second_factor boolean NOT NULL DEFAULT FALSE,
    DROP CONSTRAINT IF EXISTS refresh_tokens_methods_check,
    ADD CONSTRAINT refresh_tokens_methods_check CHECK (octet_length(methods) <= 64) NOT VALID;
RESET lock_timeout;

ALTER TABLE ginauth.sessions VALIDATE CONSTRAINT sessions_methods_check;
ALTER TABLE ginauth.sessions VALIDATE CONSTRAINT sessions_provider_check;
ALTER TABLE ginauth.refresh_tokens VALIDATE CONSTRAINT refresh_tokens_methods_check;

COMMENT ON COLUMN ginauth.sessions.methods IS 'How the user has proved who they are, such as "otp pwd" (RFC 8176). Empty: unknown.';
COMMENT ON COLUMN ginauth.sessions.second_factor_at IS 'When the user last proved a second factor. NULL: never.';
COMMENT ON COLUMN ginauth.sessions.provider_issuer IS 'The service where the user logged in. Empty: none.';
COMMENT ON COLUMN ginauth.sessions.provider_sid IS 'Personal data: that service''s name of the user''s session there.';
COMMENT ON COLUMN ginauth.refresh_tokens.methods IS 'How the user proved who they are, such as "otp pwd" (RFC 8176). Empty: unknown.';
COMMENT ON COLUMN ginauth.refresh_tokens.second_factor IS 'The methods include a second factor.';

-- +goose Down
SET lock_timeout = '1s';
ALTER TABLE ginauth.refresh_tokens
    DROP COLUMN IF EXISTS second_factor,
    DROP COLUMN IF EXISTS methods;

ALTER TABLE ginauth.sessions
    DROP COLUMN IF EXISTS provider_sid,
    DROP COLUMN IF EXISTS provider_issuer,
    DROP COLUMN IF EXISTS second_factor_at,
    DROP COLUMN IF EXISTS methods;
RESET lock_timeout;
