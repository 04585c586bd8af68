package content

// Mention is a variable that Liquid reads, and where: a path such as person, location, city.
type Mention struct {
	Path         []string
	Line, Column int // as in Error
}

// Mentions are the variables used, in no order, without those that the template itself sets. An item of a list has the
// list's path.
func (t *Template) Mentions() []Mention {
	var all []Mention
	for _, p := range t.parts {
		all = append(all, p.mentions(t.name)...)
	}
	return all
}

// CheckText lists all errors in a piece of Liquid that is no message by itself, and the variables it uses.
func (e *Engine) CheckText(source string) ([]*Error, []Mention) {
	p, faults := e.compilePart(source)
	var errs []*Error
	for _, f := range faults {
		errs = append(errs, p.error("", f))
	}
	return errs, p.mentions("")
}

func (p *part) mentions(name string) []Mention {
	var all []Mention
	for _, v := range p.program.variables {
		at := p.error(name, fault{offset: v.offset})
		all = append(all, Mention{Path: v.path, Line: at.Line, Column: at.Column})
	}
	return all
}
