// Command client logs in with a client that was generated from the app's own description:
//
//	curl -o openapi.json http://localhost:8080/schema/openapi.json
//	go tool oapi-codegen -config oapi-codegen.yaml openapi.json
//	go run . http://localhost:8080
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"

	"example.com/client/api"
)

func main() {
	if err := run(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, url string) error {
	jar, err := cookiejar.New(nil) // keeps the session cookie
	if err != nil {
		return err
	}
	client, err := api.NewClientWithResponses(url, api.WithHTTPClient(&http.Client{Jar: jar}))
	if err != nil {
		return err
	}
	password := "tea at half past four"
	signUp, err := client.SignUpWithResponse(ctx, api.SignUpJSONRequestBody{Name: "Gopher", Email: "gopher@example.com", Password: password})
	if err != nil || signUp.JSON201 == nil {
		return fmt.Errorf("signing up: %w, %v", err, signUp)
	}
	if logout, err := client.LogoutWithResponse(ctx); err != nil || logout.StatusCode() != http.StatusNoContent {
		return fmt.Errorf("logging out: %w, %v", err, logout)
	}
	refused, err := client.MeWithResponse(ctx)
	if err != nil || refused.ApplicationproblemJSON401 == nil || refused.ApplicationproblemJSON401.Code != "unauthenticated" {
		return fmt.Errorf("asking without a session: %w, %v", err, refused)
	}
	login, err := client.LoginWithResponse(ctx, api.LoginJSONRequestBody{Email: "gopher@example.com", Password: password})
	if err != nil || login.JSON200 == nil {
		return fmt.Errorf("logging in: %w, %v", err, login)
	}
	me, err := client.MeWithResponse(ctx)
	if err != nil || me.JSON200 == nil {
		return fmt.Errorf("asking who I am: %w, %v", err, me)
	}
	fmt.Println("hello", me.JSON200.Name)
	return nil
}
