package cli

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"github.com/legato-flow/legato/dev"
	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/flow/apply"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

// built builds the real legato once for all tests of this package.
var built = sync.OnceValues(func() (string, error) {
	root, err := dev.Root()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "legato-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "legato")
	build := exec.Command("go", "build", "-o", path, "./cmd/legato")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := built(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// workerProcess is a legato worker in a process of its own, so that it can be killed.
type workerProcess struct {
	t       *testing.T
	environ []string
	command *exec.Cmd
}

func (p *workerProcess) start() {
	p.t.Helper()
	path, err := built()
	if err != nil {
		p.t.Fatal(err)
	}
	p.command = exec.Command(path, "worker")
	p.command.Env = append(os.Environ(), p.environ...)
	p.command.Stderr = p.t.Output()
	if err := p.command.Start(); err != nil {
		p.t.Fatal(err)
	}
}

// kill ends the worker as a crash would.
func (p *workerProcess) kill() {
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
}

// post is a mail server whose deliveries can be held up at a stage: rcpt, before anything is handed over, or
// data, when the whole message is there and only the answer is missing.
type post struct {
	mu      sync.Mutex
	holding string
	reached chan string
	mails   int
	free    chan struct{}
}

func (p *post) at(stage string) {
	p.mu.Lock()
	hold := p.holding == stage
	if hold {
		p.holding = ""
	}
	if stage == "data" {
		p.mails++
	}
	p.mu.Unlock()
	if hold {
		p.reached <- stage
		<-p.free
	}
}

func (p *post) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mails
}

type postSession struct{ post *post }

func (s postSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s postSession) Rcpt(string, *smtp.RcptOptions) error { s.post.at("rcpt"); return nil }
func (s postSession) Data(r io.Reader) error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	s.post.at("data")
	return nil
}
func (s postSession) Reset()        {}
func (s postSession) Logout() error { return nil }

// TestAWorkerThatIsKilledLosesNothingAndRepeatsNothing kills the worker in the middle of a wait and of a send.
func TestAWorkerThatIsKilledLosesNothingAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		hold string // where the worker is killed; "" is in the wait
		want string // what becomes of the email
	}{
		"in the middle of a wait":                 {"", "done"},
		"while a send begins":                     {"rcpt", "done"},
		"between a message and the server's word": {"data", "held"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := testkit.DatabaseURL(t)
			s, err := store.Open(t.Context(), url, 5)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			definitions, problems := flow.Load(fstest.MapFS{
				"flows/f.yaml":            {Data: []byte("flow: f\nstatus: live\ntrigger: {metric: Added to Cart}\nsteps:\n  - wait: 3s\n  - email: letter\n")},
				"templates/letter.liquid": {Data: []byte("---\nsubject: Hello\n---\n<p>Hello</p>\n")},
			}, "test")
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			if err := apply.Definitions(t.Context(), s, definitions); err != nil {
				t.Fatal(err)
			}
			mail := &post{holding: test.hold, reached: make(chan string, 1), free: make(chan struct{})}
			defer close(mail.free)
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return postSession{mail}, nil }))
			server.Domain = "localhost"
			go func() { _ = server.Serve(listener) }()
			defer server.Close()

			queue, _, _ := strings.Cut(filepath.Base(url), "?") // the database's name
			worker := &workerProcess{t: t, environ: []string{
				"DATABASE_URL=" + url, "TEMPORAL_ADDRESS=" + testkit.Temporal(t), "LEGATO_MODE=dev",
				"LEGATO_SMTP_ADDRESS=" + listener.Addr().String(), "LEGATO_TASK_QUEUE=" + queue,
			}}
			worker.start()
			defer func() { worker.kill() }()

			intake := ingest.New(s, time.Now)
			email := "ada@example.com"
			results, err := intake.Events(t.Context(), []ingest.Event{{
				Metric: "Added to Cart", Profile: ingest.Change{Attributes: map[string]*string{"email": &email}}, UniqueID: "1", Properties: []byte("{}"),
			}})
			if err != nil || len(results) != 1 || results[0].Err != nil {
				t.Fatal(results, err)
			}
			if test.hold == "" {
				waitFor(t, s, "select count(*) from run where step = 'email-letter'", 30*time.Second)
			} else {
				select {
				case <-mail.reached:
				case <-time.After(60 * time.Second):
					t.Fatal("no message was sent")
				}
			}
			worker.kill()
			worker.start()
			waitFor(t, s, "select count(*) from run where status <> 'active'", 120*time.Second)
			if n := mail.count(); n != 1 {
				t.Errorf("%d messages arrived", n)
			}
			var result string
			if err := s.DB.Get(&result, "select result from outcome where kind = 'email'"); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, result); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// waitFor waits until a count is 1.
func waitFor(t *testing.T, s *store.Store, query string, limit time.Duration) {
	t.Helper()
	for end := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) {
		var n int
		if err := s.DB.GetContext(context.Background(), &n, query); err != nil {
			t.Fatal(err)
		}
		if n == 1 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: %d after %v", query, n, limit)
		}
	}
}
