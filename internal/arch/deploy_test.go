package arch

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/legato-flow/legato/internal/config"
)

// composition is what these tests look at in docker-compose.yml.
type composition struct {
	Services map[string]service
	Volumes  map[string]any
	Configs  map[string]struct{ Content string }
}

type service struct {
	Image       string
	Build       string
	Command     any
	Restart     string
	Environment map[string]string
	Ports       []string
	Volumes     []string
	Configs     []struct{ Source, Target string }
	Healthcheck map[string]any
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	ReadOnly    bool                                  `yaml:"read_only"`
}

// ends reports whether the service does its work and ends.
func (s service) ends() bool { return s.Restart == "no" || strings.HasPrefix(s.Restart, "on-failure") }

func read(t *testing.T, name string) string {
	t.Helper()
	dir, err := root()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func compose(t *testing.T) composition {
	t.Helper()
	var c composition
	// A key beside a merge (<<) overrides the merged one, which this library takes for a duplicate.
	if err := yaml.UnmarshalWithOptions([]byte(read(t, "docker-compose.yml")), &c, yaml.AllowDuplicateMapKey()); err != nil {
		t.Fatal(yaml.FormatError(err, false, true))
	}
	return c
}

func TestComposeHasEveryPart(t *testing.T) {
	t.Parallel()
	c := compose(t)
	for _, name := range []string{"postgres", "temporal-schema", "temporal", "temporal-namespace", "temporal-ui", "mail", "migrate", "api", "worker"} {
		if _, ok := c.Services[name]; !ok {
			t.Errorf("no service %s", name)
		}
	}
	for name, s := range c.Services {
		if s.Image == "" || s.Image != "legato" && !regexp.MustCompile(`^[a-z/-]+:v?\d`).MatchString(s.Image) {
			t.Errorf("%s: image %q is not pinned to a version", name, s.Image)
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s: port %s is open to the network", name, port)
			}
		}
		for _, volume := range s.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if _, ok := c.Volumes[source]; !ok && !strings.HasPrefix(source, "./") {
				t.Errorf("%s: no volume %s", name, source)
			}
		}
		for _, used := range s.Configs {
			if c.Configs[used.Source].Content == "" {
				t.Errorf("%s: no config %s", name, used.Source)
			}
		}
		for other, on := range s.DependsOn {
			needed, ok := c.Services[other]
			switch {
			case !ok:
				t.Errorf("%s waits for %s, which is not there", name, other)
			case on.Condition == "service_completed_successfully" && !needed.ends():
				t.Errorf("%s waits for %s to end, which it never does", name, other)
			case on.Condition == "service_healthy" && needed.Healthcheck == nil:
				t.Errorf("%s waits for %s to be healthy, which nothing checks", name, other)
			case on.Condition == "service_started" || on.Condition == "":
				t.Errorf("%s waits for %s to start only", name, other)
			}
		}
	}
}

func TestComposeCommitsNoSecret(t *testing.T) {
	t.Parallel()
	given := regexp.MustCompile(`^\$\{[A-Z_]+(:\?[^}]+|:-)\}$`)
	for name, s := range compose(t).Services {
		for variable, v := range s.Environment {
			if regexp.MustCompile(`PASSWORD|PWD|SECRET|KEY`).MatchString(variable) && !given.MatchString(v) {
				t.Errorf("%s: %s=%s must come from .env", name, variable, v)
			}
		}
		if v, ok := s.Environment["DATABASE_URL"]; ok && !strings.Contains(v, ":${POSTGRES_PASSWORD:?") {
			t.Errorf("%s: the password in DATABASE_URL must come from .env", name)
		}
	}
	for _, line := range strings.Split(read(t, ".env.example"), "\n") {
		name, v, _ := strings.Cut(line, "=")
		if regexp.MustCompile(`^[A-Z_]*(PASSWORD|SECRET)$`).MatchString(name) && v != "" {
			t.Errorf(".env.example: %s has a value", name)
		}
	}
}

