package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

func guide(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/existing-app.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// blocks are those of a language in the guide.
func blocks(t *testing.T, language string) (found []string) {
	t.Helper()
	for _, block := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(guide(t), -1) {
		found = append(found, block[1])
	}
	if len(found) == 0 {
		t.Fatalf("the guide has no block of %s", language)
	}
	return found
}

// prepare runs what the guide says before the new version starts.
func prepare(t *testing.T, database string, pool *pgxpool.Pool) {
	t.Helper()
	for _, sql := range blocks(t, "sql") {
		for statement := range strings.SplitSeq(strings.TrimSpace(sql), ";") {
			tag, err := pool.Exec(t.Context(), statement)
			if err != nil || tag.Select() && tag.RowsAffected() > 0 {
				t.Fatalf("%s: %s, %v", statement, tag, err)
			}
		}
	}
	migrate := exec.CommandContext(t.Context(), "go", "run", "../../../migrations/migrate", "up")
	migrate.Env = append(os.Environ(), "DATABASE_URL="+database)
	if out, err := migrate.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// The checks of the guide find what has to be mended first.
func TestChecksOfTheGuideFindAccountsInTheWay(t *testing.T) {
	t.Parallel()
	_, pool := newDatabase(t)
	if _, err := pool.Exec(t.Context(), strings.TrimSuffix(schema[:strings.Index(schema, "CREATE UNIQUE")], ";")); err != nil {
		t.Fatal(err)
	}
	for name, email := range map[string]any{"Ada": "Ada@example.com", "ada": "ada@example.com", "eve@example.com": nil, "a b": nil} {
		if _, err := pool.Exec(t.Context(), `INSERT INTO users (username, email, password_hash) VALUES ($1, $2, 'md5')`, name, email); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []int64{1, 1, 2, 4} {
		tag, err := pool.Exec(t.Context(), strings.Split(blocks(t, "sql")[0], ";")[i])
		if err != nil || tag.RowsAffected() != want {
			t.Errorf("check %d: %s, want %d rows: %v", i+1, tag, want, err)
		}
	}
}

// The code in the guide is that of the app.
func TestGoOfTheGuideIsThatOfTheApp(t *testing.T) {
	t.Parallel()
	app := squeezed(source(t, "."))
	for _, block := range blocks(t, "go") {
		if !strings.Contains(app, squeezed(block)) {
			t.Errorf("the app does not have this:\n%s", block)
		}
	}
}

func squeezed(code string) string { return strings.Join(strings.Fields(code), " ") }

// source is the code of a folder, without its tests.
func source(t *testing.T, folder string) string {
	t.Helper()
	var text strings.Builder
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(code)
	}
	return text.String()
}

// The guide says how many lines the move takes.
func TestGuideCountsTheLinesOfTheMove(t *testing.T) {
	t.Parallel()
	was, is := strings.Split(source(t, "../before"), "\n"), strings.Split(source(t, "."), "\n")
	same := common(was, is)
	want := "| " + strconv.Itoa(len(is)-same) + " | " + strconv.Itoa(len(was)-same) + " | 0 |"
	if len(was) < 200 || !strings.Contains(guide(t), want) {
		t.Errorf("the guide does not say %q", want)
	}
}

// common is the length of the longest list of lines that both have in this order.
func common(a, b []string) int {
	longest := make([]int, len(b)+1)
	for _, line := range a {
		diagonal := 0
		for j := range b {
			above := longest[j+1]
			if line == b[j] {
				longest[j+1] = diagonal + 1
			} else {
				longest[j+1] = max(above, longest[j])
			}
			diagonal = above
		}
	}
	return longest[len(b)]
}

// Behind a proxy the versions change places, there and back and there again, while people use the app. Nobody is logged
// out and no request fails: the downtime is zero.
func TestTheMoveHasNoDowntime(t *testing.T) {
	t.Parallel()
	database, pool := newDatabase(t)
	old := before(t, database)
	var upstream atomic.Pointer[url.URL]
	lead := func(address string) {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		upstream.Store(u)
	}
	lead(old)
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(upstream.Load())
		r.Out.Host = r.In.Host
	}})
	defer proxy.Close()

	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	var served, failed atomic.Int64
	for _, name := range []string{"ada", "bob", "eve", "kim"} {
		b := newBrowser(t, proxy.URL)
		b.wants("/signup", form(name, "", "pass word "+name), 200, "Hello "+name)
		all.Go(func() {
			for ctx.Err() == nil {
				status, page, err := b.visit(t.Context(), "/profile", nil) //nolint:contextcheck // the last request may end
				served.Add(1)
				if err != nil || status != http.StatusOK || !strings.Contains(page, "Hello "+name) {
					failed.Add(1)
					t.Errorf("%s: %d %v\n%s", name, status, err, page)
					return
				}
			}
		})
	}
	more := func() {
		for until := served.Load() + 40; served.Load() < until && failed.Load() == 0; {
			time.Sleep(time.Millisecond)
		}
	}
	more()
	prepare(t, database, pool)
	more()
	beside := after(t, pool, true)
	for _, address := range []string{beside, old, beside, after(t, pool, false)} {
		lead(address)
		more()
	}
	stop()
	all.Wait()
	t.Logf("%d of %d requests failed", failed.Load(), served.Load())
}
