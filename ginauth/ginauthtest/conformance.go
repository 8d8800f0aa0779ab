package ginauthtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Conformance checks the router of an app against requirements of OWASP ASVS 5.0 and NIST SP
// 800-63B-4, each in a subtest of its own, and returns what it has found. It builds the app once
// more, with a database and a clock of its own, so that it changes nothing of the app it was given;
// what the app's handlers do elsewhere, such as calls of other services, it does too. It has to be
// told which routes are open to everybody, see Public: all others must refuse requests without
// credentials. docs/testing.md says what it cannot see.
func Conformance[U any](t *testing.T, app *App[U], options ...ConformanceOption) Report {
	t.Helper()
	report := examine(t, app, options)
	for _, r := range report.Requirements {
		t.Run(r.ID+" "+r.Title, func(t *testing.T) {
			for _, finding := range r.Findings {
				t.Error(finding)
			}
			if r.Skipped != "" {
				t.Skip(r.Skipped)
			}
		})
	}
	return report
}

// Report is what Conformance has found. Its JSON is for machines and archives.
type Report struct {
	// Standards are the texts whose sections the requirements name.
	Standards []string `json:"standards"`
	// Routes says which routes were held to be protected, and which open.
	Routes       []ReportedRoute `json:"routes"`
	Requirements []Requirement   `json:"requirements"`
}

// ReportedRoute is a route of the app.
type ReportedRoute struct {
	// Route is its method and template, such as "GET /posts/:id".
	Route string `json:"route"`
	// Open says that it may answer without credentials.
	Open bool `json:"open"`
}

// Requirement is the result of one check. The requirement holds when nothing was found and it was
// not skipped.
type Requirement struct {
	// ID is the number in OWASP ASVS 5.0, such as "ASVS-7.4.1".
	ID string `json:"id"`
	// NIST is the section of NIST SP 800-63B-4, if that has one about the matter.
	NIST string `json:"nist,omitempty"`
	// Title says what is required.
	Title string `json:"title"`
	// Requests is the number of requests that were sent.
	Requests int `json:"requests"`
	// Findings are what is wrong, one sentence each.
	Findings []string `json:"findings"`
	// Excepted are routes that the option Except has left out.
	Excepted []string `json:"excepted,omitempty"`
	// Skipped says why the requirement could not be checked. Empty: it was.
	Skipped string `json:"skipped,omitempty"`
}

// ConformanceOption tells Conformance about the app.
type ConformanceOption func(*expected)

type expected struct {
	public  []string
	except  map[string][]string // by ID
	samples map[string]any      // func(*Client[U]) (string, any), by rule
}

// Public names the routes that are meant to be open to everybody, as "/template" or "METHOD
// /template"; "/*any" at the end covers everything below. Open handlers of ginauth, such as
// Login, need no rule. Options.Exclude is not asked, so that a rule there that opens too much is
// found. Default: none.
func Public(rules ...string) ConformanceOption {
	return func(e *expected) { e.public = append(e.public, rules...) }
}

// Except leaves routes out of one requirement, such as "ASVS-14.3.2". Rules are those of Public.
// The report lists them.
func Except(id string, rules ...string) ConformanceOption {
	return func(e *expected) { e.except[id] = append(e.except[id], rules...) }
}

// Sample makes the requests of a route, such as "PUT /posts/:id", real: the function makes a thing
// that belongs to the client's user, and returns its path and, for other methods than GET, a body
// for json.Marshal. No other user may then succeed with that request. Default: the user's ID for
// each parameter of the path, and a body from the route's description or an empty object.
func Sample[U any](route string, request func(owner *Client[U]) (path string, body any)) ConformanceOption {
	return func(e *expected) { e.samples[route] = request }
}

// matches says whether one of the rules is for a route.
func matches(rules []string, method, template string) bool {
	return slices.ContainsFunc(rules, func(rule string) bool {
		of, path, found := strings.Cut(rule, " ")
		if !found {
			of, path = "", rule
		}
		if of != "" && of != method && (of != "GET" || method != "HEAD") {
			return false
		}
		below, all := strings.CutSuffix(path, "/*any")
		return path == template || all && (template == below || strings.HasPrefix(template, below+"/"))
	})
}

// standards are those of Report.Standards.
var standards = []string{"OWASP ASVS 5.0.0", "NIST SP 800-63B-4"}

