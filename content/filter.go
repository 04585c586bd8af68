package content

import (
	"fmt"
	"html"
	"net/url"
	"reflect"
	"slices"
	"strings"

	liquidfilters "github.com/osteele/liquid/filters"
	"github.com/osteele/liquid/values"
)

// safeText is text that goes into HTML as it is. Any filter that makes another text of it makes it unsafe again.
type safeText string

// filter says how a filter is called.
type filter struct {
	min, max   int // arguments behind the colon
	example    string
	structural bool // it takes lists and maps apart and prints none
	internal   bool // the compiler writes it; a template cannot
	call       func(r *run, value any, args []any) (any, error)
}

// filterTable holds all filters: the library's own that do as they should, and ours.
var filterTable map[string]filter

func init() {
	filterTable = map[string]filter{
		"capitalize":         {call: textFilter(capitalize)},
		"currency_format":    {max: 1, example: `currency_format: "EUR"`, call: currencyFilter},
		"date":               {min: 1, max: 1, example: `date: "%B %-d"`, call: dateFilter},
		"default":            {min: 1, max: 1, example: `default: "friend"`, structural: true, call: defaultFilter},
		"escape":             {call: escapeFilter},
		"floatformat":        {max: 1, example: "floatformat: 2", call: floatformatFilter},
		"join":               {max: 1, example: `join: ", "`, call: joinFilter},
		"json":               {call: jsonFilter},
		"lookup":             {min: 1, max: 1, example: `lookup: "Favorite Color"`, structural: true, call: lookupFilter},
		"newline_to_br":      {call: newlineToBreakFilter},
		"raw":                {call: safeFilter},
		"replace":            {min: 2, max: 2, example: `replace: "a", "b"`, call: replaceFilter},
		"safe":               {call: safeFilter},
		"slice":              {min: 1, max: 2, example: "slice: 0, 3", structural: true, call: sliceFilter},
		"title":              {call: textFilter(title)},
		"truncate":           {max: 2, example: "truncate: 50", call: truncateFilter},
		"truncatewords":      {max: 2, example: "truncatewords: 15", call: truncatewordsFilter},
		"uniq":               {call: uniqFilter},
		"url_encode":         {call: textFilter(url.QueryEscape)},
		"list__":             {internal: true, structural: true, call: listFilter},
		"print__":            {internal: true, call: printFilter},
		"raw__":              {internal: true, call: func(r *run, v any, _ []any) (any, error) { return r.raws[v.(int)], nil }},
		"tick__":             {internal: true, call: func(r *run, _ any, _ []any) (any, error) { return nil, r.tick() }},
		"unsubscribe__":      {internal: true, call: unsubscribeFilter},
		"unsubscribe_link__": {internal: true, call: unsubscribeLinkFilter},
	}
	library := dictionary{}
	liquidfilters.AddStandardFilters(library)
	for name, f := range map[string]filter{
		"abs": {}, "ceil": {}, "compact": {structural: true}, "downcase": {}, "escape_once": {}, "first": {structural: true},
		"floor": {}, "last": {structural: true}, "lstrip": {}, "reverse": {structural: true}, "rstrip": {},
		"size": {structural: true}, "strip": {}, "strip_html": {}, "strip_newlines": {}, "upcase": {}, "url_decode": {},
		"append":        {min: 1, max: 1, example: `append: "!"`},
		"concat":        {min: 1, max: 1, example: "concat: others", structural: true},
		"divided_by":    {min: 1, max: 1, example: "divided_by: 2"},
		"map":           {min: 1, max: 1, example: `map: "title"`, structural: true},
		"minus":         {min: 1, max: 1, example: "minus: 1"},
		"modulo":        {min: 1, max: 1, example: "modulo: 2"},
		"plus":          {min: 1, max: 1, example: "plus: 1"},
		"prepend":       {min: 1, max: 1, example: `prepend: "No. "`},
		"remove":        {min: 1, max: 1, example: `remove: "a"`},
		"remove_first":  {min: 1, max: 1, example: `remove_first: "a"`},
		"replace_first": {min: 2, max: 2, example: `replace_first: "a", "b"`},
		"round":         {max: 1, example: "round: 2"},
		"sort":          {max: 1, example: `sort: "price"`},
		"sort_natural":  {max: 1, example: `sort_natural: "title"`},
		"split":         {min: 1, max: 1, example: `split: ","`},
		"times":         {min: 1, max: 1, example: "times: 2"},
	} {
		fn := library[name]
		f.call = func(_ *run, value any, args []any) (any, error) {
			return values.Call(fn, append([]any{value}, args...))
		}
		filterTable[name] = f
	}
}

