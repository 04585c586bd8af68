package process_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/legato-flow/legato/dev/process"
)

// TestMain lets the test binary play the parent that is killed.
func TestMain(m *testing.M) {
	if file := os.Getenv("PROCESS_TEST_PARENT"); file != "" {
		_, err := process.Start(process.Options{}, "/bin/sh", "-c", `trap 'echo stopped >> "$0"; exit 0' TERM; echo $$ > "$0"; while :; do sleep 0.05; done`, file)
		if err != nil {
			panic(err)
		}
		select {}
	}
	os.Exit(m.Run())
}

func TestAChildStopsWhenItsParentIsKilled(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "child")
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), "PROCESS_TEST_PARENT="+file)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = parent.Process.Kill() }()
	pid := 0
	eventually(t, "the child runs", func() bool {
		data, _ := os.ReadFile(file)
		pid, _ = strconv.Atoi(strings.TrimSpace(string(data)))
		return pid > 0
	})
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	eventually(t, "the child is asked to stop", func() bool {
		data, _ := os.ReadFile(file)
		return strings.Contains(string(data), "stopped")
	})
	eventually(t, "the child has ended", func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) })
}

func TestAChildThatEndsByItselfIsNoticedAndItsFolderRemoved(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	c, err := process.Start(process.Options{Stdout: &out, Remove: dir}, "/bin/sh", "-c", "echo hello; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-c.Done():
	case <-time.After(time.Minute):
		t.Fatal("the end of the child was not noticed")
	}
	if got := fmt.Sprint(c.Err(), out.String()); got != "exit status 3"+"hello\n" {
		t.Errorf("got %q", got)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
	if err := c.Stop(time.Second); err != nil {
		t.Errorf("stopping a child that has ended: %v", err)
	}
}

func TestAChildThatDoesNotStopIsKilled(t *testing.T) {
	t.Parallel()
	c, err := process.Start(process.Options{}, "/bin/sh", "-c", `trap "" TERM; while :; do sleep 0.05; done`)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(300 * time.Millisecond); err == nil || !strings.Contains(err.Error(), "was killed") {
		t.Errorf("got %v", err)
	}
}

func TestMemoryCountsDescendants(t *testing.T) {
	t.Parallel()
	c, err := process.Start(process.Options{}, "/bin/sleep", "30")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Stop(time.Second) }()
	alone, err := process.Memory(c.PID())
	if err != nil || alone < 50<<10 || alone > 100<<20 {
		t.Errorf("a shell and a sleep hold %d bytes, %v", alone, err)
	}
	ours, err := process.Memory(os.Getpid())
	if err != nil || ours <= alone {
		t.Errorf("this process and its children hold %d bytes, its child %d, %v", ours, alone, err)
	}
	if _, err := process.Memory(1 << 30); err == nil {
		t.Error("the memory of a process that is not there is no error")
	}
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !f(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}
