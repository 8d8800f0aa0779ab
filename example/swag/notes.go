package main

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/flow"
)

type note struct {
	Text string `json:"text" binding:"required,max=1000" example:"Buy milk"`
} //	@name	Note

// listNotes says nothing of security: the document takes that from the router.
//
//	@Summary	List my notes
//	@ID			notes
//	@Tags		notes
//	@Produce	json
//	@Success	200	{array}	note
//	@Router		/notes [get]
func listNotes(c *gin.Context) {
	c.JSON(http.StatusOK, []note{{Text: "Buy milk"}})
}

// addNote lists a problem as ginauth's own operations do: by its code.
//
//	@Summary	Add a note
//	@ID			addNote
//	@Tags		notes
//	@Accept		json
//	@Produce	json
//	@Param		note	body		note	true	"The note"
//	@Success	201		{object}	note
//	@Failure	422	"validation_failed"
//	@Router		/notes [post]
func addNote(c *gin.Context) {
	var n note
	if err := flow.Bind(c, &n); err != nil {
		ginauth.Fail(c, err)
		return
	}
	c.JSON(http.StatusCreated, n)
}
