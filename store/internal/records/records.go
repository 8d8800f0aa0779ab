// Package records reads users of other systems as rows of text: from CSV, from JSON lines and from
// a table.
package records

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// maxRow bounds the bytes of one row of a file, so that a file without line ends cannot exhaust the
// process.
const maxRow = 1 << 20

// Row is one row.
type Row struct {
	// Source says where the row is, such as "line 7".
	Source string
	// Values are by field. A field that is null is missing, and in CSV one that is empty.
	Values map[string]string
}

// Fault says why a row cannot be read. The rows after it can.
type Fault struct{ Source, Code, Reason string }

// Error is the fault as one line. It holds no value of the row.
func (f *Fault) Error() string { return f.Source + ": " + f.Code + ": " + f.Reason }

// Fields says which columns are read, and as what.
type Fields struct {
	// Known are the names of fields. A column of that name is read as that field.
	Known []string
	// Rename names the fields of other columns, and of columns that are left out: "-".
	Rename map[string]string
}

// leaveOut is a field that is not read.
const leaveOut = "-"

// of returns the field that a column is read as.
func (f Fields) of(column string) (field string, known bool) {
	if field, renamed := f.Rename[column]; renamed {
		return field, true
	}
	return column, slices.Contains(f.Known, column)
}

// head returns the fields of a header, and an error that names the columns that cannot be read.
func (f Fields) head(columns []string) (fields []string, err error) {
	var unknown []string
	holders := map[string]string{}
	for i, column := range columns {
		if !isName(column) {
			return nil, fmt.Errorf("column %d has no name that could be a column's: is the first line a header?", i+1)
		}
		field, known := f.of(column)
		if !known {
			unknown = append(unknown, column)
		}
		if other, taken := holders[field]; taken && field != leaveOut {
			return nil, fmt.Errorf("the columns %q and %q would both be %s: leave one out", other, column, field)
		}
		holders[field] = column
		fields = append(fields, field)
	}
	for column := range f.Rename {
		if !slices.Contains(columns, column) {
			return nil, fmt.Errorf("there is no column %q to be mapped", column)
		}
	}
	if len(unknown) > 0 {
		return nil, errors.New("unknown columns: " + strings.Join(unknown, ", ") + unknownRemedy)
	}
	return fields, nil
}

const unknownRemedy = "; say which field each is, or leave it out"

var (
	name = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_ .-]{0,62}$`)
	// digest is not a name that is repeated in a message: a file without a header begins with values.
	digest = regexp.MustCompile(`^[0-9A-Fa-f]{16,}$`)
)

func isName(s string) bool { return name.MatchString(s) && !digest.MatchString(s) }
