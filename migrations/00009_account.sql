-- +goose Up
-- An account that its user deletes with a time for second thoughts is disabled at once, and deleted then.
ALTER TABLE ginauth.users
    ADD COLUMN delete_after timestamptz NULL;

-- The sweeper asks for those whose time has come. This index holds the few that wait for it.
CREATE INDEX users_delete_after_idx ON ginauth.users (delete_after)
    WHERE delete_after IS NOT NULL;

COMMENT ON COLUMN ginauth.users.delete_after IS 'The disabled account is deleted after that. NULL: it is not to be deleted.';

-- +goose Down
ALTER TABLE ginauth.users
    DROP COLUMN delete_after;
