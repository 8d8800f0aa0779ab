package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"
)

// Migration is one step of the schema.
type Migration struct {
	// Version is the number the file's name begins with. Versions grow.
	Version int64
	// File is the name in FS. It is empty when this build does not know the migration.
	File string
	// AppliedAt is when the migration was applied, zero when it was not. The stock goose
	// command notes its local time there, which is read as UTC.
	AppliedAt time.Time
}

// listApplied reads each version's last entry: older versions of goose note a roll-back as a row.
const listApplied = `SELECT DISTINCT ON (version_id) version_id, is_applied, tstamp
FROM ` + versionTable + `
WHERE version_id > 0
ORDER BY version_id, id DESC`

// Status lists the migrations this build knows and those the database has, by version.
// It changes nothing and needs no more than USAGE on schema ginauth and SELECT on
// ginauth.goose_db_version. Errors: [ErrTooOld], or the database's own, wrapped.
func Status(ctx context.Context, pool *pgxpool.Pool) ([]Migration, error) {
	list, err := status(ctx, pool)
	if err != nil {
		return nil, fmt.Errorf("reading the migration status: %w", err)
	}
	return list, nil
}

func status(ctx context.Context, pool *pgxpool.Pool) ([]Migration, error) {
	list, err := knownMigrations()
	if err != nil {
		return nil, err
	}
	db, err := open(pool, false)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	applied, err := appliedVersions(ctx, db)
	if err != nil {
		return nil, err
	}
	for version, at := range applied {
		m := list[version]
		m.Version, m.AppliedAt = version, at
		list[version] = m
	}
	return slices.SortedFunc(maps.Values(list), func(a, b Migration) int {
		return int(a.Version - b.Version)
	}), nil
}

// knownMigrations returns the files of this build by version.
func knownMigrations() (map[int64]Migration, error) {
	files, err := fs.Glob(FS, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("listing the migration files: %w", err)
	}
	known := make(map[int64]Migration, len(files))
	for _, file := range files {
		version, err := goose.NumericComponent(file)
		if err != nil {
			return nil, fmt.Errorf("reading the version of %s: %w", file, err)
		}
		known[version] = Migration{Version: version, File: file}
	}
	return known, nil
}

// appliedVersions is empty when the database was never migrated.
func appliedVersions(ctx context.Context, db *sql.DB) (map[int64]time.Time, error) {
	rows, err := db.QueryContext(ctx, listApplied)
	if err != nil {
		return nil, ignoreUndefinedTable(err)
	}
	defer func() { _ = rows.Close() }()
	versions := map[int64]time.Time{}
	for rows.Next() {
		var version int64
		var isApplied bool
		var at time.Time
		if err := rows.Scan(&version, &isApplied, &at); err != nil {
			return nil, fmt.Errorf("reading %s: %w", versionTable, err)
		}
		if isApplied {
			versions[version] = at
		}
	}
	if err := rows.Err(); err != nil {
		return nil, ignoreUndefinedTable(err)
	}
	return versions, nil
}

func ignoreUndefinedTable(err error) error {
	const undefinedTable = "42P01"
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == undefinedTable {
		return nil
	}
	return fmt.Errorf("reading %s: %w", versionTable, err)
}
