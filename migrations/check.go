package migrations

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrOutdated is returned by [Check] when migrations of this build are not applied.
var ErrOutdated = errors.New("the database schema is older than this build")

// Check returns nil when the database has every migration of this build. It is for an app that
// somebody else migrates. It changes nothing, and uses a connection of the pool. [ErrOutdated] says
// which version the database has and which one this build needs. Further errors are
// [ErrNewerSchema], with which an older build may go on during a rollout, [ErrTooOld], and the
// database's own, wrapped. The role needs USAGE on schema ginauth and SELECT on
// ginauth.goose_db_version.
func Check(ctx context.Context, pool *pgxpool.Pool) error {
	list, err := merge(ctx, pool)
	const insufficientPrivilege = "42501"
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == insufficientPrivilege {
		return fmt.Errorf("checking the schema: the role may not see its version: grant it usage of the schema %s, and select on %s: %w", schema, versionTable, err)
	}
	if err != nil {
		return fmt.Errorf("checking the schema: %w", err)
	}
	var at, wanted int64
	pending, newer := false, false
	for _, m := range list {
		if m.File != "" {
			wanted = max(wanted, m.Version)
		}
		switch {
		case m.AppliedAt.IsZero():
			pending = true
		case !pending: // what is above a gap does not count
			at, newer = m.Version, newer || m.File == ""
		}
	}
	switch {
	case pending:
		return fmt.Errorf("%w: run migrations.Up or make migrate: the database is at version %d, this build wants %d", ErrOutdated, at, wanted)
	case newer:
		return fmt.Errorf("%w: the database is at version %d, this build wants %d", ErrNewerSchema, at, wanted)
	}
	return nil
}
