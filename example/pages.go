package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/flow"
)

//go:embed templates style.css
var files embed.FS

// page is what the templates show.
type page struct {
	Title   string
	Host    string                // of the request, for the commands on the pages
	Notice  string                // below every page
	User    *User                 // nil: nobody is logged in
	Fresh   bool                  // the password was typed recently enough for what matters
	Form    form                  // on the pages with a form
	Logins  []account.LoginRecord // on the profile page
	Tokens  tokens                // on the tokens page
	Events  []account.Activity    // on the activity page
	Next    int64                 // the page after that; zero: none
	Mail    mailPage              // behind the links of mails
	Letters []letter              // in the mailbox
	Problem *ginauth.Problem      // on the page about one
}

var funcs = template.FuncMap{
	"initials": initials,
	"sentence": sentence,
	"event":    describe,
	"grace":    func() int { return int(grace / (24 * time.Hour)) },
	"day":      func(t time.Time) string { return t.Format("2 January 2006") },
	"minute":   func(t time.Time) string { return t.Format("2 January 2006, 15:04 MST") },
	"iso":      func(t time.Time) string { return t.Format(time.RFC3339) },
}

// pages are the templates by name, each within the layout. A broken one is found at start-up.
var pages = map[string]*template.Template{
	"home":     parse("home"),
	"signup":   parse("signup"),
	"login":    parse("login"),
	"forgot":   parse("forgot"),
	"magic":    parse("magic"),
	"restore":  parse("restore"),
	"mail":     parse("mail"),
	"mailbox":  parse("mailbox"),
	"user":     parse("user"),
	"account":  parse("account"),
	"confirm":  parse("confirm"),
	"tokens":   parse("tokens"),
	"activity": parse("activity"),
	"problem":  parse("problem"),
}

func parse(name string) *template.Template {
	return template.Must(template.New("layout.html").Funcs(funcs).ParseFS(files, "templates/layout.html", "templates/fields.html", "templates/"+name+".html"))
}

// show answers with a page.
func show(c *gin.Context, status int, name string, p page) {
	setPageHeaders(c)
	c.Header("Cache-Control", "no-store")
	c.Writer.Header()["Vary"] = []string{"Cookie", "Accept"}
	fillIn(c, status, name, p)
}

// fillIn answers with a page whose headers are set. Nothing is sent when its template fails half-way.
func fillIn(c *gin.Context, status int, name string, p page) {
	p.Host, p.Notice = c.Request.Host, c.GetString(noticeKey)
	var body bytes.Buffer
	if err := pages[name].Execute(&body, p); err != nil {
		_ = c.Error(fmt.Errorf("filling in the page %s: %w", name, err))
		c.AbortWithStatus(http.StatusInternalServerError)
		return
	}
	c.Data(status, "text/html; charset=utf-8", body.Bytes())
}

// setPageHeaders allows our style sheet and our forms, and nothing else: no scripts, no frames.
func setPageHeaders(c *gin.Context) {
	c.Header("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Referrer-Policy", "same-origin")
}

// onlyInMemory is printed at the start, and stands below every page, where there is no database.
const onlyInMemory = "All accounts are kept in memory until the example ends: install PostgreSQL or set DATABASE_URL to keep them."

// noticeKey is where a gin.Context has page.Notice.
const noticeKey = "notice"

func tellOnlyInMemory(c *gin.Context) { c.Set(noticeKey, onlyInMemory) }

// wantsPage says whether the client asks for HTML rather than JSON, as browsers do.
func wantsPage(c *gin.Context) bool {
	return flow.PrefersHTML(c)
}

// visitor is the current user of a page that is open to everybody, or nil. It answers
// itself, and says so, when nobody can tell.
func visitor(c *gin.Context) (u *User, answered bool) {
	found, err := ginauth.CurrentUser[User](c)
	switch {
	case errors.Is(err, ginauth.ErrUnauthenticated):
		return nil, false
	case err != nil:
		ginauth.Fail(c, err)
		return nil, true
	}
	return &found, false
}

func showHome(c *gin.Context) {
	u, answered := visitor(c)
	if !answered {
		show(c, http.StatusOK, "home", page{Title: "Home", User: u})
	}
}

// initials stand in for a picture of the user.
func initials(name string) string {
	words := strings.Fields(name)
	if len(words) > 2 {
		words = []string{words[0], words[len(words)-1]}
	}
	var letters strings.Builder
	for _, word := range words {
		first, _ := utf8.DecodeRuneInString(word)
		letters.WriteRune(unicode.ToUpper(first))
	}
	return letters.String()
}

// sentence makes one of a problem's short text.
func sentence(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + strings.TrimSuffix(s[size:], ".") + "."
}
