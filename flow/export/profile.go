package export

import (
	"fmt"

	"github.com/legato-flow/legato/flow/plan"
)

// computed is the key under which an expression stands in place of a literal.
const computed = "expr"

func updateProfile(u *plan.UpdateProfile) (any, error) {
	var o object
	for _, part := range []struct {
		key string
		all []plan.Assignment
	}{{"set", u.Set}, {"increment", u.Increment}, {"append", u.Append}, {"remove", u.Remove}} {
		values, err := assignments(part.all)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part.key, err)
		}
		o.add(part.key, values)
	}
	o.add("unset", texts(u.Unset))
	return o, nil
}

func assignments(all []plan.Assignment) (any, error) {
	if len(all) == 0 {
		return nil, nil
	}
	var o object
	for _, a := range all {
		value := a.Value
		switch {
		case a.Expression != "":
			value = object{{computed, a.Expression}}
		case a.Date:
			value = object{{"date", a.Value}}
		}
		if a.Create {
			value = object{{"create", value}}
		}
		if value == nil {
			return nil, fmt.Errorf("property %q has no value", a.Property)
		}
		o = append(o, pair{a.Property, value})
	}
	return o, nil
}
