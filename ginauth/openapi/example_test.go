package openapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/openapi"
	"github.com/ginauth/ginauth/store"
)

func exampleRouter() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	cfg, err := ginauth.New(ginauth.Options[store.User]{
		Users:   store.New[store.User](&pgxpool.Pool{}), // that of pgxpool.New
		Exclude: []string{"/login"},
	})
	if err != nil {
		panic(err) // an app logs it and ends
	}
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/login", ginauth.Login(cfg))
	r.GET("/user", ginauth.Me(cfg))
	r.GET("/reports/:year", func(c *gin.Context) { c.String(http.StatusOK, c.Param("year")) })
	return r
}

// A page to try the API, and the document in two forms, for everybody.
func ExampleMount() {
	r := exampleRouter()
	if err := openapi.Mount(r, openapi.Options{Title: "Reports", Version: "1.0.0"}); err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/schema/openapi.yaml", nil))
	fmt.Println(w.Code, strings.Join(strings.Split(w.Body.String(), "\n")[:4], "\n"))
	// Output:
	// 200 openapi: 3.1.0
	// info:
	//   title: Reports
	//   version: 1.0.0
}

// The document as a file, and what is worth knowing about it.
func ExampleBuild() {
	d, err := openapi.Build(exampleRouter(), openapi.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(d.JSON()) > 0, len(d.YAML()) > 0)
	fmt.Println(d.Report())
	fmt.Println("public:", d.Report().Public)
	// Output:
	// true true
	// GET /reports/:year is not documented: annotate its handler, or name it in Options.Hide
	// public: [POST /login]
}

// In a test of the app, t is its *testing.T.
func ExampleCheck() {
	t := printer{}
	openapi.Check(t, exampleRouter(), openapi.Options{})
	openapi.Check(t, exampleRouter(), openapi.Options{Hide: []string{"/reports/:year"}})
	// Output:
	// GET /reports/:year is not documented: annotate its handler, or name it in Options.Hide
}

type printer struct{}

func (printer) Helper() {}

func (printer) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
