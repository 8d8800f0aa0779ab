package main

import (
	"html/template"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/flow"
)

var pages = template.Must(template.New("").Parse(`
{{define "signup"}}<h1>Sign up</h1><p>{{.Error}}</p><form method="post">
<input name="username"> <input name="email" type="email"> <input name="password" type="password"> <button>Sign up</button></form>{{end}}
{{define "login"}}<h1>Log in</h1><p>{{.Error}}</p><form method="post">
<input name="username"> <input name="password" type="password"> <input name="remember" type="checkbox" value="true"> Keep me logged in <button>Log in</button></form>{{end}}
{{define "profile"}}<h1>Hello {{.User.Username}}</h1><p>{{with .User.Email}}{{.}}{{end}}</p>
{{if .User.IsAdmin}}<a href="/admin">Admin</a>{{end}} <form method="post" action="/logout"><button>Log out</button></form>{{end}}
{{define "admin"}}<h1>Users</h1><ul>{{range .Users}}<li>{{.ID}} {{.Username}} {{with .Email}}{{.}}{{end}}</li>{{end}}</ul>{{end}}
`))

func (a *app) page(name string) gin.HandlerFunc {
	return func(c *gin.Context) { c.HTML(http.StatusOK, name, gin.H{}) }
}

// showAgain shows a form again that cannot be accepted, and says why.
func showAgain(c *gin.Context, p *ginauth.Problem) {
	form := strings.TrimPrefix(c.FullPath(), "/")
	if !flow.PrefersHTML(c) || form != "signup" && form != "login" {
		return
	}
	why := []string{p.Detail}
	for _, field := range p.Errors {
		why = append(why, field.Detail)
	}
	c.HTML(p.Status, form, gin.H{"Error": strings.Join(why, " ")})
}

func (a *app) profile(c *gin.Context, u user) {
	c.HTML(http.StatusOK, "profile", gin.H{"User": u})
}

func (a *app) admin(c *gin.Context) {
	list, err := a.users.all(c)
	if err != nil {
		_ = c.AbortWithError(http.StatusInternalServerError, err)
		return
	}
	c.HTML(http.StatusOK, "admin", gin.H{"Users": list})
}
