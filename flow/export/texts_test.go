package export_test

import (
	"time"

	"pgregory.net/rapid"

	"github.com/legato-flow/legato/flow/plan"
)

// maybe draws it, or nothing.
func maybe(t *rapid.T, g *rapid.Generator[string]) string {
	if !rapid.Bool().Draw(t, "is there") {
		return ""
	}
	return g.Draw(t, "it")
}

// awkward are texts that YAML takes for something else unless they are quoted well.
var awkward = []string{"true", "No", "null", "~", "12", "1e3", "0x1f", "a: b", "a #b", "- a", "[a]", "{a", "'a'", `"a"`, "it's", `\n`, "&a",
	"*a", "!a", "%a", "@a", "`a", "a, b", "é ü 日本", "😀", ": a", "a:", "?", "| a", "> a", "=", "<<", "2026-05-01", "12:30", "on", "a  b", "# a",
	`back\slash`, `both ' and "`, "{{ person.first_name }}", "a\u00a0b", "a\u200bb"}

func anyName() *rapid.Generator[string] {
	return rapid.OneOf(rapid.StringMatching(`[A-Za-z][A-Za-z0-9]{0,8}( [A-Za-z0-9]{1,5}){0,2}`), rapid.SampledFrom(awkward))
}

// anyText is for texts of which every character counts.
func anyText() *rapid.Generator[string] {
	return rapid.OneOf(anyName(), rapid.Custom(func(t *rapid.T) string {
		words := rapid.SliceOfN(rapid.OneOf(anyName(), rapid.SampledFrom([]string{" ", "\n", "\n\n", "\n  ", "\t"})), 1, 8).Draw(t, "words")
		text := ""
		for _, w := range words {
			text += w
		}
		if rapid.Bool().Draw(t, "first") { // there is no text of white space alone
			return anyName().Draw(t, "word") + text
		}
		return text + anyName().Draw(t, "word")
	}))
}

func anyCondition() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"event.value > 10", `person.location.country == "United States"`, `not did("Placed Order", since_start)`,
		"person.vip == true", `person["Favorite Color"] in ["red", "blue"]`, "true", `person.name == "it's"`, `is_set(person.a)`,
		"person.vip == true\nand event.value > 3", `len(person.tags) >= 2`, `"x" == person.x`, "(person.a > 1)", "!(person.a == 1)"})
}

func anyTrigger() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"event.value >= 20", `event.Brand == "x: y"`, "event.value > 1\nand event.value < 9"})
}

func anyReentry(t *rapid.T) plan.Reentry {
	mode := rapid.SampledFrom([]string{plan.Always, plan.Never, plan.After}).Draw(t, "reentry")
	r := plan.Reentry{Mode: mode}
	if mode == plan.After {
		r.After = anyLength().Draw(t, "after")
	}
	return r
}

func anyLength() *rapid.Generator[time.Duration] {
	return rapid.Custom(func(t *rapid.T) time.Duration {
		unit := rapid.SampledFrom([]time.Duration{time.Second, time.Minute, time.Hour, 24 * time.Hour}).Draw(t, "unit")
		return time.Duration(rapid.IntRange(1, 300).Draw(t, "length")) * unit
	})
}

// anyRules draws what messages do by channel. What is usual is never said.
func anyRules(t *rapid.T, label string, words ...string) map[string]string {
	if !rapid.Bool().Draw(t, label) {
		return nil
	}
	rules := map[string]string{}
	for _, channel := range []string{plan.ChannelEmail, plan.ChannelSMS, plan.ChannelPush} {
		if word := rapid.SampledFrom(append([]string{"", ""}, words...)).Draw(t, channel); word != "" {
			rules[channel] = word
		}
	}
	if len(rules) == 0 || rapid.Bool().Draw(t, "one word") {
		for _, channel := range []string{plan.ChannelEmail, plan.ChannelSMS, plan.ChannelPush} {
			rules[channel] = words[0]
		}
	}
	return rules
}

func anyWatch(t *rapid.T) plan.Watch {
	if rapid.Bool().Draw(t, "an event") {
		return plan.Watch{Metric: anyName().Draw(t, "metric"), Filter: maybe(t, anyTrigger())}
	}
	return plan.Watch{Condition: anyCondition().Draw(t, "condition")}
}
