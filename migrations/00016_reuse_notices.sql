-- +goose Up
-- A login that ended because its token was used twice is told by mail.
ALTER TABLE ginauth.outbox
    DROP CONSTRAINT outbox_kind_check,
    DROP CONSTRAINT outbox_user_id_check,
    ADD CONSTRAINT outbox_kind_check
        CHECK (kind IN ('verify', 'reset', 'login', 'change', 'undo', 'taken', 'password', 'device', 'reuse')),
    ADD CONSTRAINT outbox_user_id_check
        CHECK ((user_id IS NOT NULL) = (kind IN ('change', 'undo', 'password', 'device', 'reuse')));

-- +goose Down
DELETE FROM ginauth.outbox WHERE kind = 'reuse';
ALTER TABLE ginauth.outbox
    DROP CONSTRAINT outbox_kind_check,
    DROP CONSTRAINT outbox_user_id_check,
    ADD CONSTRAINT outbox_kind_check
        CHECK (kind IN ('verify', 'reset', 'login', 'change', 'undo', 'taken', 'password', 'device')),
    ADD CONSTRAINT outbox_user_id_check
        CHECK ((user_id IS NOT NULL) = (kind IN ('change', 'undo', 'password', 'device')));
