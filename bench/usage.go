package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is the processor time that each of the three took so far.
type usage struct {
	temporal, worker, postgres time.Duration
}

func (u usage) since(before usage) usage {
	return usage{u.temporal - before.temporal, u.worker - before.worker, u.postgres - before.postgres}
}

func (u usage) plus(more usage) usage {
	return usage{u.temporal + more.temporal, u.worker + more.worker, u.postgres + more.postgres}
}

func (u usage) all() time.Duration { return u.temporal + u.worker + u.postgres }

// usage reads the processor time from /proc, and of the worker, which is this process, from the system. The mail server
// is a process of its own and counts nowhere.
func (s *stage) usage() (usage, error) {
	var u usage
	var err error
	if s.under.temporal != nil {
		if u.temporal, err = processor(s.under.temporal.PID()); err != nil {
			return u, err
		}
	}
	if u.postgres, err = processor(s.under.postgres.PID()); err != nil {
		return u, err
	}
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		return u, err
	}
	u.worker = time.Duration(own.Utime.Nano() + own.Stime.Nano())
	return u, nil
}

// tick is what /proc counts processor time in: a hundredth of a second on every Linux that Go knows.
const tick = 10 * time.Millisecond

// processor gives the processor time of a process and all its descendants, the ended ones included.
func processor(pid int) (time.Duration, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	type process struct {
		parent int
		ticks  int64
	}
	all := map[int]process{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// The second field is the program's name in parentheses and may contain anything.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) < 15 {
			return 0, fmt.Errorf("%s has %d fields", file, len(fields))
		}
		id, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		var p process
		p.parent, _ = strconv.Atoi(fields[1])
		for _, field := range fields[11:15] { // utime, stime and those of children that have ended
			n, _ := strconv.ParseInt(field, 10, 64)
			p.ticks += n
		}
		all[id] = p
	}
	if _, ok := all[pid]; !ok {
		return 0, fmt.Errorf("process %d is not in /proc: processor time is measured on Linux only", pid)
	}
	var ticks int64
	for id, p := range all {
		for above := id; above > 1; above = all[above].parent {
			if above == pid {
				ticks += p.ticks
				break
			}
		}
	}
	return time.Duration(ticks) * tick, nil
}

// resident gives the memory of this process after its garbage was given back.
func resident() (int64, error) {
	runtime.GC()
	debug.FreeOSMemory()
	return residentNow()
}

// residentNow gives the memory of this process as it is.
func residentNow() (int64, error) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, fmt.Errorf("memory is measured on Linux only: %w", err)
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		return 0, fmt.Errorf("/proc/self/statm: %w", err)
	}
	return pages * int64(os.Getpagesize()), nil
}

// relations gives the bytes of the tables and indexes of one of the Postgres server's databases whose names match,
// after the space of dead rows was given back.
func (s *stage) relations(ctx context.Context, name, pattern string) (int64, error) {
	db, err := s.open(ctx, name)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	var tables []string
	err = db.DB.SelectContext(ctx, &tables, "select quote_ident(tablename) from pg_tables where schemaname = 'public' and tablename ~ $1", pattern)
	if err != nil {
		return 0, err
	}
	if len(tables) == 0 {
		return 0, fmt.Errorf("database %s has no table that matches %s", name, pattern)
	}
	if _, err := db.DB.ExecContext(ctx, "vacuum full "+strings.Join(tables, ", ")); err != nil {
		return 0, err
	}
	var size int64
	err = db.DB.GetContext(ctx, &size, "select sum(pg_total_relation_size(quote_ident(tablename)::regclass)) from pg_tables where schemaname = 'public' and tablename ~ $1", pattern)
	return size, err
}

// kept gives the bytes that Temporal keeps in Postgres of its workflows for as long as it remembers them: what lists,
// history and state take. Its tasks come and go.
func (s *stage) kept(ctx context.Context) (int64, error) {
	main, err := s.relations(ctx, "temporal", "^(executions|current_executions|history_node|history_tree)$")
	if err != nil {
		return 0, err
	}
	visibility, err := s.relations(ctx, "temporal_visibility", "^executions_visibility$")
	return main + visibility, err
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.0f MB", float64(bytes)/1e6) }
