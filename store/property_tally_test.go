package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/legato-flow/legato/flow/plan"
)

// What counting adds to taking an event in.
func BenchmarkPropertiesOfAnEventAreCounted(b *testing.B) {
	var all []recorded
	for i := range 60 {
		all = append(all, recorded{metricID: "M", at: time.Unix(int64(i), 0), properties: fmt.Appendf(nil,
			`{"Brand":"Kettle & Co","Categories":["Kitchen","Tea"],"Discount":null,"ItemNames":["Tea pot"],"OrderId":"A%d","Price":59.%d,"ProductID":"P%d","ProductName":"Tea pot","Shipped":"2026-11-0%d","Items":[{"SKU":"A","Price":1},{"SKU":"B","Price":2}]}`, i, i, i, i%9+1)})
	}
	var t tally
	t.closed = true // no timer
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		t.add(all[i%60:i%60+1], nil)
	}
}

// Whatever a sender writes, counting neither fails nor calls a text a date that flows would not take for one.
func FuzzPropertiesAreCounted(f *testing.F) {
	for _, seed := range []string{`{"a":1,"b":"2026-05-10","c":[{}],"d":null,"\u0061":true}`, `{"x":"05/10/26 12:30","y":" 2026-05-10 ","z":"1762594200"}`, `{"a":`, `[]`, `{"":"","":1}`, "{\"\xff\":\"\xfe\"}", `{"a\\":"\ud83d"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, properties []byte) {
		var counted tally
		counted.closed = true
		counted.add([]recorded{{metricID: "M", properties: properties, at: time.Unix(1, 0)}}, nil)
		kinds, _ := tallyRows(counted.take())
		var whole map[string]any
		valid := json.Unmarshal(properties, &whole) == nil && utf8.Valid(properties)
		found := map[string]bool{}
		for _, row := range kinds {
			found[row.Name] = true
			for _, sample := range row.Samples {
				if !json.Valid(sample) || len(sample) > maxSample || bytes.ContainsRune(sample, '@') {
					t.Fatalf("%q has the sample %q", row.Name, sample)
				}
			}
			if text, ok := whole[row.Name].(string); valid && ok && row.Kind == KindDate {
				if _, _, _, date := plan.ParseDate(text); !date {
					t.Fatalf("%q is called a date", text)
				}
			}
		}
		for name, value := range whole {
			if valid && value != nil && !found[name] && len(whole) <= MaxMetricProperties {
				t.Fatalf("%q is not counted in %q", name, properties)
			}
		}
	})
}
