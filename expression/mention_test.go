package expression

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMentionsSayWhatIsNamedAndWhatItNeedsToBe(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		`person.points > 10`:                                      `0 person.points a number >`,
		`10 < person.points`:                                      `5 person.points a number <`,
		`person.vip`:                                              `0 person.vip true or false`,
		`not person.vip and person.city == "Rome"`:                `4 person.vip true or false; 19 person.city text ==`,
		`person.born < "2000-01-01"`:                              `0 person.born a date <`,
		`person.born == "2000-01-01"`:                             `0 person.born text ==`,
		`person.born < now - "30d"`:                               `0 person.born a date <`,
		`person.born - "30d" < now`:                               `0 person.born a date -`,
		`days_until(person.born) > 3`:                             `11 person.born a date days_until`,
		`person.size in ["s", "m"]`:                               `0 person.size text in`,
		`person.size in ["s", 1]`:                                 `0 person.size`,
		`"a" in person.tags`:                                      `7 person.tags a list in`,
		`person.tags contains "a"`:                                `0 person.tags text or a list contains`,
		`person.name startsWith "A"`:                              `0 person.name text startsWith`,
		`lower(event["Favorite Color"]) == "red"`:                 `6 event["Favorite Color"] text lower`,
		`event.price * 2 > person.limit`:                          `0 event.price a number *; 18 person.limit a number >`,
		`event.price > person.limit`:                              `0 event.price; 14 person.limit`,
		`number(person.points) > 10`:                              `7 person.points`,
		`(person.points ?? 0) > 10`:                               `1 person.points a number >`,
		`any(event.items, .price > 3)`:                            `4 event.items a list any`,
		`event.items[0].price > 3`:                                `0 event.items["0"].price a number >`,
		`person[event.key] == 1`:                                  `7 event.key`,
		`did("Ordered")`:                                          `4 metric Ordered`,
		`in_list("News")`:                                         `8 list News`,
		`let x = person.points; x > 3`:                            `8 person.points`,
		`(person.name ?? "") == "ä" and person.b == 1`:            `1 person.name text ==; 32 person.b a number ==`,
		`count(events("O"), .value > 10 and .gift) > 1`:           `13 metric O; 19 past O .value a number >; 35 past O .gift true or false`,
		`sum(filter(events("O", last("9d")), .a == "x"), .b) > 1`: `18 metric O; 36 past O .a text ==; 48 past O .b a number sum`,
		`person.a == 1 ? person.b : person.c`:                     `0 person.a a number ==; 16 person.b true or false; 27 person.c true or false`,
	} {
		x, err := Compile(source, Person)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		var got []string
		for _, m := range x.Mentions(true) {
			words := []string{fmt.Sprint(m.Offset), m.Of, m.Metric, m.Written, m.Name, string(m.Needs), m.Operator}
			if m.Of == OfPerson || m.Of == OfEvent {
				words[1] = ""
			}
			got = append(got, strings.Join(strings.Fields(strings.Join(words, " ")), " "))
		}
		if diff := cmp.Diff(want, strings.Join(got, "; ")); diff != "" {
			t.Errorf("%s: %s", source, diff)
		}
	}
	x, _ := Compile(`person.points`, Person)
	if m := x.Mentions(false); len(m) != 1 || m[0].Needs != "" {
		t.Errorf("a value need not be true or false: %+v", m)
	}
}
