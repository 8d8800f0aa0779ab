-- +goose Up
-- A login on a device that the user had not used before is told by mail.
ALTER TABLE ginauth.outbox
    DROP CONSTRAINT outbox_kind_check,
    DROP CONSTRAINT outbox_user_id_check,
    ADD CONSTRAINT outbox_kind_check
        CHECK (kind IN ('verify', 'reset', 'login', 'change', 'undo', 'taken', 'password', 'device')),
    ADD CONSTRAINT outbox_user_id_check
        CHECK ((user_id IS NOT NULL) = (kind IN ('change', 'undo', 'password', 'device')));

-- +goose Down
DELETE FROM ginauth.outbox WHERE kind = 'device';
ALTER TABLE ginauth.outbox
    DROP CONSTRAINT outbox_kind_check,
    DROP CONSTRAINT outbox_user_id_check,
    ADD CONSTRAINT outbox_kind_check
        CHECK (kind IN ('verify', 'reset', 'login', 'change', 'undo', 'taken', 'password')),
    ADD CONSTRAINT outbox_user_id_check
        CHECK ((user_id IS NOT NULL) = (kind IN ('change', 'undo', 'password')));
