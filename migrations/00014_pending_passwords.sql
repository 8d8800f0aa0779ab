-- +goose Up
-- A sign-up by mail may be anybody's until the address is proved. Were its password good before, a login with it would
-- tell who signed up with a free address and who with a taken one.
ALTER TABLE ginauth.users
    ADD COLUMN password_pending boolean NOT NULL DEFAULT FALSE;

COMMENT ON COLUMN ginauth.users.password_pending IS 'The password logs nobody in while verified_at is NULL.';

-- +goose Down
ALTER TABLE ginauth.users
    DROP COLUMN password_pending;
