package content

import (
	"io"
	"slices"
	"strings"

	"github.com/osteele/liquid/render"
	liquidtags "github.com/osteele/liquid/tags"
)

// tag says how a tag is checked and handed on.
type tag struct {
	check       func(c *compiler, t token)
	block       bool // it has an end tag
	unavailable bool // it belongs to the language, but not to this version
}

// tags are all tags that a template may use.
var tags map[string]tag

func init() {
	tags = map[string]tag{
		"assign":           {check: checkAssign},
		"capture":          {check: checkCapture, block: true},
		"endcapture":       {check: func(c *compiler, t token) { c.bare(t, "endcapture__") }},
		"case":             {check: checkCondition, block: true},
		"when":             {check: checkStatement(whenSelector)},
		"if":               {check: checkCondition, block: true},
		"elsif":            {check: checkCondition},
		"unless":           {check: checkCondition, block: true},
		"else":             {check: checkBare},
		"for":              {check: checkLoop, block: true},
		"tablerow":         {check: checkLoop, block: true},
		"cycle":            {check: checkStatement(cycleSelector)},
		"break":            {check: checkBare},
		"continue":         {check: checkBare},
		"raw":              {check: checkBare},
		"comment":          {check: checkBare},
		"currency_format":  {check: checkCurrencyFormat},
		"unsubscribe":      {check: checkUnsubscribe},
		"unsubscribe_link": {check: checkUnsubscribe},
	}
	for _, name := range []string{"case", "if", "unless", "for", "tablerow"} {
		tags["end"+name] = tag{check: checkBare}
	}
	for _, name := range []string{"catalog", "endcatalog", "coupon_code", "customobject", "customobjects", "endcustomobjects",
		"manage_preferences", "manage_preferences_link", "render_variable", "today", "web_view", "web_view_link"} {
		tags[name] = tag{unavailable: true}
	}
}

var tagHints = map[string]string{
	"elif":    "write elsif",
	"elseif":  "write elsif",
	"include": "a template cannot include another",
	"render":  "a template cannot include another",
	"with":    "write assign",
	"endwith": "write assign",
	"empty":   "write else",
}

// reserved names hold what Legato gives to a template.
var reserved = map[string]bool{"person": true, "event": true, "flow": true, "organization": true, "feeds": true, "links": true, "now": true, "forloop": true}

// newGrammar is the library's configuration that sources are compiled with.
func newGrammar() render.Config {
	config := render.NewConfig()
	liquidtags.AddStandardTags(config)
	// The library's capture collects without a bound, and what it collected would be escaped once more.
	config.AddBlock("capture__").Compiler(func(node render.BlockNode) (func(io.Writer, render.Context) error, error) {
		return func(_ io.Writer, ctx render.Context) error {
			r := ctx.Get(runKey).(*run)
			var b strings.Builder
			if err := ctx.RenderChildren(&limitedWriter{w: &b, r: r}); err != nil {
				return err
			}
			if err := r.check(b.Len()); err != nil {
				return err
			}
			ctx.Set(node.Args, safeText(b.String()))
			return nil
		}, nil
	})
	return config
}

func (c *compiler) bare(t token, name string) {
	if t.args != "" {
		c.fault(t.argsAt, "%s takes no argument", t.name)
		return
	}
	c.emitTag(t, t.trimLeft, name, "", t.trimRight)
}

func checkBare(c *compiler, t token) { c.bare(t, t.name) }

func checkCondition(c *compiler, t token) {
	if t.args == "" {
		c.fault(t.start, "%s needs a condition", t.name)
		return
	}
	c.expression(t)
	c.emitTag(t, t.trimLeft, t.name, t.args, t.trimRight)
}

func checkStatement(selector string) func(*compiler, token) {
	return func(c *compiler, t token) {
		if t.args == "" {
			c.fault(t.start, "%s needs an argument", t.name)
			return
		}
		c.statement(t, selector)
		c.emitTag(t, t.trimLeft, t.name, t.args, t.trimRight)
	}
}

