package store_test

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
)

// network stands between a pool and its server, and fails on demand.
type network struct {
	mu    sync.Mutex
	fault fault
	over  chan struct{} // closed when the fault ends
	conns []net.Conn
	lost  atomic.Int64 // writes
}

type fault int

const (
	healthy fault = iota
	refusing
	blackHole
)

// poolBehind opens a pool whose connections all run over the network.
func poolBehind(t *testing.T, n *network, base *pgxpool.Pool) *pgxpool.Pool {
	t.Helper()
	return newPool(t, base, func(cfg *pgxpool.Config) {
		cfg.ConnConfig.ConnectTimeout = patience / 6 // the pool goes on dialling after the caller has gone
		dial := cfg.ConnConfig.DialFunc
		cfg.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			f, over := n.state()
			switch f {
			case healthy:
			case refusing:
				return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
			case blackHole:
				select {
				case <-over:
				case <-ctx.Done():
				}
				return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ETIMEDOUT}
			}
			conn, err := dial(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return n.carry(conn), nil
		}
	})
}

func (n *network) state() (f fault, over <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.fault, n.over
}

// become starts a fault, or ends it. A server that refuses has dropped its connections.
func (n *network) become(f fault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.over != nil {
		close(n.over)
	}
	n.fault, n.over = f, make(chan struct{})
	if f == refusing {
		for _, c := range n.conns {
			_ = c.Close()
		}
		n.conns = nil
	}
}

func (n *network) carry(c net.Conn) net.Conn {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conns = append(n.conns, c)
	return &wire{Conn: c, network: n}
}

// wire loses what is written into a black hole, so that no answer comes.
type wire struct {
	net.Conn
	network *network
}

func (w *wire) Write(b []byte) (int, error) {
	if f, _ := w.network.state(); f == blackHole {
		w.network.lost.Add(1)
		return len(b), nil
	}
	return w.Conn.Write(b)
}
