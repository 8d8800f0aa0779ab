package docs_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/store/storetest"
)

// maxREADME is how many lines the README may have. What is longer belongs in a guide.
const maxREADME = 120

func TestTheREADMEIsShort(t *testing.T) {
	t.Parallel()
	if lines := strings.Count(readFile(t, "../README.md"), "\n"); lines > maxREADME {
		t.Errorf("the README has %d lines, more than %d", lines, maxREADME)
	}
}

// The README's program is that of example/quickstart. It is pasted into an empty module, as a reader does.
func TestProgramOfTheREADMERunsInAnEmptyModule(t *testing.T) {
	t.Parallel()
	if *update {
		t.Skip("nothing is made of this program")
	}
	program := snippets(t)["README"][0].code
	if diff := cmp.Diff(readFile(t, "../example/quickstart/main.go"), program); diff != "" {
		t.Errorf("the README's program is not example/quickstart/main.go (-file +README):\n%s", diff)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"main.go": program, "go.sum": readFile(t, "../go.sum")} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"mod", "init", "example.com/app"},
		{"mod", "edit", "-require", module + "@v0.0.0", "-replace", module + "=" + root},
		{"build", "-mod=mod", "-o", "app", "."}, // go run starts a child that a test cannot stop
	} {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	got := visit(t, start(t, filepath.Join(dir, "app"), storetest.NewEmptyURL(t)))
	want := []string{"GET /user 401", "POST /signup 201", "GET /user 200", "POST /logout 204", "GET /user 401", "POST /login 200", "GET /user 200"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// start runs a program until the test ends. It returns the program's URL once something answers there.
func start(t *testing.T, program, database string) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().(*net.TCPAddr) //nolint:errcheck // it is one of TCP
	_ = listener.Close()

	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, program)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.Env = append(os.Environ(), "DATABASE_URL="+database, "GIN_MODE=release", fmt.Sprintf("PORT=%d", address.Port))
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		cancel()
		<-ended
		if t.Failed() {
			t.Logf("the program wrote:\n%s", output.String())
		}
	})
	patience := time.After(time.Minute)
	for {
		if connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address.String()); err == nil {
			_ = connection.Close()
			return fmt.Sprintf("http://localhost:%d", address.Port)
		}
		select {
		case <-ended:
			t.Fatal("the program has ended")
		case <-patience:
			t.Fatal("nothing answers")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// visit does what the README does with curl, and returns the status of each answer.
func visit(t *testing.T, url string) (answers []string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	const ada = `"email":"ada@example.com","password":"correct horse battery staple"}`
	for _, request := range []struct{ line, body string }{
		{"GET /user", ""},
		{"POST /signup", `{"name":"Ada Lovelace",` + ada},
		{"GET /user", ""},
		{"POST /logout", ""},
		{"GET /user", ""},
		{"POST /login", "{" + ada},
		{"GET /user", ""},
	} {
		method, path, _ := strings.Cut(request.line, " ")
		q, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(request.body))
		if err != nil {
			t.Fatal(err)
		}
		if request.body != "" {
			q.Header.Set("Content-Type", "application/json")
		}
		a, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		_ = a.Body.Close()
		answers = append(answers, fmt.Sprint(request.line, " ", a.StatusCode))
	}
	return answers
}
