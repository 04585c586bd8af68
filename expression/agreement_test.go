package expression_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/legato-flow/legato/expression"
	"pgregory.net/rapid"
)

// The VM and SQL must agree. The same condition is asked of stored events through events(…), which SQL answers,
// and of the same events as a list of the person, which the VM goes through.

func TestSQLAndTheVMAgreeOnEveryCondition(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	h.exec("select ensure_event_partition($1)", now)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		profile := fmt.Sprintf("p%06d", run)
		var loaded []any
		var insert strings.Builder
		var args []any
		for i := range rapid.IntRange(1, 5).Draw(rt, "events") {
			properties := drawObject(2).Draw(rt, "properties")
			data, err := json.Marshal(properties)
			if err != nil {
				rt.Fatal(err)
			}
			value := rapid.SampledFrom([]any{nil, 0.0, 1.0, 10.5, -3.0}).Draw(rt, "value")
			at := ago(time.Duration(i+1) * time.Hour)
			fmt.Fprintf(&insert, "%s(gen_random_uuid(), $%d, 'M2', $%d, '%d', $%d::numeric, $%d)",
				map[bool]string{true: ",", false: "insert into event (id, profile_id, metric_id, time, unique_id, value, properties) values "}[i > 0],
				len(args)+1, len(args)+2, i, len(args)+3, len(args)+4)
			args = append(args, profile, at, value, string(data))
			event := map[string]any{}
			if err := json.Unmarshal(data, &event); err != nil {
				rt.Fatal(err)
			}
			if value != nil {
				event["value"] = value
			}
			event["time"], event["metric"] = at, "Rare"
			loaded = append(loaded, event)
		}
		h.exec(insert.String(), args...)
		subject := expression.Subject{Profile: profile, Now: now, Event: drawObject(1).Draw(rt, "trigger"), Person: map[string]any{"events": loaded}}
		for range 25 {
			condition := drawCondition(rt, 3)
			form := rapid.SampledFrom([]string{"count(%s, %s)", "any(%s, %s)", "none(%s, %s)", "all(%s, %s)", "len(filter(%s, %s))", "sum(map(filter(%s, %s), .value))"}).Draw(rt, "form")
			inSQL := answer(rt, h.db, fmt.Sprintf(form, `events("Rare")`, condition), subject)[0]
			inVM := answer(rt, h.db, fmt.Sprintf(form, "person.events", condition), subject)[0]
			if inSQL != inVM {
				rt.Fatalf("%s\nSQL says %v, the VM %v, over %v", fmt.Sprintf(form, "…", condition), inSQL, inVM, loaded)
			}
		}
	})
}

var keys = []string{"a", "b", "c", "0", "value", "$value", "odd key"}

func drawScalar() *rapid.Generator[any] {
	return rapid.SampledFrom([]any{nil, true, false, 0.0, 1.0, 2.0, 10.5, -3.0, 0.25, "", "a", "A", "ab", "1", "10.5", "true", "é", "ba", "2026-05-10", "05/10/2026", "30d", "null", "%a_", "a\nb"})
}

func drawObject(depth int) *rapid.Generator[map[string]any] {
	return rapid.Custom(func(t *rapid.T) map[string]any {
		object := map[string]any{}
		for range rapid.IntRange(0, 4).Draw(t, "size") {
			object[rapid.SampledFrom(keys).Draw(t, "key")] = drawJSON(depth).Draw(t, "of")
		}
		return object
	})
}

func drawJSON(depth int) *rapid.Generator[any] {
	if depth == 0 {
		return drawScalar()
	}
	return rapid.OneOf(drawScalar(), drawScalar(),
		rapid.Custom(func(t *rapid.T) any { return rapid.SliceOfN(drawJSON(depth-1), 0, 3).Draw(t, "list") }),
		rapid.Custom(func(t *rapid.T) any { return drawObject(depth-1).Draw(t, "object") }))
}

func drawLiteral(t *rapid.T) string {
	return rapid.SampledFrom([]string{`"a"`, `"A"`, `"ab"`, `""`, `"1"`, `"é"`, `"2026-05-10"`, "0", "1", "2", "10.5", "-3", "true", "false"}).Draw(t, "literal")
}

