package store

import (
	"bytes"
	"net/netip"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/legato-flow/legato/flow/plan"
)

// Kinds of values that a property can have. What a value looks like decides, value by value: text "12" is text.
const (
	KindText    = "text"
	KindDigits  = "digits" // text of 9 to 11 digits: a date where it is used as one, in Unix seconds
	KindNumber  = "number"
	KindDate    = "date" // text in one of the formats of dates
	KindBoolean = "boolean"
	KindList    = "list"
	KindObject  = "object"
)

// eachProperty calls f with the members of a JSON object that are not null. The name is written as JSON, and neither slice
// may be changed.
func eachProperty(object []byte, f func(name, value jsontext.Value)) {
	d := jsontext.NewDecoder(bytes.NewBuffer(object), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if token, err := d.ReadToken(); err != nil || token.Kind() != '{' {
		return
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadValue()
		if err != nil {
			return
		}
		end := d.InputOffset()
		name = object[end-int64(len(name)) : end]
		value, err := d.ReadValue()
		if err != nil {
			return
		}
		if value.Kind() != 'n' {
			f(name, value)
		}
	}
}

// kindOf is the kind of a value that is not null.
func kindOf(value jsontext.Value) string {
	switch value.Kind() {
	case '[':
		return KindList
	case '{':
		return KindObject
	case '0':
		return KindNumber
	case 't', 'f':
		return KindBoolean
	}
	return kindOfText(value)
}

// kindOfText looks at a text in quotes. Most is told apart by where its digits are.
func kindOfText(quoted jsontext.Value) string {
	if len(quoted) < len(`"01/02/06"`) || len(quoted) > len(`""`)+50 {
		return KindText
	}
	text := bytes.Trim(quoted[1:len(quoted)-1], " ")
	if len(text) < len("01/02/06") || text[0] < '0' || text[0] > '9' {
		return KindText
	}
	if len(bytes.Trim(text, "0123456789")) == 0 {
		if len(text) >= 9 && len(text) <= 11 {
			return KindDigits
		}
		return KindText
	}
	if text[2] != '/' && text[4] != '-' {
		return KindText
	}
	plain, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil {
		return KindText
	}
	if _, _, _, ok := plan.ParseDate(string(plain)); ok {
		return KindDate
	}
	return KindText
}

// maxSample is how many bytes of JSON a sample may take.
const maxSample = 60

// personal are parts of names, in lower case and without separators, of properties that tell who somebody is.
var personal = []string{
	"email", "mail", "phone", "mobile", "firstname", "lastname", "fullname", "surname", "address", "street", "zip", "postal", "birth",
	"password", "token", "secret", "ipaddr", "useragent", "latitude", "longitude", "customername", "recipient",
}

// impersonal says whether values of a property may be kept as samples, judging by its name.
func impersonal(name string) bool {
	if name == "ip" || name == "IP" || name == "name" || name == "Name" {
		return false
	}
	name = strings.NewReplacer("_", "", "-", "", " ", "", ".", "").Replace(strings.ToLower(name))
	for _, part := range personal {
		if strings.Contains(name, part) {
			return false
		}
	}
	return true
}

// sample gives the value as a sample to keep, or nothing: it must be a short scalar in which nobody's address, telephone
// number or IP address is.
func sample(kind string, value jsontext.Value) string {
	switch kind {
	case KindNumber, KindBoolean, KindDate:
		if len(value) <= maxSample {
			return string(value)
		}
	case KindText:
		if len(value) > maxSample || bytes.ContainsAny(value, "@\\") || callable(value) {
			return ""
		}
		if _, err := netip.ParseAddr(string(value[1 : len(value)-1])); err == nil {
			return ""
		}
		return string(value)
	}
	return ""
}

// callable says whether there may be a telephone number in a text: seven digits with nothing but what separates them between.
func callable(text []byte) bool {
	digits := 0
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9':
			if digits++; digits == 7 {
				return true
			}
		case strings.IndexByte("+-() ./", c) < 0:
			digits = 0
		}
	}
	return false
}