func checkAssign(c *compiler, t token) {
	name, value, ok := strings.Cut(t.args, "=")
	if name = strings.TrimSpace(name); !ok || !captureName.MatchString(name) {
		c.fault(t.start, "assign is written {%% assign name = value %%}")
		return
	}
	c.local(t, name)
	inner := t
	inner.args, inner.argsAt = value, t.argsAt+len(t.args)-len(value)
	inner.trimArgs()
	c.expression(inner)
	c.emitTag(t, t.trimLeft, t.name, name+" = "+inner.args, t.trimRight)
}

func checkCapture(c *compiler, t token) {
	if !captureName.MatchString(t.args) {
		c.fault(t.start, "capture is written {%% capture name %%}")
		return
	}
	c.local(t, t.args)
	c.emitTag(t, t.trimLeft, "capture__", t.args, t.trimRight)
}

func checkLoop(c *compiler, t token) {
	lexemes, faults := lex(t.args)
	if len(faults) == 0 && (len(lexemes) < 3 || lexemes[0].kind != identifier || lexemes[1].kind != identifier || lexemes[1].value != "in") {
		c.fault(t.start, "%s is written {%% %s item in list %%}", t.name, t.name)
		return
	}
	for _, f := range faults {
		c.fault(t.argsAt+f.offset, "%s", f.message)
	}
	if len(faults) > 0 {
		return
	}
	c.local(t, lexemes[0].value)
	list, modifiers := lexemes[2:], len(t.args)
	for i := 1; i < len(list); i++ {
		if l := list[i]; list[i-1].value != "|" && (l.kind == identifier && l.value == "reversed" || l.kind == keyword && loopModifiers[l.value]) {
			modifiers = l.offset
			c.mentions(t, slices.DeleteFunc(list[i:], func(l lexeme) bool { return l.kind == identifier && l.value == "reversed" }))
			list = list[:i]
			break
		}
	}
	c.mentions(t, list)
	if err := parseExpression(loopSelector, t.args); err != nil {
		c.fault(t.start, "%s", err)
		return
	}
	c.emitTag(t, t.trimLeft, t.name, t.args[:modifiers]+" | list__ "+t.args[modifiers:], t.trimRight)
	c.emitTick(t)
}

var loopModifiers = map[string]bool{"limit": true, "offset": true, "cols": true}

func (c *compiler) local(t token, name string) {
	if reserved[name] {
		c.fault(t.argsAt, "%q is a name that is given; choose another", name)
		return
	}
	c.locals[name] = true
}

// checkCurrencyFormat turns {% currency_format price, "EUR" %} into the filter.
func checkCurrencyFormat(c *compiler, t token) {
	lexemes, _ := lex(t.args)
	value, currency := t.args, ""
	if commas := use(lexemes).commas; len(commas) > 0 {
		value, currency = t.args[:commas[0]], t.args[commas[0]+1:]
	}
	if strings.TrimSpace(value) == "" {
		c.fault(t.start, "currency_format needs an amount, as in {%% currency_format event.value %%}")
		return
	}
	parts := []token{{start: t.start, args: value, argsAt: t.argsAt}}
	expression := "(" + value + ") | currency_format"
	if currency != "" {
		parts = append(parts, token{start: t.start, args: currency, argsAt: t.argsAt + len(value) + 1})
		expression += ": (" + currency + ")"
	}
	for _, part := range parts {
		part.trimArgs()
		c.expression(part)
	}
	c.emitOutput(t, expression)
}

// checkUnsubscribe turns {% unsubscribe 'text' %} into the filter that makes the link.
func checkUnsubscribe(c *compiler, t token) {
	if t.name == "unsubscribe_link" {
		if t.args != "" {
			c.fault(t.argsAt, "unsubscribe_link takes no argument")
			return
		}
		c.emitOutput(t, "0 | unsubscribe_link__")
		return
	}
	label := "'Unsubscribe'"
	if t.args != "" {
		c.expression(t)
		label = t.args
	}
	c.emitOutput(t, "("+label+") | unsubscribe__")
}
