package expression

import (
	"fmt"
	"time"

	"github.com/expr-lang/expr/ast"
)

// bound is one end of a window: a moment, or a span before now.
type bound struct {
	at       time.Time
	ago      time.Duration
	relative bool
	dateOnly bool
}

func (b bound) sql() fragment {
	if b.relative {
		if b.ago == 0 {
			return fragment{text: "s.now"}
		}
		return sqlf("(s.now - %s)", bind("interval", fmt.Sprintf("%d seconds", int64(b.ago/time.Second))))
	}
	return bind("timestamptz", b.at.UTC().Format(time.RFC3339Nano))
}

// window gives the condition on an event's time. Events after now never count.
func (c *compiler) window(n ast.Node) (fragment, error) {
	upToNow := fragment{text: "e.time <= s.now"}
	if n == nil {
		return upToNow, nil
	}
	if id, ok := n.(*ast.IdentifierNode); ok && id.Value == "since_start" {
		// Events carry whole seconds. Within the second of the start, the order in which they came in decides.
		return sqlf("e.time >= date_trunc('second', s.start) and (e.time > s.start or e.recorded_at > s.start) and %s", upToNow), nil
	}
	name, args, ok := called(n)
	if !ok || functions[name] == nil || functions[name].Group != "windows" {
		return fragment{}, c.fail(n, `a window is last("30d"), since(date), after(date), before(date), between(a, b) or since_start`)
	}
	if _, err := c.function(n, name, args); err != nil {
		return fragment{}, err
	}
	bounds := make([]bound, len(args))
	for i, arg := range args {
		var err error
		if bounds[i], err = c.bound(arg); err != nil {
			return fragment{}, err
		}
	}
	b := bounds[0]
	switch name {
	case "last":
		if !b.relative || b.ago == 0 {
			return fragment{}, c.fail(args[0], `last needs a duration in quotes, like last("30d"); for a date use since`)
		}
		return sqlf("e.time > %s and %s", b.sql(), upToNow), nil
	case "since":
		if b.relative {
			return fragment{}, c.fail(args[0], `since needs a date, like since("2026-05-10"); for a duration use last`)
		}
		return sqlf("e.time >= %s and %s", b.sql(), upToNow), nil
	case "after":
		if b.relative {
			return fragment{}, c.fail(args[0], `after needs a date, like after("2026-05-10"); for a duration use last`)
		}
		return sqlf("e.time > %s and %s", b.sql(), upToNow), nil
	case "before":
		if b.relative {
			return sqlf("e.time <= %s", b.sql()), nil
		}
		return sqlf("e.time < %s and %s", b.sql(), upToNow), nil
	}
	return c.between(n, b, bounds[1])
}

// between includes the start. A date as the end is included, with its whole day when no time is written; a
// duration as the end is not (behaviour reference §3.3).
func (c *compiler) between(n ast.Node, from, to bound) (fragment, error) {
	if from.relative != to.relative && !(to.relative && to.ago == 0) {
		return fragment{}, c.fail(n, "between needs two dates or two durations")
	}
	if from.relative && to.ago >= from.ago || !from.relative && !to.relative && to.at.Before(from.at) {
		return fragment{}, c.fail(n, "between is empty: the first end must be the earlier one")
	}
	end := sqlf("e.time <= %s", to.sql())
	switch {
	case to.relative && to.ago > 0:
		end = sqlf("e.time < %s", to.sql())
	case to.dateOnly:
		to.at = to.at.AddDate(0, 0, 1)
		end = sqlf("e.time < %s", to.sql())
	}
	return sqlf("e.time >= %s and %s and e.time <= s.now", from.sql(), end), nil
}

// bound reads an argument of a window, which must be known when compiling or follow from now.
func (c *compiler) bound(n ast.Node) (bound, error) {
	switch n := n.(type) {
	case *ast.StringNode:
		if t, ok := ParseDate(n.Value); ok {
			return bound{at: t, dateOnly: dateOnly(n.Value)}, nil
		}
		d, err := ParseDuration(n.Value)
		if err != nil {
			return bound{}, c.fail(n, "%q is neither a duration like 30d nor a date like 2026-05-10", clip(n.Value))
		}
		return bound{ago: d, relative: true}, nil
	case *ast.IdentifierNode:
		if n.Value == "now" {
			return bound{relative: true}, nil
		}
	case *ast.BinaryNode:
		if left, ok := n.Left.(*ast.IdentifierNode); ok && left.Value == "now" && n.Operator == "-" {
			if right, ok := n.Right.(*ast.StringNode); ok {
				return c.bound(right)
			}
		}
	default:
		if name, args, ok := called(n); ok && name == "date" && len(args) == 1 {
			if s, ok := args[0].(*ast.StringNode); ok {
				t, ok := toDate(s.Value).(time.Time)
				if !ok {
					return bound{}, c.fail(s, "%q is not a date like 2026-05-10", clip(s.Value))
				}
				return bound{at: t, dateOnly: dateOnly(s.Value)}, nil
			}
		}
	}
	return bound{}, c.fail(n, `the ends of a window are written out: a duration "30d", a date "2026-05-10" or now`)
}
