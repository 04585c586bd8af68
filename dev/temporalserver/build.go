package temporalserver

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// unusedFor is how long a built server that nobody starts is kept.
const unusedFor = 30 * 24 * time.Hour

// Builder builds the server once and keeps it.
type Builder struct {
	Root     string             // the repository's folder
	Caches   []string           // where built servers are kept: the first that can be written to gets a new one
	Progress func(state string) // told what happens while it builds; may be nil
}

// Caches are the user's cache, so that a second clone need not build again, and the clone itself.
func Caches(root string) []string {
	caches := []string{filepath.Join(root, ".legato", "bin")}
	if dir, err := os.UserCacheDir(); err == nil {
		caches = append([]string{filepath.Join(dir, "legato")}, caches...)
	}
	return caches
}

// Binary gives the path of the built server, and builds it when its sources or the Go version are new. That takes
// minutes the first time. Several processes may call it at once: one builds, the others wait.
func (b Builder) Binary(ctx context.Context) (string, error) {
	if b.Progress == nil {
		b.Progress = func(string) {}
	}
	source := filepath.Join(b.Root, "dev", "temporal")
	name, err := binaryName(ctx, source)
	if err != nil {
		return "", err
	}
	if path, ok := b.find(name); ok {
		return path, nil
	}
	var problems []error
	for _, cache := range b.Caches {
		if err := os.MkdirAll(cache, 0o755); err != nil {
			problems = append(problems, err)
			continue
		}
		lock, err := os.OpenFile(filepath.Join(cache, name+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		defer lock.Close() // which also unlocks
		if err := b.lock(ctx, lock); err != nil {
			return "", err
		}
		if path, ok := b.find(name); ok {
			return path, nil
		}
		return filepath.Join(cache, name), b.build(ctx, source, filepath.Join(cache, name))
	}
	return "", fmt.Errorf("no folder to keep the Temporal server in: %w", errors.Join(problems...))
}

// binaryName contains a hash of all that the binary is made from.
func binaryName(ctx context.Context, source string) (string, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return "", fmt.Errorf("the Temporal server for development is built from %s, which needs Go: %w", source, err)
	}
	version := exec.CommandContext(ctx, "go", "env", "GOVERSION", "GOOS", "GOARCH")
	version.Dir = source
	out, err := version.Output()
	if err != nil {
		return "", fmt.Errorf("asking for the Go version in %s: %w", source, err)
	}
	h := sha256.New()
	h.Write(out)
	files, err := filepath.Glob(filepath.Join(source, "*.go"))
	if err != nil || len(files) == 0 {
		return "", fmt.Errorf("no sources of the Temporal server in %s: %w", source, errors.Join(err, os.ErrNotExist))
	}
	for _, file := range append(files, filepath.Join(source, "go.mod"), filepath.Join(source, "go.sum")) {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("reading the sources of the Temporal server: %w", err)
		}
		fmt.Fprintf(h, "%s %d\n", filepath.Base(file), len(text))
		h.Write(text)
	}
	return fmt.Sprintf("temporal-%x", h.Sum(nil)[:8]), nil
}

func (b Builder) find(name string) (string, bool) {
	for _, cache := range b.Caches {
		path := filepath.Join(cache, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			now := time.Now()
			_ = os.Chtimes(path, now, now) // so that sweep sees that it is used
			return path, true
		}
	}
	return "", false
}

func (b Builder) lock(ctx context.Context, file *os.File) error {
	for told := false; ; told = true {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("locking %s: %w", file.Name(), err)
		}
		if !told {
			b.Progress("another process builds it; waiting")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// build compiles to a name aside, so that a half-written file is never started.
func (b Builder) build(ctx context.Context, source, target string) error {
	b.Progress("building it: minutes the first time, then kept in " + filepath.Dir(target))
	// No -trimpath: packages that tests and legato use as well are then compiled once for all.
	flags := []string{"-ldflags=-s -w"}
	total := b.stale(ctx, source, flags)
	partial := target + ".part"
	done := 0
	err := b.run(ctx, source, func(line string) {
		if module, ok := strings.CutPrefix(line, "go: downloading "); ok {
			b.Progress("downloading " + module)
			return
		}
		done++
		if done >= total {
			b.Progress("linking")
		} else {
			b.Progress(fmt.Sprintf("compiled %d of %d packages (%d %%)", done, total, done*100/total))
		}
	}, append(append([]string{"build", "-v"}, flags...), "-o", partial, ".")...)
	if err != nil {
		_ = os.Remove(partial)
		return fmt.Errorf("building the Temporal server in %s: %w", source, err)
	}
	if err := os.Rename(partial, target); err != nil {
		return fmt.Errorf("keeping the Temporal server: %w", err)
	}
	sweep(filepath.Dir(target))
	return nil
}

// stale counts the packages that are to be compiled; 1 when that cannot be told. It downloads missing modules.
func (b Builder) stale(ctx context.Context, source string, flags []string) int {
	format := `{{if and .Stale (ne .StaleReason "not installed but available in build cache")}}{{.ImportPath}}{{end}}`
	var total int
	err := b.run(ctx, source, func(line string) {
		if module, ok := strings.CutPrefix(line, "go: downloading "); ok {
			b.Progress("downloading " + module)
		} else {
			total++
		}
	}, append(append([]string{"list", "-deps", "-f", format}, flags...), ".")...)
	if err != nil {
		return 1
	}
	return max(total, 1)
}

// run starts go and gives each non-empty line of what it prints to line. The last that are more
// than a package's name are part of the error.
func (b Builder) run(ctx context.Context, dir string, line func(string), args ...string) error {
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = dir
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	reader, writer := io.Pipe()
	command.Stdout, command.Stderr = writer, writer
	finished := make(chan struct{})
	var last [20][]byte
	count := 0
	go func() {
		defer close(finished)
		lines := bufio.NewScanner(reader)
		for lines.Scan() {
			if len(lines.Bytes()) == 0 {
				continue
			}
			if bytes.ContainsAny(lines.Bytes(), " \t") { // packages have none, and would bury what went wrong
				last[count%len(last)] = bytes.Clone(lines.Bytes())
				count++
			}
			line(lines.Text())
		}
		_, _ = io.Copy(io.Discard, reader) // a line too long for the scanner must not block go
	}()
	err := command.Run()
	_ = writer.Close()
	<-finished
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		var said []byte
		for i := max(0, count-len(last)); i < count; i++ {
			said = append(append(said, '\n'), last[i%len(last)]...)
		}
		return fmt.Errorf("go %s: %w%s", args[0], err, said)
	}
	return nil
}

// sweep removes servers that were not started for long: one is 150 MB.
func sweep(cache string) {
	files, _ := filepath.Glob(filepath.Join(cache, "temporal-*"))
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && time.Since(info.ModTime()) > unusedFor {
			_ = os.Remove(file)
		}
	}
}
