package expression

import "testing"

const typical = `person.location.country == "United States" and event.value >= 20 and not did("Placed Order", since_start) and any(person.orders, .sku == "B")`

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		if _, err := Compile(typical, Person); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTrue(b *testing.B) {
	x, err := Compile(typical, Person)
	if err != nil {
		b.Fatal(err)
	}
	in := sampleInput(b)
	in.Answers = []any{false}
	for b.Loop() {
		if ok, err := x.True(in); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
