package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
)

func TestLogLinesCarryTheContextsIds(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	l := NewLogger(&b, "json", slog.LevelInfo)
	ctx := With(t.Context(), slog.String(Flow, "welcome"), slog.String(Run, "r1"))
	inner := With(ctx, slog.String(Run, "r2"), slog.String(Profile, "p1"))

	l.With("worker", 7).InfoContext(inner, "sent")
	l.InfoContext(ctx, "waits")
	l.Info("starts")

	var lines []map[string]any
	for _, line := range strings.Split(strings.TrimSpace(b.String()), "\n") {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if strings.Count(line, `"run"`) > 1 {
			t.Errorf("the run is named twice in %s", line)
		}
		lines = append(lines, m)
	}
	if m := lines[0]; m["flow"] != "welcome" || m["run"] != "r2" || m["profile"] != "p1" || m["worker"] != 7.0 {
		t.Errorf("inner context: %v", m)
	}
	if m := lines[1]; m["run"] != "r1" || m["profile"] != nil {
		t.Errorf("outer context: %v", m)
	}
	if m := lines[2]; m["run"] != nil || m["msg"] != "starts" {
		t.Errorf("no context: %v", m)
	}
}

func TestLevelAndFormatAreHeeded(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	l := NewLogger(&b, "text", slog.LevelWarn)
	l.Info("quiet")
	l.WithGroup("mail").WarnContext(With(context.Background(), slog.String(Run, "r1")), "loud", "n", 1)
	if got := b.String(); strings.Contains(got, "quiet") || !strings.Contains(got, "level=WARN msg=loud mail.n=1") {
		t.Errorf("got %s", got)
	}
}

func TestTheSDKLogsThroughTheSameHandler(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	TemporalLogger(NewLogger(&b, "json", slog.LevelInfo)).Warn("slow", "Attempt", 3)
	var m map[string]any
	if err := json.Unmarshal(b.Bytes(), &m); err != nil || m["msg"] != "slow" || m["Attempt"] != 3.0 {
		t.Errorf("%v, %s", err, b.String())
	}
}