func drawPath(t *rapid.T) string {
	return rapid.SampledFrom([]string{".a", ".b", ".c", ".value", `#["$value"]`, `#["odd key"]`, ".a.b", ".b[0]", ".b[-1].a", `.c["0"]`, ".a.value", ".b[-1]", ".a[-2]", ".a[1]", "event.a", "event.b[0]", "event.value"}).Draw(t, "path")
}

func drawNumber(t *rapid.T, depth int) string {
	if depth == 0 {
		return rapid.SampledFrom([]string{"1", "10.5", "-2", ".a", ".value", "event.a"}).Draw(t, "number")
	}
	switch rapid.IntRange(0, 5).Draw(t, "arithmetic") {
	case 0, 1:
		return fmt.Sprintf("(%s %s %s)", drawNumber(t, depth-1), rapid.SampledFrom([]string{"+", "-", "*"}).Draw(t, "op"), drawNumber(t, depth-1))
	case 2:
		return fmt.Sprintf("(%s / %s)", drawNumber(t, depth-1), rapid.SampledFrom([]string{"2", "0", "-4", "0.5"}).Draw(t, "by"))
	case 3:
		return fmt.Sprintf("len(%s)", drawPath(t))
	case 4:
		return fmt.Sprintf("%s(%s)", rapid.SampledFrom([]string{"count", "sum", "min", "max"}).Draw(t, "fold"), drawPath(t))
	}
	return "-" + drawNumber(t, 0)
}

func drawCondition(t *rapid.T, depth int) string {
	if depth > 0 {
		switch rapid.IntRange(0, 7).Draw(t, "shape") {
		case 0:
			return fmt.Sprintf("(%s and %s)", drawCondition(t, depth-1), drawCondition(t, depth-1))
		case 1:
			return fmt.Sprintf("(%s or %s)", drawCondition(t, depth-1), drawCondition(t, depth-1))
		case 2:
			return fmt.Sprintf("not (%s)", drawCondition(t, depth-1))
		case 3:
			return fmt.Sprintf("(%s ? %s : %s)", drawCondition(t, depth-1), drawCondition(t, depth-1), drawPath(t))
		case 4:
			return fmt.Sprintf("%s(%s, %s)", rapid.SampledFrom([]string{"any", "all", "none"}).Draw(t, "each"), drawPath(t),
				rapid.SampledFrom([]string{"# == 1", "# contains \"a\"", ".a == .b", "# != \"a\"", "is_set(#)", "#"}).Draw(t, "item"))
		}
	}
	order := rapid.SampledFrom([]string{"<", "<=", ">", ">="}).Draw(t, "order")
	switch rapid.IntRange(0, 13).Draw(t, "comparison") {
	case 0, 1:
		return fmt.Sprintf("%s %s %s", drawPath(t), rapid.SampledFrom([]string{"==", "!="}).Draw(t, "eq"), drawLiteral(t))
	case 2:
		return fmt.Sprintf("%s %s %s", drawPath(t), rapid.SampledFrom([]string{"==", "!=", "<", "<=", ">", ">="}).Draw(t, "op"), drawPath(t))
	case 3:
		return fmt.Sprintf("%s %s %s", drawPath(t), order, rapid.SampledFrom([]string{`"a"`, `"A"`, `""`, `"b"`, "1", "0.25"}).Draw(t, "bound"))
	case 4:
		return fmt.Sprintf("%s %s %s", drawNumber(t, 2), rapid.SampledFrom([]string{"==", "!=", "<", ">="}).Draw(t, "op"), drawNumber(t, 1))
	case 5:
		return fmt.Sprintf("%s %s [%s, %s]", drawPath(t), rapid.SampledFrom([]string{"in", "not in"}).Draw(t, "in"), drawLiteral(t), drawLiteral(t))
	case 6:
		return fmt.Sprintf("%s %s %s", drawLiteral(t), rapid.SampledFrom([]string{"in", "not in"}).Draw(t, "in"), drawPath(t))
	case 7:
		right := rapid.SampledFrom([]string{drawLiteral(t), drawPath(t)}).Draw(t, "right")
		return fmt.Sprintf("%s %s %s", drawPath(t), rapid.SampledFrom([]string{"contains", "not contains"}).Draw(t, "op"), right)
	case 8:
		right := rapid.SampledFrom([]string{`"a"`, `""`, `"é"`, drawPath(t)}).Draw(t, "right")
		return fmt.Sprintf("%s %s %s", drawPath(t), rapid.SampledFrom([]string{"startsWith", "not startsWith", "endsWith", "not endsWith"}).Draw(t, "op"), right)
	case 9:
		return fmt.Sprintf("%s %s %s", drawPath(t), rapid.SampledFrom([]string{"matches", "not matches"}).Draw(t, "op"),
			rapid.SampledFrom([]string{`"^a"`, `"b$"`, `"."`, `"^$"`, `"(?i)^A$"`, `"[0-9]+"`}).Draw(t, "pattern"))
	case 10:
		return fmt.Sprintf("is_set(%s)", drawPath(t))
	case 11:
		return fmt.Sprintf("(%s ?? %s) %s %s", drawPath(t), drawPath(t), rapid.SampledFrom([]string{"==", "!="}).Draw(t, "eq"), drawPath(t))
	}
	if rapid.Bool().Draw(t, "has") {
		return fmt.Sprintf("(%s) == %s", rapid.SampledFrom([]string{
			fmt.Sprintf("has_any(%s, [%s, %s])", drawPath(t), drawLiteral(t), drawLiteral(t)),
			fmt.Sprintf("has_all(%s, [%s, %s])", drawPath(t), drawLiteral(t), drawLiteral(t)),
			fmt.Sprintf("has_all(%s, [])", drawPath(t)),
			fmt.Sprintf(`has_part(%s, "a")`, drawPath(t)),
		}).Draw(t, "has what"), rapid.SampledFrom([]string{"true", "false"}).Draw(t, "or not"))
	}
	return rapid.SampledFrom([]string{drawPath(t), `.time > now - "150m"`, `.time <= "2026-05-10T09:00:00Z"`, `.metric == "Rare"`}).Draw(t, "plain")
}

