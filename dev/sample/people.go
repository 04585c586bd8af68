package sample

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

// person is a profile, and what is known of the person only to us.
type person struct {
	id, email, phone, externalID string
	first, last                  string
	country                      *country
	city                         city
	birthday                     time.Time // at midnight UTC
	created                      time.Duration
	taste                        int
	shelf                        int     // the category liked best
	zeal                         float64 // how often they come
	subscribed                   bool
	unsubscribed                 bool
	properties                   map[string]any
}

// people makes n of them. created is how long before now a profile was made.
func people(random *rand.Rand, now time.Time, n int) []*person {
	total := 0
	for i := range countries {
		total += countries[i].weight
	}
	used := map[string]int{}
	all := make([]*person, n)
	for i := range all {
		pick := random.IntN(total)
		c := 0
		for ; pick >= countries[c].weight; c++ {
			pick -= countries[c].weight
		}
		p := &person{country: &countries[c], taste: random.IntN(tastes), shelf: random.IntN(len(shelves))}
		p.city = p.country.cities[random.IntN(len(p.country.cities))]
		p.first = p.country.first[random.IntN(len(p.country.first))]
		p.last = p.country.last[random.IntN(len(p.country.last))]
		p.externalID = fmt.Sprintf("customer-%04d", i+1)
		p.created = time.Duration(10+random.IntN(710*24)) * time.Hour
		p.zeal = 0.25 + random.ExpFloat64()
		p.birthday = birthday(random, i)
		// Example domains and numbers reserved for fiction: nobody real is ever written to.
		address := ascii(p.first) + "." + ascii(p.last)
		used[address]++
		if again := used[address]; again > 1 {
			address = fmt.Sprintf("%s%d", address, again)
		}
		domain := []string{"example.com", "example.org", "example.net"}[random.IntN(3)]
		if i%50 != 49 { // some have only a number, or only the shop's own id
			p.email = address + "@" + domain
		}
		switch p.country.name {
		case "United States":
			if i < 600 {
				p.phone = fmt.Sprintf("+1%d55501%02d", []int{212, 206, 312, 303, 617, 415}[i/100], i%100)
			}
		case "United Kingdom":
			p.phone = fmt.Sprintf("+447700900%03d", i%1000)
		}
		p.subscribed = p.email != "" && random.IntN(100) < 65
		p.unsubscribed = p.email != "" && !p.subscribed && random.IntN(8) == 0
		p.properties = map[string]any{
			"birthday":          p.birthday.Format(time.DateOnly),
			"favorite_category": shelves[p.shelf].name,
			"loyalty_points":    random.IntN(40) * 25,
			"accepts_marketing": p.subscribed,
		}
		p.id = profileID(random, now.Add(-p.created))
		all[i] = p
	}
	return all
}

// birthday lies between 1950 and 2006; every 125th person's is on 29 February.
func birthday(random *rand.Rand, i int) time.Time {
	day := time.Date(1950+random.IntN(57), 1, 1+random.IntN(365), 0, 0, 0, 0, time.UTC)
	if i%125 == 60 {
		return time.Date(1952+4*random.IntN(13), 2, 29, 0, 0, 0, 0, time.UTC)
	}
	return day
}

// profileID makes an id as ingestion does, in the order of creation.
func profileID(random *rand.Rand, created time.Time) string {
	var id ulid.ULID
	_ = id.SetTime(ulid.Timestamp(created)) // fails after the year 10889
	var entropy [10]byte
	for i := range entropy {
		entropy[i] = byte(random.Uint32())
	}
	_ = id.SetEntropy(entropy[:]) // fails for another length
	return id.String()
}

var plain = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "å", "a", "é", "e", "è", "e", "ê", "e", "ë", "e",
	"á", "a", "à", "a", "ã", "a", "â", "a", "í", "i", "ó", "o", "ô", "o", "õ", "o", "ú", "u", "ñ", "n", "ç", "c", "'", "", " ", "")

// ascii writes a name as in an email address.
func ascii(name string) string { return plain.Replace(strings.ToLower(name)) }
