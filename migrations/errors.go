package migrations

import "errors"

// ErrTooOld is returned when the server is older than PostgreSQL 14. Nothing was changed.
var ErrTooOld = errors.New("the server is older than PostgreSQL 14: upgrade it, or use another server")

// ErrNewerSchema is returned when migrations are applied that this build does not know,
// usually because a newer build ran first. Nothing was changed. In a rolling deployment
// an older build may go on when it gets this from [Up].
var ErrNewerSchema = errors.New("the database schema is newer than this build: deploy the newer build, or roll back with it first")
