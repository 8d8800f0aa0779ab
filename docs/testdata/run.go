// The program around the README's first block: what curl does, over TLS as a browser sees it.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
)

func main() {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	if err := routes(context.Background(), r); err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewTLSServer(r)
	defer server.Close()
	client := server.Client()
	client.Jar, _ = cookiejar.New(nil)
	const body = `{"name":"Ada Lovelace","email":"ada@example.com","password":"correct horse battery staple"}`
	for _, path := range []string{"signup", "user", "logout", "user", "login", "user"} {
		method, sent := http.MethodPost, ""
		switch path {
		case "signup":
			sent = body
		case "login":
			sent = strings.Replace(body, `"name":"Ada Lovelace",`, "", 1)
		case "user":
			method = http.MethodGet
		}
		q, _ := http.NewRequest(method, server.URL+"/"+path, strings.NewReader(sent))
		if sent != "" {
			q.Header.Set("Content-Type", "application/json")
		}
		a, err := client.Do(q)
		if err != nil {
			fmt.Println(err)
			return
		}
		_, _ = io.Copy(io.Discard, a.Body)
		_ = a.Body.Close()
		fmt.Println(path, a.StatusCode)
	}
	fmt.Println("routes", ginauth.CheckRoutes(r))
}
