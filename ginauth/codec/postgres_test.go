package codec_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/codec"
	"github.com/ginauth/ginauth/store/storetest"
)

// throughJSONB returns texts as a jsonb column gives them back.
func throughJSONB(t *testing.T, pool *pgxpool.Pool, texts []string) []string {
	t.Helper()
	const query = `SELECT coalesce(array_agg(j::jsonb::text ORDER BY n), '{}') FROM unnest($1::text[]) WITH ORDINALITY AS t(j, n)`
	var stored []string
	if err := pool.QueryRow(t.Context(), query, texts).Scan(&stored); err != nil {
		t.Fatal(err)
	}
	if len(stored) != len(texts) {
		t.Fatalf("%d of %d values came back", len(stored), len(texts))
	}
	return stored
}

func TestValuesComeBackFromPostgreSQL(t *testing.T) {
	t.Parallel()
	register(t)
	pool := storetest.NewEmptyDB(t)
	rows := values()
	for seed := range uint64(2000) {
		v := randomValue(seed)
		raw, err := codec.Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row{v, string(raw)})
	}
	texts := make([]string, len(rows))
	for i, r := range rows {
		texts[i] = r.want
	}
	for i, stored := range throughJSONB(t, pool, texts) {
		got, err := codec.Decode([]byte(stored))
		if err != nil {
			t.Errorf("%s: %v", stored, err)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(stored)); err != nil {
			t.Error(err)
		}
		registered := strings.Contains(stored, `{"registered:`) // encoding/json has its own order
		if !registered && compact.String() != texts[i] {
			t.Errorf("jsonb changed\n%s to\n%s", texts[i], compact.String())
		}
		if _, own := rows[i].value.(blob); own {
			continue // it keeps the spelling
		}
		if diff := cmp.Diff(rows[i].value, got, same); diff != "" {
			t.Errorf("%s: %s", stored, diff)
		}
		if !codec.Equal([]byte(texts[i]), []byte(stored)) {
			t.Errorf("%s and %s are not Equal", texts[i], stored)
		}
	}
}

func TestKeysComeBackFromPostgreSQL(t *testing.T) {
	t.Parallel()
	pool := storetest.NewEmptyDB(t)
	session := map[string]json.RawMessage{}
	want := map[any]any{}
	r := newRandom(1)
	for range 500 {
		key := r.key()
		name, err := codec.Key(key)
		if err != nil {
			t.Fatal(err)
		}
		session[name], want[key] = json.RawMessage(`true`), true
	}
	object, err := json.Marshal(session)
	if err != nil {
		t.Fatal(err)
	}
	var stored map[string]json.RawMessage
	if err := json.Unmarshal([]byte(throughJSONB(t, pool, []string{string(object)})[0]), &stored); err != nil {
		t.Fatal(err)
	}
	got := map[any]any{}
	for name, raw := range stored {
		key, err := codec.ParseKey(name)
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if got[key], err = codec.Decode(raw); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
