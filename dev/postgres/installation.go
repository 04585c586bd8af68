package postgres

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// BinVariable names the folder of the Postgres programs, where they are in no usual place.
const BinVariable = "LEGATO_POSTGRES_BIN"

// usualPlaces are where packages put the programs: Debian, PGDG on Red Hat, Alpine, Homebrew, Postgres.app.
var usualPlaces = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/usr/libexec/postgresql*",
	"/usr/bin",
	"/usr/local/bin",
	"/usr/local/pgsql/bin",
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin",
	"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
	"/opt/local/lib/postgresql*/bin",
}

// oldest is the first version that Legato's migrations run on.
const oldest = 14

// installation is a folder with initdb and postgres of one version.
type installation struct {
	bin   string
	major int
}

// choose takes the newest installation, or the one of version major when that is not 0 because a cluster of that
// version exists.
func choose(found []installation, major int) (installation, error) {
	if len(found) == 0 {
		return installation{}, fmt.Errorf("no Postgres (%d or newer) was found on PATH or in the usual places. Any one of these helps:\n"+
			"  - set DATABASE_URL to a database that runs already, as postgres://user:password@host:5432/name\n"+
			"  - install Postgres: apt-get install postgresql, brew install postgresql@17, dnf install postgresql-server\n"+
			"  - set %s to the folder that holds initdb and postgres, where they are in no usual place", oldest, BinVariable)
	}
	if major == 0 {
		return found[0], nil
	}
	versions := make([]string, len(found))
	for i, in := range found {
		if in.major == major {
			return in, nil
		}
		versions[i] = strconv.Itoa(in.major)
	}
	return installation{}, fmt.Errorf("the data were made by Postgres %d, and only %s is installed: install Postgres %d, or start anew with --fresh (this deletes the development data)",
		major, strings.Join(versions, ", "), major)
}

// installations lists what is on the path and in the places (patterns), the newest first.
func installations(path string, patterns []string) ([]installation, error) {
	if dir := os.Getenv(BinVariable); dir != "" {
		in, err := inspect(dir)
		if err != nil {
			return nil, fmt.Errorf("%s=%s: %w", BinVariable, dir, err)
		}
		return []installation{in}, nil
	}
	places := filepath.SplitList(path)
	for _, pattern := range patterns {
		matches, _ := filepath.Glob(pattern) // the only error is a bad pattern
		places = append(places, matches...)
	}
	var found []installation
	for _, place := range places {
		in, err := inspect(place)
		if err == nil && in.major >= oldest && !slices.Contains(found, in) {
			found = append(found, in)
		}
	}
	// Stable: of one version, what comes first on PATH.
	slices.SortStableFunc(found, func(a, b installation) int { return cmp.Compare(b.major, a.major) })
	return found, nil
}

// inspect follows links, as /usr/local/bin/initdb is often one while postgres lies beside its target only.
func inspect(dir string) (installation, error) {
	initdb, err := filepath.EvalSymlinks(filepath.Join(dir, "initdb"))
	if err != nil {
		return installation{}, fmt.Errorf("no initdb there: %w", err)
	}
	bin := filepath.Dir(initdb)
	out, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return installation{}, fmt.Errorf("running postgres --version: %w", err)
	}
	major, err := parseVersion(string(out))
	if err != nil {
		return installation{}, err
	}
	return installation{bin: bin, major: major}, nil
}

// parseVersion reads "postgres (PostgreSQL) 17.2 (Debian 17.2-1)" and "postgres (PostgreSQL) 18beta1".
func parseVersion(line string) (int, error) {
	_, rest, _ := strings.Cut(line, "(PostgreSQL) ")
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end > 0 {
		rest = rest[:end]
	}
	major, err := strconv.Atoi(rest)
	if err != nil {
		return 0, fmt.Errorf("postgres --version said %q, which names no version", strings.TrimSpace(line))
	}
	return major, nil
}
