package expression

import (
	"math"
	"math/big"
	"strconv"
	"time"
)

// exact is the range in which float64 holds every whole number.
const exact = 1 << 53

// largest is the largest number that arithmetic takes; beyond it a number is missing, here and in SQL, where
// repeated multiplication of larger ones could overflow numeric.
const largest = 1e300

// arithmetic answers + - * / and %. Dates and durations may be added and subtracted; + joins text.
func arithmetic(op string, a, b any) any {
	if a == nil || b == nil {
		return nil
	}
	x, xNumber := a.(float64)
	y, yNumber := b.(float64)
	if xNumber && yNumber {
		return decimal(op, x, y)
	}
	if s, ok := a.(string); ok && op == "+" {
		if t, ok := b.(string); ok && len(s)+len(t) <= maxText {
			return s + t
		}
	}
	switch op {
	case "+":
		if t, d, ok := timeAndDuration(a, b); ok {
			return t.Add(d)
		}
		if t, d, ok := timeAndDuration(b, a); ok {
			return t.Add(d)
		}
	case "-":
		if s, ok := a.(string); ok {
			if a = readAs(instant, s); a == nil {
				return nil
			}
		}
		if t, d, ok := timeAndDuration(a, b); ok {
			return t.Add(-d)
		}
		if p, q, ok := align(a, b); ok && kindOf(p) == instant {
			return p.(time.Time).Sub(q.(time.Time))
		}
	}
	return nil
}

func timeAndDuration(a, b any) (time.Time, time.Duration, bool) {
	t, ok := a.(time.Time)
	if !ok {
		return t, 0, false
	}
	switch d := b.(type) {
	case time.Duration:
		return t, d, true
	case string:
		parsed, err := ParseDuration(d)
		return t, parsed, err == nil
	}
	return t, 0, false
}

// decimal calculates as on paper, so that 0.1 + 0.2 is 0.3 as it is in Postgres' numeric.
func decimal(op string, x, y float64) any {
	if math.Abs(x) > largest || math.Abs(y) > largest {
		return nil
	}
	if op == "%" {
		if y == 0 || x != math.Trunc(x) || y != math.Trunc(y) {
			return nil
		}
		return math.Mod(x, y)
	}
	if op == "/" && y == 0 {
		return nil
	}
	if r, ok := whole(op, x, y); ok {
		return r
	}
	a, b := rational(x), rational(y)
	switch op {
	case "+":
		a.Add(a, b)
	case "-":
		a.Sub(a, b)
	case "*":
		a.Mul(a, b)
	case "/":
		a.Quo(a, b)
	}
	return fromRational(a)
}

// whole calculates with whole numbers directly where float64 is exact.
func whole(op string, x, y float64) (float64, bool) {
	if x != math.Trunc(x) || y != math.Trunc(y) || math.Abs(x) > exact || math.Abs(y) > exact {
		return 0, false
	}
	var r float64
	switch op {
	case "+":
		r = x + y
	case "-":
		r = x - y
	case "*":
		r = x * y
	case "/":
		return x / y, true // the nearest float64 to the true quotient
	}
	return r, math.Abs(r) < exact
}

// rational gives the decimal number that the float64 is written as.
func rational(x float64) *big.Rat {
	r, _ := new(big.Rat).SetString(strconv.FormatFloat(x, 'g', -1, 64))
	return r
}

func fromRational(r *big.Rat) any {
	f, _ := r.Float64()
	return canonical(f)
}

// total adds the numbers of a list; what is no number is left out. It also counts them.
func total(items []any) (sum any, n int) {
	var plain float64
	var rest *big.Rat
	for _, item := range items {
		x, ok := canonical(item).(float64)
		if !ok || math.Abs(x) > largest {
			continue
		}
		n++
		if r, ok := whole("+", plain, x); ok && rest == nil {
			plain = r
			continue
		}
		if rest == nil {
			rest = rational(plain)
		}
		rest.Add(rest, rational(x))
	}
	if rest == nil {
		return plain, n
	}
	return fromRational(rest), n
}

// mean is the average of the numbers of a list, missing when there are none.
func mean(items []any) any {
	sum, n := total(items)
	if n == 0 || sum == nil {
		return nil
	}
	return decimal("/", sum.(float64), float64(n))
}

// extreme is the smallest (sign -1) or largest (sign 1) number of a list, missing when there are none.
func extreme(items []any, sign float64) any {
	var best any
	for _, item := range items {
		x, ok := canonical(item).(float64)
		if ok && math.Abs(x) <= largest && (best == nil || (x-best.(float64))*sign > 0) {
			best = x
		}
	}
	return best
}

func round(x, digits float64) any {
	if math.Abs(x) > largest || digits < 0 || digits > 15 || digits != math.Trunc(digits) {
		return nil
	}
	scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil))
	r := rational(math.Abs(x))
	r.Mul(r, scale).Add(r, big.NewRat(1, 2))
	r.SetInt(new(big.Int).Quo(r.Num(), r.Denom())).Quo(r, scale)
	if x < 0 {
		r.Neg(r)
	}
	return fromRational(r)
}
