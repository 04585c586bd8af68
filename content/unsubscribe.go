package content

import (
	"errors"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
)

var (
	bodyStart = regexp.MustCompile(`(?i)<body\b[^>]*>`)
	bodyEnd   = regexp.MustCompile(`(?i)</body\s*>`)
)

// unsubscribeLink is the variable links.unsubscribe, or nothing when it is not given.
func (r *run) unsubscribeLink() (string, error) {
	links, _ := r.vars["links"].(map[string]any)
	value, ok := links["unsubscribe"]
	if !ok || value == nil || value == "" {
		return "", nil
	}
	link, _ := value.(string)
	u, err := url.Parse(link)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.ContainsAny(link, " <>\"\r\n") {
		return "", errors.New("links.unsubscribe is not an http or https address")
	}
	return link, nil
}

func (r *run) requireUnsubscribeLink() (string, error) {
	link, err := r.unsubscribeLink()
	if err == nil && link == "" {
		err = errors.New("there is no unsubscribe link for this message (links.unsubscribe is not given)")
	}
	return link, err
}

func unsubscribeFilter(r *run, label any, _ []any) (any, error) {
	link, err := r.requireUnsubscribeLink()
	if err != nil {
		return nil, err
	}
	if !r.escape {
		return fmt.Sprintf("%s (%s)", printed(label), link), nil
	}
	text, err := printFilter(r, label, nil)
	if err != nil {
		return nil, err
	}
	return safeText(fmt.Sprintf(`<a href="%s">%s</a>`, html.EscapeString(link), text)), nil
}

func unsubscribeLinkFilter(r *run, _ any, _ []any) (any, error) { return r.requireUnsubscribeLink() }

// appendUnsubscribeHTML adds a footer with the link to HTML that does not have it.
func appendUnsubscribeHTML(body, link string) string {
	escaped := html.EscapeString(link)
	if link == "" || strings.Contains(body, escaped) || strings.Contains(body, link) {
		return body
	}
	footer := fmt.Sprintf("<p style=\"margin:24px 0;text-align:center;font-family:Arial,sans-serif;font-size:12px;color:#6b7280\">"+
		"You no longer want these emails? <a href=\"%s\" style=\"color:#6b7280\">Unsubscribe</a></p>\n", escaped)
	if ends := bodyEnd.FindAllStringIndex(body, -1); len(ends) > 0 {
		at := ends[len(ends)-1][0]
		return body[:at] + footer + body[at:]
	}
	return body + "\n" + footer
}

func appendUnsubscribeText(text, link string) string {
	if link == "" || strings.Contains(text, link) {
		return text
	}
	return text + "\nYou no longer want these emails? Unsubscribe (" + link + ")\n"
}

// insertPreview puts the preview where inboxes read it, out of sight at the beginning of the body.
func insertPreview(body, preview string) string {
	if preview == "" {
		return body
	}
	hidden := `<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">` + html.EscapeString(preview) + "</div>"
	if start := bodyStart.FindStringIndex(body); start != nil {
		return body[:start[1]] + hidden + body[start[1]:]
	}
	return hidden + body
}
