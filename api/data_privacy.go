package api

import (
	"errors"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
)

// maxPrivacyBody is the limit of a body that names a person to delete.
const maxPrivacyBody = 16 << 10

// deletePerson erases whoever is known by one id, email address or phone number. It is done when the answer comes, which
// is the same if nobody is: the person is not known, as was asked for.
func (a *api) deletePerson(w http.ResponseWriter, r *http.Request) error {
	_, raw, err := a.request(w, r, parameters{}, maxPrivacyBody)
	if err != nil {
		return err
	}
	in := &reader{}
	keys := decodeDeletion(in, raw)
	if err := in.err(); err != nil {
		return err
	}
	if err := a.ingester.ForgetWaiting(r.Context(), keys); err != nil {
		return err
	}
	ids, err := a.store.FindProfiles(r.Context(), keys)
	if err != nil {
		return err
	}
	for _, id := range ids {
		erased, err := a.ingester.DeleteProfile(r.Context(), id)
		if errors.Is(err, ingest.ErrUnknownProfile) {
			continue // somebody else was faster
		}
		if err != nil {
			return err
		}
		a.log.InfoContext(r.Context(), "a person was deleted", "profile", erased.ProfileID, "events", erased.Events, "messages", erased.Messages, "runs", erased.Runs)
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

func decodeDeletion(in *reader, raw jsontext.Value) (keys store.Keys) {
	top, _ := in.open("", raw)
	data, ok := top.object("data", true)
	top.done()
	if !ok {
		return
	}
	data.kind("data-privacy-deletion-job")
	attributes, ok := data.object("attributes", true)
	data.done()
	if !ok {
		return
	}
	outer, ok := attributes.object("profile", true)
	attributes.done()
	if !ok {
		return
	}
	profile, ok := outer.object("data", true)
	outer.done()
	if !ok {
		return
	}
	before := len(in.problems)
	profile.kind("profile")
	named := 0
	if id := profile.checked("id", parseID); id != nil {
		keys.IDs, named = []string{*id}, named+1
	}
	identifiers, _ := profile.object("attributes", false)
	if email := identifiers.checked("email", ingest.ParseEmail); email != nil {
		keys.Emails, named = []string{ingest.IdentifierKey("email", *email)}, named+1
	}
	if phone := identifiers.checked("phone_number", ingest.ParsePhone); phone != nil {
		keys.PhoneNumbers, named = []string{*phone}, named+1
	}
	identifiers.done()
	profile.done()
	if named != 1 && len(in.problems) == before {
		in.report(profile.pointer, "The profile must have exactly one of id, email and phone_number, not %d.", named)
	}
	return keys
}
