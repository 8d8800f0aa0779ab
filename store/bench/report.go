package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
)

// The report replaces what is between these lines of a document.
const (
	beginMark = "<!-- bench:begin -->"
	endMark   = "<!-- bench:end -->"
)

// publish prints the report, and puts it into the document of -write.
func publish(ctx context.Context, e *env, servers []*server, tables []table, samples []sample) error {
	machine, err := describe(ctx, e)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", machine)
	for _, s := range servers {
		fmt.Fprintf(&b, "- `%s`: %s\n", s.name, s.note)
	}
	for _, t := range tables {
		writeTable(&b, racers(servers, t.op), t, samples)
	}
	fmt.Print("\n", b.String())
	if *writeTo == "" {
		return nil
	}
	named := strings.NewReplacer("bench", *mark)
	return embed(*writeTo, named.Replace(beginMark), named.Replace(endMark), b.String())
}

// embed replaces what is between two lines of a document.
func embed(path, begin, end, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	head, rest, begun := bytes.Cut(old, []byte(begin))
	_, tail, ended := bytes.Cut(rest, []byte(end))
	if !begun || !ended {
		return errors.New(path + " lacks the line " + begin + " or " + end)
	}
	return os.WriteFile(path, fmt.Appendf(nil, "%s%s\n%s%s%s", head, begin, text, end, tail), 0o644) //nolint:gosec // a document
}

func describe(ctx context.Context, e *env) (string, error) {
	var postgres, fsync string
	err := e.pool.QueryRow(ctx, "SELECT current_setting('server_version'), current_setting('fsync')").Scan(&postgres, &fsync)
	where := "TCP"
	if strings.HasPrefix(e.pool.Config().ConnConfig.Host, "/") {
		where = "a Unix socket"
	}
	return fmt.Sprintf("%d cores (%s), %s, %s, PostgreSQL %s over %s, fsync %s; %d users with a session each, pool of %d.",
		runtime.NumCPU(), processor(), runtime.GOOS, runtime.Version(), postgres, where, fsync, *nUsers, *poolSize), err
}

func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo") // Linux; elsewhere the architecture must do
	for line := range strings.Lines(string(info)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

var titles = map[string]string{
	opMe: "Session read: `GET /me`", opRead: "Data read: one value", opWrite: "Data write: one value",
	opLogin: "Login", opSignUp: "Sign-up",
}

// writeTable shows medians over the rounds. Ratios are taken within each round: their median, least and most.
func writeTable(b *strings.Builder, racing []*server, t table, samples []sample) {
	by := map[string][]sample{}
	base := map[int]float64{}
	for _, m := range samples {
		if m.Op != t.op || m.C != t.c {
			continue
		}
		by[m.Contender] = append(by[m.Contender], m)
		if m.Contender == *baseline {
			base[m.Round] = m.Rate
		}
	}
	fmt.Fprintf(b, "\n### %s, c=%d\n\n%d rounds of %.2g s.\n\n", titles[t.op], t.c, t.rounds, t.seconds)
	fmt.Fprintf(b, "| contender | × %s ", *baseline)
	fmt.Fprintln(b, "| (least–most) | req/s | p50 µs | p99 µs | CPU µs | allocs | KiB | trips | statements | WAL B | revocable |")
	fmt.Fprintln(b, "|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|")
	for _, s := range racing {
		med := func(f func(sample) float64) float64 {
			var v []float64
			for _, m := range by[s.name] {
				v = append(v, f(m))
			}
			return median(v)
		}
		ratio, spread := ratios(by[s.name], base)
		fmt.Fprintf(b, "| `%s` | %s | %s | %.0f | %.0f | %.0f | %.0f | %.0f | %.1f | %.2f | %.2f | %.0f | %s |\n", s.name, ratio, spread,
			med(func(m sample) float64 { return m.Rate }),
			med(func(m sample) float64 { return m.P50 }), med(func(m sample) float64 { return m.P99 }),
			med(func(m sample) float64 { return m.CPU }), med(func(m sample) float64 { return m.Allocs }),
			med(func(m sample) float64 { return m.Bytes })/1024, med(func(m sample) float64 { return m.Trips }),
			med(func(m sample) float64 { return m.Stmt }), med(func(m sample) float64 { return m.WAL }), s.revocable)
	}
}

func ratios(taken []sample, base map[int]float64) (middle, spread string) {
	if len(base) == 0 || len(taken) == 0 {
		return "-", "-"
	}
	var v []float64
	for _, m := range taken {
		v = append(v, m.Rate/base[m.Round])
	}
	return fmt.Sprintf("%.2f", median(v)), fmt.Sprintf("%.2f–%.2f", slices.Min(v), slices.Max(v))
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}
