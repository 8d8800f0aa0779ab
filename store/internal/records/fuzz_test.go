package records

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What the standard library reads without an error is read alike, and the rest is a fault or an error.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\nc,d\n", "\"a\"\"b\",\"c\nd\"\r\n", "a\"b\nc", "\"a\"b\n", "\"a", "\xef\xbb\xbfa", ",\n\n\"\"", "a\rb\r\nc\r"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(strings.ReplaceAll(s, "\r\n", ""), "\r") || strings.HasPrefix(s, "\xef\xbb\xbf") {
			return // of which the library has its own opinion
		}
		compare(t, s)
	})
}

// All files that six or fewer of these pieces make.
func TestEveryShortFileIsReadAsTheLibraryReadsIt(t *testing.T) {
	t.Parallel()
	files := []string{""}
	for range 6 {
		var longer []string
		for _, file := range files {
			for _, piece := range []string{`"`, ",", "\n", "\r\n", "a"} {
				longer = append(longer, file+piece)
			}
		}
		for _, file := range longer {
			compare(t, file)
		}
		files = longer
	}
}

func compare(t *testing.T, s string) {
	t.Helper()
	std := csv.NewReader(strings.NewReader(s))
	std.FieldsPerRecord = -1
	want, wantErr := std.ReadAll()
	var got [][]string
	faults := 0
	c := newCSVReader(strings.NewReader(s))
	for {
		values, fault, err := c.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || fault != "" {
			faults++
		}
		if err != nil {
			break
		}
		got = append(got, values)
	}
	if (wantErr == nil) != (faults == 0) {
		t.Fatalf("%q: %d faults, and the library says %v", s, faults, wantErr)
	}
	if faults == 0 && !slices.EqualFunc(want, got, slices.Equal) {
		t.Fatalf("%q: %q, want %q", s, got, want)
	}
}

// Every line that is not empty is a row or a fault, and a row's values are those of the JSON.
func FuzzJSONLines(f *testing.F) {
	for _, s := range []string{`{"a":"b"}`, `{"a":1,"b":null}` + "\n" + `{"a":true}`, `{"a":"\ud800"}`, `{"a":`, `{"c":{"a":"b"}}`, `{} {}`, "\xff", `{"a":"1","A":"2"}`} {
		f.Add(s)
	}
	fields := Fields{Known: []string{"a", "b"}, Rename: map[string]string{"c": leaveOut}}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.HasPrefix(s, "\xef\xbb\xbf") {
			return
		}
		lines := 0
		for line := range strings.Lines(s) {
			if strings.TrimSpace(line) != "" {
				lines++
			}
		}
		all := strings.Split(s, "\n")
		for row, err := range JSONLines(strings.NewReader(s), fields) {
			lines--
			var fault *Fault
			if err != nil {
				if !errors.As(err, &fault) || fault.Source != row.Source {
					t.Fatalf("%q: %v", s, err)
				}
				continue
			}
			number, _ := strconv.Atoi(strings.TrimPrefix(row.Source, "line "))
			var want map[string]any
			if err := json.Unmarshal([]byte(all[number-1]), &want); err != nil {
				t.Fatalf("%q: %s is a row: %v", s, row.Source, err)
			}
			for _, field := range fields.Known {
				if text, isText := want[field].(string); isText && row.Values[field] != text {
					t.Fatalf("%q: %s has %q as %s, want %q", s, row.Source, row.Values[field], field, text)
				}
			}
		}
		if lines != 0 {
			t.Fatalf("%q: %d lines are neither rows nor faults", s, lines)
		}
	})
}
