package main

import (
	"context"
	"errors"
	"testing"
)

func TestFirstToEndTakesTheOthersDown(t *testing.T) {
	t.Parallel()
	reason := errors.New("the outbox has no table")
	wait := func(ended *bool) func(context.Context) error {
		return func(ctx context.Context) error {
			<-ctx.Done()
			*ended = true
			return ctx.Err()
		}
	}
	fail := func(context.Context) error { return reason }
	var server, job bool
	if err := beside(t.Context(), wait(&server), wait(&job), fail); !errors.Is(err, reason) || !server || !job {
		t.Errorf("a failing job led to %v, with the server ended = %t and the other job ended = %t", err, server, job)
	}
	job = false
	if err := beside(t.Context(), fail, wait(&job)); !errors.Is(err, reason) || !job {
		t.Errorf("a failing server led to %v, with the job ended = %t", err, job)
	}
	ctx, stop := context.WithCancel(t.Context())
	server, job = false, false
	stop()
	if err := beside(ctx, wait(&server), wait(&job)); err != nil || !server || !job {
		t.Errorf("Ctrl-C led to %v, with the server ended = %t and the job ended = %t", err, server, job)
	}
}