func TestComposeGivesLegatoWhatItNeeds(t *testing.T) {
	t.Parallel()
	values := map[string]string{} // .env as somebody who followed it would have it
	for _, line := range strings.Split(read(t, ".env.example"), "\n") {
		if name, v, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			values[name] = v
		}
	}
	for _, secret := range []string{"POSTGRES_PASSWORD", "TEMPORAL_POSTGRES_PASSWORD", "LEGATO_SECRET"} {
		if _, ok := values[secret]; !ok {
			t.Errorf(".env.example lacks %s", secret)
		}
		values[secret] = strings.Repeat("0123456789abcdef", 3)
	}
	image := imageEnvironment(read(t, "Dockerfile"))
	for _, name := range []string{"api", "worker", "migrate"} {
		s := compose(t).Services[name]
		if !s.ReadOnly || s.Build == "" {
			t.Errorf("%s: it must be built here and need no writable disk", name)
		}
		env := map[string]string{}
		var list []string
		for variable, v := range image {
			env[variable] = v
		}
		for variable, v := range s.Environment {
			filled, err := interpolate(v, values)
			if err != nil {
				t.Errorf("%s: %s: %v", name, variable, err)
			}
			env[variable] = filled
		}
		for variable, v := range env {
			list = append(list, variable+"="+v)
		}
		if err := config.Unknown(list); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := config.Load(func(variable string) string { return env[variable] }); err != nil {
			t.Errorf("%s would not start:\n%v", name, err)
		}
		if env["TEMPORAL_ADDRESS"] != "temporal:7233" {
			t.Errorf("%s looks for Temporal at %q", name, env["TEMPORAL_ADDRESS"])
		}
		if _, err := interpolate(s.Environment["LEGATO_SECRET"], nil); err == nil {
			t.Errorf("%s starts without a .env", name)
		}
	}
}

// interpolate fills in ${NAME}, ${NAME:-default} and ${NAME:?message} as docker compose does.
func interpolate(text string, values map[string]string) (string, error) {
	var missing error
	filled := regexp.MustCompile(`\$\{([A-Z_]+)(?:(:-|:\?)([^}]*))?\}`).ReplaceAllStringFunc(text, func(whole string) string {
		m := regexp.MustCompile(`^\$\{([A-Z_]+)(?:(:-|:\?)([^}]*))?\}$`).FindStringSubmatch(whole)
		switch v := values[m[1]]; {
		case v != "":
			return v
		case m[2] == ":?":
			missing = fmt.Errorf("%s: %s", m[1], m[3])
		case m[2] == ":-":
			return m[3]
		}
		return ""
	})
	return filled, missing
}

// imageEnvironment gives what the last stage's ENV sets.
func imageEnvironment(dockerfile string) map[string]string {
	env := map[string]string{}
	last := dockerfile[strings.LastIndex(dockerfile, "\nFROM "):]
	for _, line := range strings.Split(strings.ReplaceAll(last, "\\\n", " "), "\n") {
		if rest, ok := strings.CutPrefix(line, "ENV "); ok {
			for _, pair := range strings.Fields(rest) {
				name, v, _ := strings.Cut(pair, "=")
				env[name] = v
			}
		}
	}
	return env
}

func TestImageRunsAsNobodyAndCarriesNothingElse(t *testing.T) {
	t.Parallel()
	dockerfile := read(t, "Dockerfile")
	stages := strings.Split(dockerfile, "\nFROM ")
	last := stages[len(stages)-1]
	if !strings.HasPrefix(last, "scratch\n") {
		t.Error("the last stage is not from scratch")
	}
	if !regexp.MustCompile(`(?m)^USER [1-9]\d*:[1-9]\d*$`).MatchString(last) {
		t.Error("the last stage does not change to an unprivileged user")
	}
	for _, need := range []string{"ca-certificates.crt", "zoneinfo.zip", "HEALTHCHECK", `ENTRYPOINT ["/legato"]`} {
		if !strings.Contains(last, need) {
			t.Errorf("the last stage lacks %s", need)
		}
	}
	goVersion := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))
	if goVersion == nil || !strings.HasPrefix(stages[1], "golang:"+goVersion[1]+"-") {
		t.Errorf("the builder is not of go.mod's Go version, %v", goVersion)
	}
	if ignored := strings.Split(read(t, ".dockerignore"), "\n"); !slices.Contains(ignored, ".env") || !slices.Contains(ignored, ".git") {
		t.Error("secrets or history may reach the build")
	}
}
