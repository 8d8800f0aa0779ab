package engine

import (
	"bufio"
	"errors"
	"net"
	"net/http"

	"github.com/gin-gonic/gin"
)

// writer saves the session before the first byte of the answer. If that fails, the client gets only
// the problem, and what the handler writes is discarded.
type writer struct {
	gin.ResponseWriter
	state   *State
	context *gin.Context // belongs to another request once ours is over
	begun   bool
	failed  bool
}

var errAnswered = errors.New("ginauth: the session could not be saved, so the answer was an error")

// begin saves and announces the session, once. It returns false if the problem was the answer.
func (w *writer) begin() bool {
	if w.begun || w.state.life.isOver() {
		return !w.failed
	}
	w.begun = true
	if err := w.state.save(); err != nil {
		w.answer(err)
		return false
	}
	w.state.announce(w.Header())
	return true
}

// finish runs after the handlers, which may have written nothing yet, or changed the session after
// the first byte.
func (w *writer) finish() {
	if !w.begun && !w.Written() {
		w.begin()
		return
	}
	w.begun = true
	if w.failed {
		return
	}
	w.state.settle()
	st, c := w.state, w.context
	if err := st.save(); err != nil {
		st.Mount.Log.ErrorContext(c.Request.Context(), "ginauth: a session was changed after the answer began, and could not be saved", "path", c.FullPath(), "error", err)
	}
	if st.reply != replyNothing {
		st.Mount.Log.ErrorContext(c.Request.Context(), "ginauth: a session began or ended after the answer began: its cookie is lost", "path", c.FullPath())
	}
}

func (w *writer) answer(err error) {
	w.failed = true
	w.state.settle()
	for _, name := range []string{"Content-Type", "Content-Length", "Content-Encoding", "Content-Disposition", "Content-Range", "Etag", "Last-Modified", "Location", "Cache-Control"} {
		w.Header().Del(name)
	}
	w.context.Writer = w.ResponseWriter
	fail(w.context, w.state.Mount, err)
	w.context.Writer = w
}

func (w *writer) Write(p []byte) (int, error) {
	if !w.begin() {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

func (w *writer) WriteString(s string) (int, error) {
	if !w.begin() {
		return len(s), nil
	}
	return w.ResponseWriter.WriteString(s)
}

func (w *writer) WriteHeader(status int) {
	if !w.failed {
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *writer) WriteHeaderNow() {
	if w.begin() {
		w.ResponseWriter.WriteHeaderNow()
	}
}

func (w *writer) Flush() {
	if w.begin() {
		w.ResponseWriter.Flush()
	}
}

func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if !w.begin() {
		return nil, nil, errAnswered
	}
	return w.ResponseWriter.Hijack()
}

// Unwrap lets http.ResponseController reach the connection.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
