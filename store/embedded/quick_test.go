package embedded

import ("testing";"context";"fmt";"time";"sync";"slices";"os"
"github.com/jackc/pgx/v5/pgxpool"
"github.com/ginauth/ginauth/migrations"
"strings"
)

func TestQuick(t *testing.T) {
	ctx := context.Background()
	set := map[string]string{"max_connections":"300","shared_buffers":"64MB"}
	for _, kv := range strings.Fields(os.Getenv("SET")) { k, v, _ := strings.Cut(kv, "="); set[k]=v }
	s, err := Start(ctx, Options{Ephemeral: true, Settings: set})
	if err != nil { t.Fatal(err) }
	defer s.Stop(ctx)
	admin, _ := pgxpool.New(ctx, s.URL())
	defer admin.Close()
	ex := func(q string) time.Duration { b := time.Now(); if _, err := admin.Exec(ctx, q); err != nil { t.Error(q, err) }; return time.Since(b) }
	open := func(db string) *pgxpool.Pool { p, err := pgxpool.New(ctx, strings.Replace(s.URL(), "/postgres?", "/"+db+"?", 1)+"&pool_max_conns=4"); if err != nil { t.Fatal(err) }; return p }
	ex("CREATE DATABASE tpl TEMPLATE template0")
	p := open("tpl")
	b := time.Now()
	if err := migrations.Up(ctx, p); err != nil { t.Fatal(err) }
	t.Log("migrate", time.Since(b))
	p.Close()
	ex("ALTER DATABASE tpl ALLOW_CONNECTIONS false")
	for _, par := range []int{2,3} {
		for _, drop := range []string{"no","wait"} {
		var mu sync.Mutex; var cr, co, dr []time.Duration
		var wg sync.WaitGroup
		begin := time.Now()
		const total = 64
		for w := range par { wg.Add(1); go func() { defer wg.Done()
			for i := range total/par {
				db := fmt.Sprintf("t_%d_%s_%d_%d", par, drop, w, i)
				c := ex("CREATE DATABASE "+db+" TEMPLATE tpl")
				b := time.Now()
				p := open(db)
				if _, err := p.Exec(ctx, "INSERT INTO ginauth.users (id,email,email_canonical) VALUES (gen_random_uuid(),'a','a')"); err != nil { t.Error(err) }
				o := time.Since(b)
				p.Close()
				var d time.Duration
				if drop == "wait" { b := time.Now(); for { var n int; admin.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname=$1", db).Scan(&n); if n==0 {break}; time.Sleep(time.Millisecond)}; d = time.Since(b) }
				if drop != "no" { d += ex("DROP DATABASE "+db+" WITH (FORCE)") }
				mu.Lock(); cr = append(cr, c); co = append(co, o); dr = append(dr, d); mu.Unlock()
			}
		}() }
		wg.Wait()
		for _, l := range [][]time.Duration{cr,co,dr} { slices.Sort(l) }
		m := func(l []time.Duration) string { return fmt.Sprintf("%v/%v", l[len(l)/2].Round(100*time.Microsecond), l[len(l)-1].Round(100*time.Microsecond)) }
		t.Logf("par %d drop %-5s create %s connect %s drop %s wall/db %v", par, drop, m(cr), m(co), m(dr), time.Since(begin)/total)
		}
	}
}
