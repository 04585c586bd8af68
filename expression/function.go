package expression

// Function describes a function or window of the language, for checking and for the reference.
type Function struct {
	Name      string
	Signature string
	Meaning   string
	Group     string // values | text | numbers | lists | dates | people | history | windows | membership
	min, max  int    // arguments
	gives     kind
}

// Functions is the whole list, in the order of the reference.
var Functions = []Function{
	{"is_set", "is_set(x)", "true when x is there: neither absent nor null", "values", 1, 1, boolean},
	{"string", "string(x)", "x as text", "values", 1, 1, text},
	{"number", "number(x)", "x as a number, also from text like \"31\"; missing when it is none", "values", 1, 1, number},

	{"lower", "lower(text)", "the text in lower case", "text", 1, 1, text},
	{"upper", "upper(text)", "the text in upper case", "text", 1, 1, text},
	{"trim", "trim(text)", "the text without spaces at its ends", "text", 1, 1, text},
	{"join", "join(list, separator)", "the texts of a list in one text", "text", 2, 2, text},

	{"abs", "abs(number)", "the number without its sign", "numbers", 1, 1, number},
	{"floor", "floor(number)", "the next whole number below", "numbers", 1, 1, number},
	{"ceil", "ceil(number)", "the next whole number above", "numbers", 1, 1, number},
	{"round", "round(number, digits?)", "the number rounded half away from zero to that many digits (0)", "numbers", 1, 2, number},

	{"len", "len(x)", "how many items a list or events(...) has, or characters a text; missing for anything else", "lists", 1, 1, number},
	{"count", "count(list, condition?)", "how many items there are, or meet the condition; 0 when the list is missing", "lists", 1, 2, number},
	{"any", "any(list, condition)", "true when an item meets the condition", "lists", 2, 2, boolean},
	{"all", "all(list, condition)", "true when every item meets the condition, also when there is none", "lists", 2, 2, boolean},
	{"none", "none(list, condition)", "true when no item meets the condition", "lists", 2, 2, boolean},
	{"sum", "sum(list, value?)", "the numbers added up; what is no number is left out, 0 when there is none", "lists", 1, 2, number},
	{"min", "min(list)", "the smallest number, missing when there is none", "lists", 1, 1, number},
	{"max", "max(list)", "the largest number, missing when there is none", "lists", 1, 1, number},
	{"mean", "mean(list)", "the average of the numbers, missing when there is none", "lists", 1, 1, number},
	{"filter", "filter(list, condition)", "the items that meet the condition", "lists", 2, 2, list},
	{"map", "map(list, value)", "the value for every item", "lists", 2, 2, list},
	{"has_any", "has_any(list, [\"a\", \"b\"])", "true when one of the items, written out, is in the list; missing when it is no list", "lists", 2, 2, anything},
	{"has_all", "has_all(list, [\"a\", \"b\"])", "true when all of the items, written out, are in the list; missing when it is no list", "lists", 2, 2, anything},
	{"has_part", "has_part(list, \"text\")", "true when an item of the list is text that has this part; missing when it is no list", "lists", 2, 2, anything},
	{"find", "find(list, condition)", "the first item that meets the condition, missing when there is none", "lists", 2, 2, anything},

	{"date", "date(x)", "x as a time: text in an accepted date format, or Unix seconds; missing when it is none", "dates", 1, 1, instant},
	{"today", "today()", "today's date (UTC) as text, like \"2026-05-10\"", "dates", 0, 0, text},
	{"days_until", "days_until(d)", "calendar days from today (UTC) to d, negative when it is past", "dates", 1, 1, number},
	{"anniversary_in", "anniversary_in(d, \"7d\")", "true when d's month and day come in that many days or fewer, today (UTC) included; 29 February is 28 February in a common year", "dates", 2, 2, boolean},
	{"anniversary_ago", "anniversary_ago(d, \"7d\")", "true when d's month and day were that many days ago or fewer, today (UTC) included", "dates", 2, 2, boolean},
	{"year", "year(d)", "the year of a date as written", "dates", 1, 1, number},
	{"month", "month(d)", "the month of a date as written, 1 to 12", "dates", 1, 1, number},
	{"day", "day(d)", "the day of the month of a date as written", "dates", 1, 1, number},

	{"in_region", "in_region(country, \"european_union\")", "true when the country, by its ISO code or English name, is in the region: european_union or united_states; missing when it is no text", "people", 2, 2, anything},
	{"phone_country", "phone_country(number)", "the ISO code of the country of a phone number in international form, like \"US\"; missing when it is none", "people", 1, 1, text},
	{"sample", "sample(percent, salt?)", "true for that share of the people; the same person gets the same answer all through a run, another salt draws anew", "people", 1, 2, boolean},

	{"events", "events(metric, window?)", "the person's events of a metric, by its name, up to now; only inside count, len, any, all, none, sum, min, max and mean, with filter and map between", "history", 1, 2, list},
	{"did", "did(metric, window?)", "true when there is such an event", "history", 1, 2, boolean},
	{"first_at", "first_at(metric, window?)", "the time of the first such event, missing when there is none", "history", 1, 2, instant},
	{"last_at", "last_at(metric, window?)", "the time of the last such event, missing when there is none", "history", 1, 2, instant},

	{"last", "last(\"30d\")", "events less than that long ago", "windows", 1, 1, anything},
	{"since", "since(t)", "events at or after a date", "windows", 1, 1, anything},
	{"after", "after(t)", "events after a date", "windows", 1, 1, anything},
	{"before", "before(t)", "events before a date, or with a duration: at least that long ago", "windows", 1, 1, anything},
	{"between", "between(a, b)", "events from date a to date b, both days included; with durations: from a ago up to b ago", "windows", 2, 2, anything},
	{"since_start", "since_start", "events after the person entered the flow; a name, without parentheses", "windows", 0, 0, anything},

	{"in_list", "in_list(list, window?)", "true when the person is a member of the list, named by id or name, and has joined it in the window", "membership", 1, 2, boolean},
	{"sent", "sent(channel, window?)", "true when the person was sent a message by email, sms or push", "membership", 1, 2, boolean},
	{"entered_flow", "entered_flow(window?)", "true when the person has entered this flow before this run", "membership", 0, 1, boolean},
	{"can_receive", "can_receive(\"email\")", "true when the person has an address for the channel and is not suppressed", "membership", 1, 1, boolean},
}

var functions = func() map[string]*Function {
	m := map[string]*Function{}
	for i := range Functions {
		m[Functions[i].Name] = &Functions[i]
	}
	return m
}()

// elsewhere answers those who know a function from another place.
var elsewhere = map[string]string{
	"in_segment": "segments are not available yet",
	"int":        "use number(x), and floor, ceil or round",
	"float":      "use number(x)",
	"now":        "now is a name: write it without parentheses",
	"first":      "use list[0], or first_at(metric) for the time of the first event",
	"one":        "use count(list, condition) == 1",
	"size":       "use len(list)",
	"length":     "use len(list)",
	"exists":     "use is_set(x), or did(metric) for events",
	"avg":        "use mean(list)",
	"average":    "use mean(list)",
	"duration":   "write the duration as text, like now - \"30d\"",
	"hasPrefix":  "use the operator: text startsWith \"…\"",
	"hasSuffix":  "use the operator: text endsWith \"…\"",
	"not":        "write not before a condition in parentheses: not (a == b)",
}
