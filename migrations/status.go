package migrations

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"
)

// Migration is one step of the schema.
type Migration struct {
	// Version is the number the file's name begins with. Versions grow.
	Version int64
	// File is the name in [FS]. It is empty when this build does not know the migration.
	File string
	// AppliedAt is when the migration was applied, zero when it was not. The stock goose
	// command notes its local time there, which is read as UTC.
	AppliedAt time.Time
}

// Status lists the migrations this build knows and those the database has, by version.
// It changes nothing, uses a connection of the pool, and needs no more than USAGE on schema
// ginauth and SELECT on ginauth.goose_db_version. Errors: [ErrTooOld], or the database's own,
// wrapped.
func Status(ctx context.Context, pool *pgxpool.Pool) ([]Migration, error) {
	list, err := merge(ctx, pool)
	if err != nil {
		return nil, fmt.Errorf("reading the migration status: %w", err)
	}
	return list, nil
}

func merge(ctx context.Context, pool *pgxpool.Pool) ([]Migration, error) {
	list, err := known()
	if err != nil {
		return nil, err
	}
	done, err := applied(ctx, pool)
	if err != nil {
		return nil, err
	}
	for version, at := range done {
		list[version] = Migration{Version: version, File: list[version].File, AppliedAt: at}
	}
	return slices.SortedFunc(maps.Values(list), func(a, b Migration) int {
		return cmp.Compare(a.Version, b.Version)
	}), nil
}

// refuseNewer fails when the database has migrations this build does not know.
func refuseNewer(ctx context.Context, pool *pgxpool.Pool) error {
	list, err := merge(ctx, pool)
	if err != nil {
		return err
	}
	for _, m := range list {
		if m.File == "" {
			return fmt.Errorf("version %d: %w", m.Version, ErrNewerSchema)
		}
	}
	return nil
}

// known returns the files of this build by version.
func known() (map[int64]Migration, error) {
	files, err := fs.Glob(FS, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("listing the migration files: %w", err)
	}
	list := make(map[int64]Migration, len(files))
	for _, file := range files {
		version, err := goose.NumericComponent(file)
		if err != nil {
			return nil, fmt.Errorf("reading the version of %s: %w", file, err)
		}
		list[version] = Migration{Version: version, File: file}
	}
	return list, nil
}

const listApplied = `SELECT version_id, tstamp FROM ` + versionTable + ` WHERE version_id > 0 AND is_applied`

// applied returns when each version was applied. It is empty when the database was never migrated.
func applied(ctx context.Context, pool *pgxpool.Pool) (map[int64]time.Time, error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	defer conn.Release()
	if err := checkServer(conn.Conn().PgConn()); err != nil {
		return nil, err
	}
	const undefinedTable = "42P01"
	list := map[int64]time.Time{}
	var version int64
	var at time.Time
	rows, err := conn.Query(ctx, listApplied)
	if err == nil {
		_, err = pgx.ForEachRow(rows, []any{&version, &at}, func() error {
			list[version] = at
			return nil
		})
	}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == undefinedTable {
		return list, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", versionTable, err)
	}
	return list, nil
}