var filterHints = map[string]string{
	"add": "write plus", "divide": "write divided_by", "format_date_string": `write date: "%B %d"`, "index": "write [0]",
	"length": "write size", "lower": "write downcase", "multiply": "write times", "striptags": "write strip_html",
	"truncatechars": "write truncate", "upper": "write upcase", "urlencode": "write url_encode",
}

// dictionary takes the library's filters.
type dictionary map[string]reflect.Value

func (d dictionary) AddFilter(name string, fn any) { d[name] = reflect.ValueOf(fn) }

func textFilter(f func(string) string) func(*run, any, []any) (any, error) {
	return func(_ *run, value any, _ []any) (any, error) { return f(printed(value)), nil }
}

// listFilter is what every loop runs over: nothing for a value that is no list, so that else is reached; the pairs
// of a map in the order of its keys, so that a template renders the same each time.
func listFilter(_ *run, value any, _ []any) (any, error) {
	if r, ok := value.(values.Range); ok {
		return r, nil
	}
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		return value, nil
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int {
			return strings.Compare(printed(a.Interface()), printed(b.Interface()))
		})
		pairs := make([]any, len(keys))
		for i, key := range keys {
			pairs[i] = []any{key.Interface(), v.MapIndex(key).Interface()}
		}
		return pairs, nil
	}
	return []any{}, nil
}

// printFilter ends every output: it makes text of the value and escapes it where the text is HTML.
func printFilter(r *run, value any, _ []any) (any, error) {
	if s, ok := value.(safeText); ok {
		return string(s), nil
	}
	s := printed(value)
	switch {
	case r.escape:
		s = html.EscapeString(s)
	case r.json: // as within the quotes of a text
		quoted, err := jsonText(s)
		if err != nil {
			return nil, err
		}
		s = quoted[1 : len(quoted)-1]
	}
	return s, nil
}

// jsonFilter writes a value as JSON. In a text that is JSON it needs no more escaping.
func jsonFilter(r *run, value any, _ []any) (any, error) {
	text, err := jsonText(value)
	if err == nil && r.json {
		return safeText(text), nil
	}
	return text, err
}

func safeFilter(_ *run, value any, _ []any) (any, error) {
	if value == nil {
		return nil, nil
	}
	return safeText(printed(value)), nil
}

func escapeFilter(_ *run, value any, _ []any) (any, error) {
	if s, ok := value.(safeText); ok {
		return s, nil
	}
	return safeText(html.EscapeString(printed(value))), nil
}

// defaultFilter stands in for nil, false, and texts, lists and maps with nothing in them; zero is a value.
func defaultFilter(_ *run, value any, args []any) (any, error) {
	if value == nil || value == false {
		return args[0], nil
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.String:
		if blank(v.String()) {
			return args[0], nil
		}
	case reflect.Slice, reflect.Map:
		if v.Len() == 0 {
			return args[0], nil
		}
	}
	return value, nil
}

// lookupFilter reads a property whose name the dot notation cannot spell, or an item of a list.
func lookupFilter(_ *run, value any, args []any) (any, error) {
	if value == nil {
		return nil, nil
	}
	key := printed(args[0])
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Map:
		if v.Type().Key().Kind() != reflect.String {
			return nil, nil
		}
		if item := v.MapIndex(reflect.ValueOf(key).Convert(v.Type().Key())); item.IsValid() {
			return item.Interface(), nil
		}
	case reflect.Slice, reflect.Array:
		var i int
		if n, err := fmt.Sscanf(key, "%d", &i); n == 1 && err == nil && i >= 0 && i < v.Len() {
			return v.Index(i).Interface(), nil
		}
	}
	return nil, nil
}
