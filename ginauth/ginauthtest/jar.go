package ginauthtest

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// jar keeps the cookies of one site as browsers do, by the test's clock.
type jar struct {
	now func() time.Time

	mu   sync.Mutex // guards kept
	kept []kept     // the oldest first
}

type kept struct {
	name, value, path string
	until             time.Time // zero: until the browser closes
}

// take keeps what an answer sets. Browsers refuse names whose prefix the attributes do not hold
// (RFC 6265bis, 4.1.3).
func (j *jar) take(set []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range set {
		if strings.HasPrefix(c.Name, "__") && !c.Secure || strings.HasPrefix(c.Name, "__Host-") && (c.Path != "/" || c.Domain != "") {
			continue
		}
		j.put(kept{c.Name, c.Value, pathOf(c), j.end(c)}, c.MaxAge < 0)
	}
}

// put replaces the cookie of that name and path, which keeps its place.
func (j *jar) put(k kept, gone bool) {
	i := slices.IndexFunc(j.kept, func(old kept) bool { return old.name == k.name && old.path == k.path })
	switch {
	case i < 0 && !gone:
		j.kept = append(j.kept, k)
	case i >= 0 && gone:
		j.kept = slices.Delete(j.kept, i, i+1)
	case i >= 0:
		j.kept[i] = k
	}
}

func (j *jar) end(c *http.Cookie) time.Time {
	if c.MaxAge > 0 {
		return j.now().Add(time.Duration(c.MaxAge) * time.Second)
	}
	return c.Expires
}

// give adds the cookies for its path to a request.
func (j *jar) give(r *http.Request) {
	for _, k := range j.live() {
		if r.URL.Path == k.path || strings.HasPrefix(r.URL.Path, strings.TrimSuffix(k.path, "/")+"/") {
			r.AddCookie(&http.Cookie{Name: k.name, Value: k.value}) //nolint:gosec // attributes are for answers
		}
	}
}

func (j *jar) live() []kept {
	now := j.now()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.kept = slices.DeleteFunc(j.kept, func(k kept) bool { return !k.until.IsZero() && !k.until.After(now) })
	return slices.Clone(j.kept)
}

// pathOf is the path for which a cookie is. Without one, this package's is "/", where browsers have
// that of the request.
func pathOf(c *http.Cookie) string {
	if strings.HasPrefix(c.Path, "/") {
		return c.Path
	}
	return "/"
}
