package main

import (
	"errors"
	"html/template"
	"net/http"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"
	"golang.org/x/crypto/bcrypt"
)

var pages = template.Must(template.New("").Parse(`
{{define "signup"}}<h1>Sign up</h1><p>{{.Error}}</p><form method="post">
<input name="username"> <input name="email" type="email"> <input name="password" type="password"> <button>Sign up</button></form>{{end}}
{{define "login"}}<h1>Log in</h1><p>{{.Error}}</p><form method="post">
<input name="username"> <input name="password" type="password"> <button>Log in</button></form>{{end}}
{{define "profile"}}<h1>Hello {{.User.Username}}</h1><p>{{with .User.Email}}{{.}}{{end}}</p>
{{if .User.IsAdmin}}<a href="/admin">Admin</a>{{end}} <form method="post" action="/logout"><button>Log out</button></form>{{end}}
{{define "admin"}}<h1>Users</h1><ul>{{range .Users}}<li>{{.ID}} {{.Username}} {{with .Email}}{{.}}{{end}}</li>{{end}}</ul>{{end}}
`))

func (a *app) page(name string) gin.HandlerFunc {
	return func(c *gin.Context) { c.HTML(http.StatusOK, name, gin.H{}) }
}

func (a *app) signUp(c *gin.Context) {
	password := c.PostForm("password")
	if c.PostForm("username") == "" || len(password) < 8 || len(password) > 72 {
		c.HTML(http.StatusUnprocessableEntity, "signup", gin.H{"Error": "A username and a password of 8 to 72 characters, please."})
		return
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), cost)
	if err != nil {
		_ = c.AbortWithError(http.StatusInternalServerError, err)
		return
	}
	id, err := a.users.create(c, c.PostForm("username"), c.PostForm("email"), string(hash))
	if errors.Is(err, errTaken) {
		c.HTML(http.StatusConflict, "signup", gin.H{"Error": err.Error()})
		return
	}
	begin(c, id, err)
}

var cost = bcrypt.DefaultCost // tests lower it

func (a *app) logIn(c *gin.Context) {
	u, err := a.users.byName(c, c.PostForm("username"))
	if err == nil {
		err = bcrypt.CompareHashAndPassword([]byte(u.PasswordHash), []byte(c.PostForm("password")))
	}
	if errors.Is(err, pgx.ErrNoRows) || errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		c.HTML(http.StatusUnauthorized, "login", gin.H{"Error": "Username or password is wrong."})
		return
	}
	begin(c, u.ID, err)
}

// begin logs the user in, unless an earlier step has failed with err.
func begin(c *gin.Context, id int64, err error) {
	sessions.Default(c).Set("user_id", id)
	saveAndGo(c, err, "/profile")
}

func (a *app) logOut(c *gin.Context) {
	sessions.Default(c).Clear()
	saveAndGo(c, nil, "/login")
}

func saveAndGo(c *gin.Context, err error, to string) {
	if err == nil {
		err = sessions.Default(c).Save()
	}
	if err != nil {
		_ = c.AbortWithError(http.StatusInternalServerError, err)
		return
	}
	c.Redirect(http.StatusSeeOther, to)
}

// requireUser is the middleware of all pages behind the login.
func (a *app) requireUser(c *gin.Context) {
	id, ok := sessions.Default(c).Get("user_id").(int64)
	if !ok {
		c.Redirect(http.StatusSeeOther, "/login")
		c.Abort()
		return
	}
	u, err := a.users.byID(c, id)
	if err != nil {
		_ = c.AbortWithError(http.StatusInternalServerError, err)
		return
	}
	c.Set("user", u)
}

func currentUser(c *gin.Context) user { return c.MustGet("user").(user) } //nolint:errcheck // requireUser has set it

func (a *app) requireAdmin(c *gin.Context) {
	if !currentUser(c).IsAdmin {
		c.AbortWithStatus(http.StatusForbidden)
	}
}

func (a *app) profile(c *gin.Context) {
	c.HTML(http.StatusOK, "profile", gin.H{"User": currentUser(c)})
}

func (a *app) admin(c *gin.Context) {
	list, err := a.users.all(c)
	if err != nil {
		_ = c.AbortWithError(http.StatusInternalServerError, err)
		return
	}
	c.HTML(http.StatusOK, "admin", gin.H{"Users": list})
}
