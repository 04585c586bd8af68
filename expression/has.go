package expression

import (
	"strings"

	"github.com/expr-lang/expr/ast"
)

// has_any, has_all and has_part give nothing, not false, where there is no list: so that "== false" holds for
// lists only, as the negative forms of the API's list filters do.

func defineHas() {
	for name, all := range map[string]bool{"has_any": false, "has_all": true} {
		stateful(name, func(e *evaluation, a []any) (any, error) {
			if _, ok := a[0].([]any); !ok {
				return nil, nil
			}
			for _, item := range a[1].([]any) {
				found, err := e.in(canonical(item), a[0], false)
				if err != nil || found != all {
					return !all, err
				}
			}
			return all, nil
		})
	}
	stateful("has_part", func(e *evaluation, a []any) (any, error) {
		items, ok := a[0].([]any)
		if !ok {
			return nil, nil
		}
		size := len(items) * 128
		for _, item := range items {
			if s, ok := canonical(item).(string); ok {
				size += len(s)
				if strings.Contains(s, a[1].(string)) {
					return true, e.spend(size / 1024)
				}
			}
		}
		return false, e.spend(size / 1024)
	})
}

// sought checks what the list is searched for: items or a part that are written out.
func (c *compiler) sought(f *Function, n ast.Node) error {
	if f.Name == "has_part" {
		if _, ok := n.(*ast.StringNode); !ok {
			return c.fail(n, "the part must be written out in quotes: %s", f.Signature)
		}
		return nil
	}
	items, ok := n.(*ast.ArrayNode)
	if !ok {
		return c.fail(n, "the items must be written out as a list: %s", f.Signature)
	}
	for _, item := range items.Nodes {
		if _, ok := literal(item); !ok {
			return c.fail(item, "the items must be text, numbers, true or false, written out: %s", f.Signature)
		}
	}
	return nil
}

func (c *compiler) listHas(n ast.Node, f *Function, args []ast.Node) (ast.Node, kind, error) {
	if err := c.sought(f, args[1]); err != nil {
		return nil, 0, err
	}
	parts, kinds, err := c.rewriteAll(args)
	if err != nil {
		return nil, 0, err
	}
	if kinds[0] != anything && kinds[0] != list {
		return nil, 0, c.fail(args[0], "%s needs a list, got %s: %s", f.Name, kinds[0], f.Signature)
	}
	return invoke(n, f.Name, append([]ast.Node{state(n)}, parts...)...), f.gives, nil
}

// has is the same in SQL.
func (t *translator) has(n ast.Node, f *Function, args []ast.Node) (column, error) {
	if err := t.c.sought(f, args[1]); err != nil {
		return column{}, err
	}
	v, err := t.value(args[0])
	if err != nil {
		return column{}, err
	}
	if v.kind != anything {
		return column{}, t.c.fail(n, "%s needs a list, this is %s", f.Name, v.kind)
	}
	var found fragment
	switch f.Name {
	case "has_part":
		found = sqlf("exists (select 1 from jsonb_array_elements(%s) as i(v) where jsonb_typeof(i.v) = 'string' and strpos(i.v #>> '{}', %s) > 0)",
			v.fragment, bind("text", args[1].(*ast.StringNode).Value))
	default:
		items, err := t.constants(args[1].(*ast.ArrayNode))
		if err != nil {
			return column{}, err
		}
		found = sqlf("exists (select 1 from jsonb_array_elements(%s) as i(v) where i.v = any(%s))", v.fragment, items)
		if f.Name == "has_all" {
			found = sqlf("not exists (select 1 from unnest(%s) as k(v) where not exists (select 1 from jsonb_array_elements(%s) as i(v) where i.v = k.v))",
				items, v.fragment)
		}
	}
	return column{fragment: sqlf("(case jsonb_typeof(%s) when 'array' then to_jsonb(%s) end)", v.fragment, found), kind: anything}, nil
}
