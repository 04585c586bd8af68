package email

import (
	"errors"
	"fmt"
	"net/smtp"
	"slices"
	"strings"
)

// auth chooses how to log in from what the server offers.
func (s *Sender) auth(host string, offered []string) (smtp.Auth, error) {
	switch {
	case slices.Contains(offered, "PLAIN"):
		return smtp.PlainAuth("", s.options.Username, s.options.Password, host), nil
	case slices.Contains(offered, "LOGIN"):
		return &loginAuth{username: s.options.Username, password: s.options.Password}, nil
	case len(offered) == 0:
		return nil, errors.New("the mail server offers no login; it may want TLS first")
	}
	return nil, fmt.Errorf("the mail server offers %s to log in; this program knows PLAIN and LOGIN", strings.Join(offered, ", "))
}

// loginAuth is the mechanism LOGIN, which net/smtp does not have. As there, a password goes out over TLS or to this
// machine only.
type loginAuth struct{ username, password string }

func (a *loginAuth) Start(server *smtp.ServerInfo) (string, []byte, error) {
	if !server.TLS && server.Name != "localhost" && server.Name != "127.0.0.1" && server.Name != "::1" {
		return "", nil, errors.New("unencrypted connection")
	}
	return "LOGIN", nil, nil
}

func (a *loginAuth) Next(challenge []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	switch strings.ToLower(strings.TrimSpace(string(challenge))) {
	case "username:", "user name", "user name\x00":
		return []byte(a.username), nil
	case "password:", "password", "password\x00":
		return []byte(a.password), nil
	}
	return nil, errors.New("the mail server asked an unexpected question at login")
}
