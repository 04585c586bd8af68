package store

import (
	"fmt"
	"testing"
	"time"
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
