// Package main is an app whose user type embeds ginauth's. It is below docs, which swag leaves out of the app beside it.
package main

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/store"
)

// User has a column of the app's own.
type User struct {
	store.User
	Plan string `json:"plan"`
}

// plans shows who pays.
//
//	@Summary	Who pays
//	@Success	200	{array}	User
//	@Router		/plans [get]
func plans(c *gin.Context) { c.JSON(200, []User{}) }

// @title	Own type
// @version	1
func main() {
	r := gin.New()
	r.GET("/plans", plans)
	_ = r.Run()
}
