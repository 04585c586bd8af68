package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/lib/pq"
)

func TestTheServerKeepsItsDataOverARestart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(reachable(t), "postgres")
	s := start(t, Options{Dir: dir, Fast: true})
	run(t, s, "create table t (a text); insert into t values ('kept')")
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	s = start(t, Options{Dir: dir, Fast: true})
	if got := query(t, s, "select a from t"); got != "kept" {
		t.Errorf("got %q", got)
	}
	if got := query(t, s, "select lower('ÄÖ')"); got != "äö" && got != "ÄÖ" { // the latter where there is only the C locale
		t.Errorf("lower gives %q", got)
	}
}

func TestTheServerRefusesAWrongPassword(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Dir: reachable(t), Fast: true})
	db, err := sql.Open("postgres", address("wrong", s.Port, database))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Ping(); err == nil || !strings.Contains(err.Error(), "password authentication failed") {
		t.Errorf("got %v", err)
	}
}

func TestATemporaryServerLeavesNothing(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Dir: filepath.Join(reachable(t), "postgres"), Fast: true, Temporary: true})
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.Dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", s.Dir, err)
	}
}

func TestABusyPortIsNamed(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	_, err = Start(t.Context(), Options{Dir: reachable(t), Port: port, Fast: true})
	if want := fmt.Sprintf("port %d, meant for Postgres, is in use by another program", port); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestWhatAnEarlierServerLeft(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(reachable(t), "postgres")
	s := start(t, Options{Dir: dir, Fast: true})
	c := cluster{dir: s.Dir}
	pid := filepath.Join(c.data(), "postmaster.pid")
	text, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.release(0); err == nil || !strings.Contains(err.Error(), "another Postgres (process ") {
		t.Errorf("on a server that runs: %v", err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	// The number in the file is now that of a program which is no Postgres: this test.
	_, rest, _ := strings.Cut(string(text), "\n")
	if err := os.WriteFile(pid, fmt.Appendf(nil, "%d\n%s", os.Getpid(), rest), 0o600); err != nil {
		t.Fatal(err)
	}
	s = start(t, Options{Dir: dir, Fast: true})
	if got := query(t, s, "select 'answers'"); got != "answers" {
		t.Errorf("got %q", got)
	}
}

func TestAnUnfinishedClusterIsMadeAnew(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(reachable(t), "postgres")
	if err := os.MkdirAll(filepath.Join(dir, "making", "base"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := start(t, Options{Dir: dir, Fast: true})
	if got := query(t, s, "select 'answers'"); got != "answers" {
		t.Errorf("got %q", got)
	}
}

func TestAClosedFolderIsReplacedAndRemoved(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("Postgres runs as the user who closed the folder, who can enter it")
	}
	closed := filepath.Join(reachable(t), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(closed, "postgres")
	s := start(t, Options{Dir: dir, Fast: true})
	if !strings.HasPrefix(s.Dir, "/var/") || s.User == "" {
		t.Errorf("the data are in %s, of user %q", s.Dir, s.User)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := Remove(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.Dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", s.Dir, err)
	}
}

func TestWithoutPostgresTheErrorNamesTheWaysOut(t *testing.T) {
	t.Parallel()
	found, err := installations(t.TempDir(), []string{filepath.Join(t.TempDir(), "*", "bin")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = choose(found, 0)
	for _, want := range []string{"DATABASE_URL", "install Postgres", BinVariable} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\ndoes not name %s", err, want)
		}
	}
}

func TestTheInstallationOfTheDataIsChosen(t *testing.T) {
	t.Parallel()
	found := []installation{{"/17", 17}, {"/15", 15}}
	for _, c := range []struct {
		major int
		bin   string
		err   string
	}{
		{0, "/17", ""}, {17, "/17", ""}, {15, "/15", ""},
		{16, "", "the data were made by Postgres 16, and only 17, 15 is installed: install Postgres 16, or start anew with --fresh (this deletes the development data)"},
	} {
		in, err := choose(found, c.major)
		if in.bin != c.bin || (err == nil) != (c.err == "") || (err != nil && err.Error() != c.err) {
			t.Errorf("%d: got %v, %v", c.major, in, err)
		}
	}
}

func TestVersionsAreRead(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]int{
		"postgres (PostgreSQL) 17.2 (Debian 17.2-1.pgdg120+1)\n": 17,
		"postgres (PostgreSQL) 18beta1\n":                        18,
		"postgres (PostgreSQL) 9.6.24\n":                         9,
		"something else 12":                                      0,
	} {
		got, err := parseVersion(line)
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: got %d, %v", line, got, err)
		}
	}
}

// reachable makes a folder that the user whom Postgres runs as can enter: t.TempDir's parents are closed.
func reachable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "legato-postgres-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func start(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() })
	return s
}

func connect(t *testing.T, s *Server) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", s.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func run(t *testing.T, s *Server, statement string) {
	t.Helper()
	if _, err := connect(t, s).Exec(statement); err != nil {
		t.Fatal(err)
	}
}

func query(t *testing.T, s *Server, statement string) (got string) {
	t.Helper()
	if err := connect(t, s).QueryRow(statement).Scan(&got); err != nil {
		t.Fatal(err)
	}
	return got
}
