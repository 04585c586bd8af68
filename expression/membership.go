package expression

import (
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"
)

// within restricts rows e(time, recorded_at), which from selects, to a window; n nil is up to now.
func (c *compiler) within(from fragment, args []ast.Node) (fragment, error) {
	var w ast.Node
	if len(args) > 0 {
		w = args[0]
	}
	window, err := c.window(w)
	if err != nil {
		return fragment{}, err
	}
	return sqlf("exists (select 1 from (%s) e where %s)", from, window), nil
}

func (c *compiler) inList(args []ast.Node) (fragment, error) {
	name, err := c.constantText(args[0], "the list's id or name")
	if err != nil {
		return fragment{}, err
	}
	of := sqlf("from list_member m where m.profile_id = s.profile"+
		" and m.list_id = any(array(select l.id from list l where l.id = %s or l.name = %s))", bind("text", name), bind("text", name))
	if len(args) == 1 {
		return sqlf("exists (select 1 %s)", of), nil
	}
	return c.within(sqlf("select m.joined_at as time, m.joined_at as recorded_at %s", of), args[1:])
}

// sent looks for messages that left, or may have.
func (c *compiler) sent(args []ast.Node) (fragment, error) {
	channel, err := c.constantText(args[0], "the channel")
	if err != nil {
		return fragment{}, err
	}
	if known := []string{"email", "sms", "push"}; !slices.Contains(known, channel) {
		return fragment{}, c.fail(args[0], "%q is no channel; known are email, sms and push", clip(channel))
	}
	return c.within(sqlf("select coalesce(m.sent_at, m.handed_at) as time, coalesce(m.sent_at, m.handed_at) as recorded_at from message m"+
		" where m.profile_id = s.profile and m.channel = %s and m.status in ('sent', 'handing', 'unknown')", bind("text", channel)), args[1:])
}

// enteredFlow looks for earlier runs. The flow is an input, as its id is not part of the expression.
func (c *compiler) enteredFlow(q *Query, args []ast.Node) (err error) {
	flow := newInput([]string{"flow", "id"})
	q.inputs = []input{flow}
	q.sql, err = c.within(fragment{text: fmt.Sprintf("select r.entered_at as time, r.entered_at as recorded_at from run r"+
		" where r.flow_id = s.%s #>> '{}' and r.profile_id = s.profile"+
		" and (s.start < '0002-01-01' or r.entered_at < s.start)", flow.column)}, args)
	return err
}