func TestPatternsMatchTheSameTextsInPostgres(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	h.exec("select ensure_event_partition($1)", now)
	pieces := []string{"a", "b", "é", "😀", ".", "[ab]", "[^a]", "(?i:a)", "(?i:é)", "\\\\d", "\\\\s", "\\\\w", "\\\\PL", "a*", "b+", "(ab|b)?", "a{2,3}", "(a|)", "^", "$", "\\\\.", "[\\\\]^-]", "(?s:.)", "(?:ab)+?", "\\\\x41", "-", "\\\\*"}
	texts := []string{"a", "b", "", "A", "é", "É", "😀", "ab", "aa", "\n", ".", "1", " ", "]", "^", "-", "\\", "*", "_", "K"}
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		profile := fmt.Sprintf("p%06d", run)
		pattern := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 5).Draw(rt, "pattern"), "")
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(texts), 0, 5).Draw(rt, "text"), "")
		h.event(profile, "M2", ago(time.Hour), nil, map[string]any{"x": text})
		source := fmt.Sprintf(`any(%%s, .x matches "%s")`, pattern)
		if _, err := expression.Compile(fmt.Sprintf(source, "person.events"), expression.Person); err != nil {
			rt.Skip(err) // not a pattern in Go either
		}
		subject := expression.Subject{Profile: profile, Now: now, Person: map[string]any{"events": []any{map[string]any{"x": text}}}}
		inSQL := answer(rt, h.db, fmt.Sprintf(source, `events("Rare")`), subject)[0]
		inVM := answer(rt, h.db, fmt.Sprintf(source, "person.events"), subject)[0]
		if inSQL != inVM {
			rt.Fatalf("%s on %q: SQL says %v, the VM %v", pattern, text, inSQL, inVM)
		}
	})
}
