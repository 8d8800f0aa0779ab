package engine

import (
	"context"
	"fmt"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/route"
)

var (
	// errNoAnswer: the call changes the answer, but its context has no answer.
	errNoAnswer = fmt.Errorf("%w: this gin.Context has no answer, since it is a copy or its request is over: call it with the request's own, while that runs", ErrNotMounted)
	// ErrNoRequest means that the call needs a request.
	ErrNoRequest = fmt.Errorf("%w: this gin.Context has no request", ErrNotMounted)
	errOver      = fmt.Errorf("%w: the request is over: pass the user, or a c.Copy(), to code that outlives it", ErrNotMounted)
)

// answers says whether an answer can still be written with c (SEC-188). Middleware in front of
// Session, such as a recovery, may write one after the state's life is over; the server ends the
// request's own context once nobody can.
func answers(c *gin.Context) bool {
	st := Attached(c)
	return route.Answers(c) && (st == nil || !st.life.isOver() || st.request.Context().Err() == nil)
}

// requestContext returns the request's context, or an empty one if c has no request.
func requestContext(c *gin.Context) context.Context {
	if c.Request == nil {
		return context.Background()
	}
	return c.Request.Context()
}

// stateContext is the context of a request below Session. net/http handlers find the state in it.
type stateContext struct {
	context.Context
	state *State
}

func (s *stateContext) Value(key any) any {
	if key == (stateKey{}) {
		return s.state
	}
	return s.Context.Value(key)
}

// lifetime knows whether a request still runs. Gin reuses its gin.Context for another request
// afterwards, so code that got it in any way other than c.Copy must call enter first.
type lifetime struct {
	mu       sync.Mutex
	over     bool
	inside   int
	deserted chan struct{} // closed when the request is over and the last caller has left
}

// enter returns false if the request is over. After true, the caller must call leave.
func (l *lifetime) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return false
	}
	l.inside++
	return true
}

func (l *lifetime) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inside--
	if l.inside == 0 && l.deserted != nil {
		close(l.deserted)
	}
}

// end waits for all callers inside. The time-outs of the store limit how long.
func (l *lifetime) end() {
	l.mu.Lock()
	l.over = true
	if l.inside > 0 {
		l.deserted = make(chan struct{})
	}
	deserted := l.deserted
	l.mu.Unlock()
	if deserted != nil {
		<-deserted
	}
}

func (l *lifetime) isOver() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.over
}
