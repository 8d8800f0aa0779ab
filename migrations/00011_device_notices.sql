-- +goose Up
-- A login on a device that the user had not used before is told by mail.
ALTER TABLE ginauth.outbox
    DROP CONSTRAINT outbox_kind_check,
    DROP CONSTRAINT outbox_user_id_check,
    ADD CONSTRAINT outbox_kind_check
        CHECK (kind IN ('verify', 'reset', 'login', 'change', 'undo', 'taken', 'password', 'device')),
    ADD CONSTRAINT outbox_user_id_check
        CHECK ((user_id IS NOT NULL) = (kind IN ('change', 'undo', 'password', 'device')));

COMMENT ON COLUMN ginauth.outbox.email IS 'Personal data: the address that was asked for. Mail goes there only for change, undo and notices.';

-- +goose Down
COMMENT ON COLUMN ginauth.outbox.email IS 'Personal data: the address that was asked for. Mail goes there only for change and undo.';
DELETE FROM ginauth.outbox WHERE kind = 'device';
ALTER TABLE ginauth.outbox
    DROP CONSTRAINT outbox_kind_check,
    DROP CONSTRAINT outbox_user_id_check,
    ADD CONSTRAINT outbox_kind_check
        CHECK (kind IN ('verify', 'reset', 'login', 'change', 'undo', 'taken', 'password')),
    ADD CONSTRAINT outbox_user_id_check
        CHECK ((user_id IS NOT NULL) = (kind IN ('change', 'undo', 'password')));
