package records_test

import (
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/store/internal/records"
)

var fields = records.Fields{
	Known:  []string{"email", "name", "hash"},
	Rename: map[string]string{},
}

// read returns the rows as they are printed, and the error that ended the reading.
func read(rows iter.Seq2[records.Row, error]) (list []string, err error) {
	for row, err := range rows {
		var fault *records.Fault
		switch {
		case errors.As(err, &fault):
			list = append(list, fault.Source+" "+fault.Code)
		case err != nil:
			return list, err
		default:
			parts := []string{row.Source}
			for _, field := range fields.Known {
				if value, has := row.Values[field]; has {
					parts = append(parts, field+"="+value)
				}
			}
			list = append(list, strings.Join(parts, " "))
		}
	}
	return list, nil
}

func TestCSVIsReadRowByRow(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1<<20)
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"plain":                    {"email,name\na,b\nc,d\n", []string{"line 2 email=a name=b", "line 3 email=c name=d"}},
		"no last line end":         {"email,name\na,b", []string{"line 2 email=a name=b"}},
		"CRLF":                     {"email,name\r\na,b\r\nc,d\r\n", []string{"line 2 email=a name=b", "line 3 email=c name=d"}},
		"a byte order mark":        {"\xef\xbb\xbfemail,name\na,b\n", []string{"line 2 email=a name=b"}},
		"quotes":                   {"\"email\",name\n\"a,\"\"b\"\"\",\"\"\n", []string{`line 2 email=a,"b"`}},
		"line ends in quotes":      {"email,name\na,\"b\nc\r\nd\"\ne,f\n", []string{"line 2 email=a name=b\nc\nd", "line 5 email=e name=f"}},
		"empty lines and values":   {"email,name\n\n,b\r\n\r\n\"\",\n", []string{"line 3 name=b", "line 5"}},
		"too few and too many":     {"email,name\na\na,b,c\nd,e\n", []string{"line 2 unreadable", "line 3 unreadable", "line 4 email=d name=e"}},
		"a quote within":           {"email,name\na,b\"c\nd,\"e\"f\ng,h\n", []string{"line 2 unreadable", "line 3 unreadable", "line 4 email=g name=h"}},
		"a row that is too long":   {"email,name\n" + long + ",b\nc,d\n", []string{"line 2 too_long", "line 3 email=c name=d"}},
		"rows in a long value":     {"email,name\na,\"" + long + "\nevil,row\n\"\nc,d\n", []string{"line 2 too_long", "line 5 email=c name=d"}},
		"bytes that are no UTF-8":  {"email,name\n\xff,b\n", []string{"line 2 email=\xff name=b"}},
		"a header and nothing":     {"email,name\n", nil},
		"a row of an empty column": {"email\n\"\"\n", []string{"line 2"}},
	} {
		got, err := read(records.CSV(strings.NewReader(c.text), fields))
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%.300s", name, err, diff)
		}
	}
}

func TestJSONLinesAreReadRowByRow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"texts":                {"{\"email\":\"a\",\"name\":\"b\"}\r\n\n{\"email\":\"\\u00e4\"}", []string{"line 1 email=a name=b", "line 3 email=ä"}},
		"a byte order mark":    {"\xef\xbb\xbf{\"email\":\"a\"}\n", []string{"line 1 email=a"}},
		"other values":         {`{"email":42,"name":true,"hash":null}`, []string{"line 1 email=42 name=true"}},
		"an unknown field":     {`{"emial":"a"}`, []string{"line 1 unknown_field"}},
		"a list":               {`{"email":["a"]}`, []string{"line 1 unreadable"}},
		"a field twice":        {`{"email":"a","email":"b"}`, []string{"line 1 unreadable"}},
		"no object":            {"[1]\n\"a\"\n{\n{\"email\"}\n{\"email\":\"a\"} x\nnull", []string{"line 1 unreadable", "line 2 unreadable", "line 3 unreadable", "line 4 unreadable", "line 5 unreadable", "line 6 unreadable"}},
		"no UTF-8":             {"{\"email\":\"\xff\"}", []string{"line 1 invalid_text"}},
		"a line too long":      {"{\"email\":\"" + strings.Repeat("x", 1<<20) + "\"}\n{\"email\":\"a\"}\n", []string{"line 1 too_long", "line 2 email=a"}},
		"a field that is left": {`{"old":{"a":[1]},"email":"a"}`, []string{"line 1 email=a"}},
	} {
		f := fields
		f.Rename = map[string]string{"old": "-"}
		got, err := read(records.JSONLines(strings.NewReader(c.text), f))
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%.300s", name, err, diff)
		}
	}
}

func TestColumnsAreRefusedByName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text   string
		rename map[string]string
		want   string
	}{
		"unknown":           {"email,plan,city\n", nil, "unknown columns: plan, city"},
		"twice":             {"email,email\n", nil, `"email" and "email"`},
		"two for one field": {"email,mail\n", map[string]string{"mail": "email"}, `"email" and "mail"`},
		"mapped, not there": {"email\n", map[string]string{"mail": "name"}, `no column "mail"`},
		"no header":         {"ada@example.com,$2b$10$secret\n", nil, "column 1 has no name"},
		"a digest":          {"ada,5f4dcc3b5aa765d61d8327deb882cf99\n", nil, "column 2 has no name"},
		"a letter digest":   {"a5f4dcc3b5aa765d61d8327deb882cf9\n", nil, "column 1 has no name"},
		"nothing":           {"", nil, "no header"},
		"an open quote":     {"\"email\n", nil, "never close"},
		"an open quote in a row": {
			"email\n\"a\n", nil, "line 2: the quotes that open in this row never close",
		},
		"semicolons": {"email;name\n", nil, "column 1 has no name"},
	} {
		f := fields
		f.Rename = c.rename
		_, err := read(records.CSV(strings.NewReader(c.text), f))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "5f4dcc") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	f := fields
	f.Rename = map[string]string{"mail": "email", "old": "-"}
	got, err := read(records.CSV(strings.NewReader("mail,old,name\na,b,c\n"), f))
	if diff := cmp.Diff([]string{"line 2 email=a name=c"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

type failing struct{ text *strings.Reader }

var errDisk = errors.New("the disk is broken")

func (f failing) Read(p []byte) (int, error) {
	if n, err := f.text.Read(p); err == nil {
		return n, nil
	}
	return 0, errDisk
}

func TestAFileThatCannotBeReadEndsTheReading(t *testing.T) {
	t.Parallel()
	got, err := read(records.CSV(failing{strings.NewReader("email\na\nb")}, fields))
	if !errors.Is(err, errDisk) || !cmp.Equal(got, []string{"line 2 email=a"}) {
		t.Errorf("%v, %v", got, err)
	}
	got, err = read(records.JSONLines(failing{strings.NewReader("{\"email\":\"a\"}\n{")}, fields))
	if !errors.Is(err, errDisk) || !cmp.Equal(got, []string{"line 1 email=a"}) {
		t.Errorf("%v, %v", got, err)
	}
}