// check is one requirement. Its function calls find for what is wrong, or returns why it could not
// look.
type check[U any] struct {
	id, nist, title string
	run             func(*examiner[U]) (skipped string)
}

// checks run in this order. A route that breaks one requirement of access breaks most of the others
// too, and is left out of them.
func checks[U any]() []check[U] {
	return []check[U]{
		{"ASVS-8.2.1", "", "protected routes refuse requests without credentials", (*examiner[U]).anonymous},
		{"ASVS-7.2.1", "5.1", "tokens that the app has not issued are refused", (*examiner[U]).forged},
		{"ASVS-14.2.1", "", "session tokens are taken from the cookie alone", (*examiner[U]).elsewhere},
		{"ASVS-8.3.1", "", "other spellings of a path are no way round the guards", (*examiner[U]).variants},
		{"ASVS-7.2.4", "5.1", "a login makes a new token and ends the one before", (*examiner[U]).fixation},
		{"ASVS-6.3.8", "", "a failed login does not tell who has an account", (*examiner[U]).enumeration},
		{"ASVS-3.7.2", "", "redirects stay within the app", (*examiner[U]).redirects},
		{"ASVS-3.5.1", "5.1", "requests of other sites change nothing", (*examiner[U]).crossSite},
		{"ASVS-3.5.2", "", "nor do those that need no preflight", (*examiner[U]).simple},
		{"ASVS-3.5.3", "", "safe methods change nothing", (*examiner[U]).safeMethods},
		{"ASVS-14.3.2", "", "answers for one user are not cached", (*examiner[U]).caching},
		{"ASVS-3.4.2", "", "other origins may not read answers", (*examiner[U]).sharing},
		{"ASVS-8.2.2", "", "users reach nothing of other users", (*examiner[U]).actAsOther},
		{"ASVS-10.3.2", "", "scopes limit a credential", (*examiner[U]).ceiling},
		{"ASVS-7.4.1", "5.1", "a logout ends the session at the server", (*examiner[U]).logout},
		{"ASVS-7.4.5", "", "a session that was revoked is refused", (*examiner[U]).revoked},
		{"ASVS-7.4.2", "", "disabled and deleted users are refused at once", (*examiner[U]).disabled},
		{"ASVS-7.3.1", "5.2", "a session that is not used ends", (*examiner[U]).idle},
		{"ASVS-7.3.2", "5.2", "a session that is used ends too", (*examiner[U]).absolute},
		{"ASVS-3.3.1", "5.1.1", "cookies are Secure and have a prefix", (*examiner[U]).secureCookies},
		{"ASVS-3.3.2", "5.1.1", "cookies have SameSite", (*examiner[U]).sameSiteCookies},
		{"ASVS-3.3.4", "5.1.1", "scripts cannot read the session token", (*examiner[U]).httpOnlyCookies},
		{"ASVS-16.5.3", "", "an outage lets nobody in", (*examiner[U]).outage},
	}
}

func examine[U any](tb testing.TB, app *App[U], options []ConformanceOption) Report {
	tb.Helper()
	expect := expected{except: map[string][]string{}, samples: map[string]any{}}
	for _, option := range options {
		option(&expect)
	}
	e := &examiner[U]{tb: tb, app: app.again(), expect: expect}
	if err := e.readRouter(); err != nil {
		tb.Fatalf("ginauthtest: %v", err)
	}
	report := Report{Standards: standards}
	for _, r := range e.routes {
		report.Routes = append(report.Routes, ReportedRoute{r.String(), !r.protected})
	}
	known := map[string]bool{}
	for _, c := range checks[U]() {
		known[c.id] = true
		e.now = Requirement{ID: c.id, NIST: c.nist, Title: c.title, Findings: []string{}}
		e.now.Skipped = c.run(e)
		slices.Sort(e.now.Excepted)
		e.now.Excepted = slices.Compact(e.now.Excepted)
		report.Requirements = append(report.Requirements, e.now)
	}
	for id := range expect.except {
		if !known[id] {
			tb.Fatalf("ginauthtest: Except names %q, which is no requirement of Conformance", id)
		}
	}
	return report
}

// found adds what is wrong.
func (e *examiner[U]) found(format string, args ...any) {
	e.now.Findings = append(e.now.Findings, fmt.Sprintf(format, args...))
}
