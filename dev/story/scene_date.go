package story

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/legato-flow/legato/internal/clock"
)

const (
	birthdayFlow = "birthday"
	welcomeFlow  = "welcome"
	dawn         = 9 * time.Hour // from midnight to the hour at which birthday.yaml sends
)

// birthdayScenes show that a birthday is congratulated at nine o'clock where the person lives, and those of 29
// February on 28 February in a common year. The planner is asked about the days they are on, however far off.
func (s *Story) birthdayScenes() []scene {
	birthday := func(first, last, country, city, zoneName, born string, day time.Time) scene {
		z := clock.Zone(zoneName)
		nine := time.Date(day.Year(), day.Month(), day.Day(), 9, 0, 0, 0, z)
		c := scene{
			who: first + ", " + city, address: s.address(first), flow: birthdayFlow, zone: z, mails: 1, runs: 1,
			happened: fmt.Sprintf("born %s; it is %s", born, day.Format("2 January 2006")),
			lasts:    dawn,
		}
		c.check = func(mail Mail) string {
			if at := mail.Date.In(z); at.Truncate(time.Minute) != nine.Truncate(time.Minute) {
				return fmt.Sprintf("it came at %s instead of %s", at.Format(time.RFC1123), nine.Format(time.RFC1123))
			}
			return ""
		}
		c.perform = func(ctx context.Context, c *scene) error {
			var err error
			c.profile, err = s.importProfile(ctx, object{
				"email": c.address, "first_name": first, "last_name": last, "properties": object{"birthday": born},
				"location": object{"country": country, "city": city, "timezone": zoneName},
			})
			if err != nil {
				return err
			}
			_, err = s.Dates.PlanFor(ctx, birthdayFlow, []string{c.profile}, nine.Add(-dawn), nine.Add(dawn))
			return err
		}
		return c
	}
	soon := time.Now().UTC().AddDate(0, 0, 3)
	date := func(year int) string { return fmt.Sprintf("%d-%02d-%02d", year, soon.Month(), soon.Day()) }
	common := time.Now().UTC().Year() + 1
	for leap(common) {
		common++
	}
	return []scene{
		birthday("Maria", "Garcia", "United States", "Los Angeles", "America/Los_Angeles", date(1988), soon),
		birthday("Arjun", "Nair", "India", "Kochi", "Asia/Kolkata", date(1994), soon),
		birthday("Freya", "Lind", "Sweden", "Uppsala", "Europe/Stockholm", "1996-02-29", time.Date(common, time.February, 28, 0, 0, 0, 0, time.UTC)),
	}
}

func leap(year int) bool { return time.Date(year, time.February, 29, 0, 0, 0, 0, time.UTC).Day() == 29 }

// welcomeScene is somebody who joins the newsletter.
func (s *Story) welcomeScene() scene {
	c := scene{
		who: "Hana, Prague", address: s.address("Hana"), flow: welcomeFlow, zone: clock.Zone("Europe/Prague"), mails: 1, runs: 1,
		happened: "joins the list Newsletter",
	}
	c.check = func(mail Mail) string {
		if !strings.Contains(mail.HTML, "Hana") {
			return "the message does not name Hana"
		}
		return ""
	}
	c.perform = func(ctx context.Context, c *scene) error {
		var list string
		if err := s.Store.DB.GetContext(ctx, &list, "select id from list where name = 'Newsletter' order by created_at limit 1"); err != nil {
			return fmt.Errorf("finding the list Newsletter: %w", err)
		}
		var err error
		c.profile, err = s.importProfile(ctx, object{
			"email": c.address, "first_name": "Hana", "last_name": "Novak",
			"location": object{"country": "Czechia", "city": "Prague", "timezone": "Europe/Prague"},
		})
		if err != nil {
			return err
		}
		return s.call(ctx, http.MethodPost, "/api/lists/"+list+"/relationships/profiles",
			object{"data": []object{{"type": "profile", "id": c.profile}}}, nil)
	}
	return c
}
