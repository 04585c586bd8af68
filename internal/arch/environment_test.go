package arch

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/legato-flow/legato/internal/config"
)

// variable is the whole of a string that names an environment variable of ours.
var variable = regexp.MustCompile(`"(LEGATO_[A-Z0-9_]*[A-Z0-9])"`)

func TestEveryVariableIsAnOption(t *testing.T) {
	t.Parallel()
	dir, err := root()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	err = sources(os.DirFS(dir), func(name string, data []byte) {
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return
		}
		for _, m := range variable.FindAllStringSubmatch(string(data), -1) {
			found++
			if err := config.Unknown([]string{m[1] + "="}); err != nil {
				t.Errorf("%s reads %s, which has no row in internal/config/options.go; a server would refuse to start with it set", name, m[1])
			}
		}
	})
	if err != nil || found < 10 {
		t.Errorf("%d names found, %v", found, err)
	}
}
