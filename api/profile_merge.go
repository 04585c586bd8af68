package api

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/legato-flow/legato/ingest"
)

// mergedDescription is the profile that is left of two, of which the answer gives the id alone.
var mergedDescription = &description{name: "profile", path: profileDescription.path}

// mergeProfiles merges one profile into another. It is done when the answer comes.
func (a *api) mergeProfiles(w http.ResponseWriter, r *http.Request) error {
	_, raw, err := a.request(w, r, parameters{shapes: []*description{mergedDescription}}, maxListBody)
	if err != nil {
		return err
	}
	in := &reader{}
	destination, source := decodeMerge(in, raw)
	if err := in.err(); err != nil {
		return err
	}
	err = a.ingester.MergeProfiles(r.Context(), source, destination)
	var wrong *ingest.InvalidError
	switch {
	case errors.Is(err, ingest.ErrUnknownProfile):
		return a.people.missing(destination)
	case errors.Is(err, ingest.ErrUnknownSource):
		p := a.people.missing(source)
		p.Source.Pointer = "/data/relationships/profiles/data/0/id"
		return p
	case errors.As(err, &wrong):
		return invalid("/data/relationships/profiles/data/0/id", "%s.", wrong.Message)
	case err != nil:
		return err
	}
	self := map[string]string{"self": a.base + profileDescription.path + "/" + url.PathEscape(destination)}
	type merged struct {
		Type  string            `json:"type"`
		ID    string            `json:"id"`
		Links map[string]string `json:"links"`
	}
	respond(w, http.StatusCreated, document{Data: merged{"profile", destination, self}, Links: self})
	return nil
}

func decodeMerge(in *reader, raw jsontext.Value) (destination, source string) {
	top, _ := in.open("", raw)
	data, ok := top.object("data", true)
	top.done()
	if !ok {
		return
	}
	data.kind("profile-merge")
	destination = data.required("id", parseID)
	relationships, ok := data.object("relationships", true)
	data.done()
	if !ok {
		return
	}
	profiles, ok := relationships.object("profiles", true)
	relationships.done()
	if !ok {
		return
	}
	members, given := profiles.take("data")
	profiles.done()
	if !given {
		in.report(profiles.at("data"), "data is required.")
		return
	}
	items := in.items(profiles.at("data"), members)
	if members.Kind() == '[' && len(items) != 1 {
		in.report(profiles.at("data"), "One profile is merged at a time, not %d.", len(items))
		return
	}
	for i, item := range items {
		if o, ok := in.open(profiles.at("data")+"/"+itoa(i), item); ok {
			o.kind("profile")
			source = o.required("id", parseID)
			o.done()
		}
	}
	return destination, source
}
