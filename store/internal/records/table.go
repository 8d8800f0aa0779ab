package records

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"
)

// beginner begins transactions, as a pool does.
type beginner interface {
	BeginTx(ctx context.Context, o pgx.TxOptions) (pgx.Tx, error)
}

const (
	// Times are read as RFC 3339 has them, nearly, whatever the server's settings. The table is read as
	// long as the import takes.
	setSettings = `SELECT set_config('datestyle', 'ISO', TRUE), set_config('timezone', 'UTC', TRUE), set_config('statement_timeout', '0', TRUE)`

	// findTable returns the table's name in quotes, where it needs them, and the column of its
	// primary key.
	findTable = `
SELECT t.name::text, COALESCE((
	SELECT min(a.attname) FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
	WHERE i.indrelid = t.name AND i.indisprimary AND i.indnkeyatts = 1), '')
FROM (SELECT to_regclass($1::text) AS name) AS t
WHERE t.name IS NOT NULL`

	selectAll = `SELECT * FROM `
)

// Table reads all rows of a table or a view, in one snapshot and within a read-only transaction.
// Name may have a schema and quotes, as in SQL. A row that cannot be read is a *Fault; any other
// error ends the reading.
func Table(ctx context.Context, db beginner, name string, f Fields) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		err := pgx.BeginTxFunc(ctx, db, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			return table(ctx, tx, name, f, yield)
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(Row{}, err)
		}
	}
}

// errEnough means that no further row is wanted.
var errEnough = errors.New("enough")

func table(ctx context.Context, tx pgx.Tx, name string, f Fields, yield func(Row, error) bool) error {
	if _, err := tx.Exec(ctx, setSettings); err != nil {
		return fmt.Errorf("reading a table: %w", err)
	}
	var quoted, key string
	err := tx.QueryRow(ctx, findTable, name).Scan(&quoted, &key)
	if errors.Is(err, pgx.ErrNoRows) {
		return errors.New("there is no such table: write it as in SQL, such as public.users")
	}
	if err != nil {
		return fmt.Errorf("finding a table: %w", err)
	}
	rows, err := tx.Query(ctx, selectAll+quoted, pgx.QueryExecModeDescribeExec, pgx.QueryResultFormats{pgx.TextFormatCode})
	if err != nil {
		return fmt.Errorf("reading a table: %w", err)
	}
	defer rows.Close()
	var columns []string
	for _, d := range rows.FieldDescriptions() {
		columns = append(columns, d.Name)
	}
	fields, err := f.head(columns)
	if err != nil {
		return err
	}
	for number := 1; rows.Next(); number++ {
		row := Row{Source: "row " + strconv.Itoa(number), Values: map[string]string{}}
		for i, value := range rows.RawValues() {
			if columns[i] == key && isShort(string(value)) {
				row.Source += " (" + key + " " + string(value) + ")"
			}
			if value != nil && fields[i] != leaveOut {
				row.Values[fields[i]] = string(value)
			}
		}
		if !yield(row, nil) {
			return errEnough
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading a table: %w", err)
	}
	return nil
}

// isShort tells whether a key fits on a line of a report.
func isShort(key string) bool {
	return len(key) <= 64 && !strings.ContainsFunc(key, func(r rune) bool { return !unicode.IsPrint(r) })
}
