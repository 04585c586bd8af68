package flow

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits on a directory of definitions.
const (
	maxFiles    = 2_000     // per kind
	maxTemplate = 512 << 10 // bytes
)

// Definitions are what a directory of definitions contains.
type Definitions struct {
	Flows     []*Flow // sorted by id
	Templates map[string]Template
	Feeds     map[string]Feed
}

// Template is a file of templates/: front matter and Liquid, which package content reads.
type Template struct {
	Name   string // the file's name without .liquid
	File   string
	Source []byte

	lines     *source
	variables []Variable
}

// TemplateCheck finds what is wrong with a template. It leaves the file to the caller.
type TemplateCheck func(name string, source []byte) Problems

// LoadOptions let others take part in Load.
type LoadOptions struct {
	Check     TemplateCheck                               // checks each template
	Feeds     func(name string, source []byte) []string   // the feeds that a template uses
	Variables func(name string, source []byte) []Variable // the variables that a template uses
	Liquid    LiquidCheck                                 // checks the Liquid in flows
}

// Load reads flows/*.yaml, templates/*.liquid and feeds/*.yaml of dir, and checks them against each other: ids
// are unique, and the templates of flows and the feeds of templates are there. Files that end in _test.yaml or
// begin with a dot are passed over. root stands before the files' names in problems. What has errors is left out
// of the result.
func Load(dir fs.FS, root string, options ...LoadOptions) (*Definitions, Problems) {
	l := &loader{
		dir: dir, root: root,
		found:  &Definitions{Templates: map[string]Template{}, Feeds: map[string]Feed{}},
		exists: map[string]bool{},
	}
	if len(options) > 0 {
		l.options = options[0]
	}
	l.feeds()
	l.templates()
	l.flows()
	l.circles()
	l.problems.Sort()
	return l.found, l.problems
}

// loader reads a directory of definitions.
type loader struct {
	dir      fs.FS
	root     string
	options  LoadOptions
	found    *Definitions
	exists   map[string]bool // "template x", "feed x": it is there, maybe with errors
	problems Problems
}

// each reads the files of a folder in the order of their names. A folder that is not there is empty.
func (l *loader) each(folder, suffix string, limit int64, read func(file, name string, data []byte)) {
	entries, err := fs.ReadDir(l.dir, folder)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		l.problem(folder, "this folder cannot be read: %v", err)
		return
	}
	count := 0
	for _, entry := range entries {
		file := path.Join(folder, entry.Name())
		name, matches := strings.CutSuffix(entry.Name(), suffix)
		switch {
		case strings.HasPrefix(name, ".") || strings.HasSuffix(name, "_test") && suffix == ".yaml":
			continue
		case entry.IsDir():
			l.problem(file, "folders in %s are not read", folder)
			continue
		case suffix == ".yaml" && strings.HasSuffix(name, ".yml"):
			l.problem(file, "the file's name must end in .yaml")
			continue
		case !matches:
			continue
		}
		if count++; count > maxFiles {
			l.problem(folder, "there are more than %d files", maxFiles)
			return
		}
		data, err := l.read(file, limit)
		if err != nil {
			l.problem(file, "%v", err)
			continue
		}
		read(path.Join(l.root, file), name, data)
	}
}

// read reads a file, but not more than one byte over the limit.
func (l *loader) read(file string, limit int64) ([]byte, error) {
	f, err := l.dir.Open(file)
	if err != nil {
		return nil, fmt.Errorf("opening the file: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("the file is larger than %d KB", limit>>10)
	}
	return data, nil
}

// problem is about a file as a whole.
func (l *loader) problem(file, format string, args ...any) {
	l.problems = append(l.problems, Problem{File: path.Join(l.root, file), Message: fmt.Sprintf(format, args...)})
}

func (l *loader) feeds() {
	l.each("feeds", ".yaml", maxFile, func(file, _ string, data []byte) {
		feed, at, problems := parseFeed(file, data)
		l.problems = append(l.problems, problems...)
		if feed.Name == "" {
			return
		}
		l.exists["feed "+feed.Name] = true
		if first, ok := l.found.Feeds[feed.Name]; ok {
			at.Message = fmt.Sprintf("feed %s is there already, in %s", feed.Name, first.File)
			l.problems = append(l.problems, at)
			return
		}
		if problems.Err() == nil {
			l.found.Feeds[feed.Name] = feed
		}
	})
}

func (l *loader) templates() {
	l.each("templates", ".liquid", maxTemplate, func(file, name string, data []byte) {
		l.exists["template "+name] = true
		var problems Problems
		switch {
		case !templatePattern.MatchString(name) || len(name) > maxID:
			problems = Problems{{Message: "a template's name is made of letters, digits, - and _, at most 64"}}
		case !utf8.Valid(data):
			problems = Problems{{Message: "the file is not UTF-8 text"}}
		case l.options.Check != nil:
			problems = l.options.Check(name, data)
		}
		problems = append(problems, l.feedsOf(name, data)...)
		lines := newSource(file, strings.ReplaceAll(string(data), "\r\n", "\n"))
		for _, p := range problems {
			p.File = file
			if p.Source == "" {
				p.Source = lines.shown(p.Line)
			}
			l.problems = append(l.problems, p)
		}
		if problems.Err() == nil {
			t := Template{Name: name, File: file, Source: data, lines: lines}
			if l.options.Variables != nil {
				t.variables = l.options.Variables(name, data)
			}
			l.found.Templates[name] = t
			l.problems = append(l.problems, t.strange()...)
		}
	})
}

// feedsOf checks that the feeds of a template are there.
func (l *loader) feedsOf(name string, data []byte) Problems {
	if l.options.Feeds == nil {
		return nil
	}
	var problems Problems
	for _, feed := range l.options.Feeds(name, data) {
		if l.exists["feed "+feed] {
			continue
		}
		p := Problem{Line: 1, Column: 1, Message: fmt.Sprintf("there is no feed %s", feed),
			Hint: l.alternative(feed, slices.Collect(maps.Keys(l.found.Feeds)), "feeds/"+feed+".yaml")}
		if before, _, ok := strings.Cut(string(data), "feeds."+feed); ok {
			p.Line = strings.Count(before, "\n") + 1
			p.Column = utf8.RuneCountInString(before[strings.LastIndex(before, "\n")+1:]) + 1
		}
		problems = append(problems, p)
	}
	return problems
}

func (l *loader) flows() {
	ids := map[string]string{}
	l.each("flows", ".yaml", maxFile, func(file, _ string, data []byte) {
		f, problems := Parse(file, data)
		l.problems = append(l.problems, problems...)
		if f == nil {
			return
		}
		if first := ids[f.ID]; first != "" {
			l.problems = append(l.problems, f.problem(f.idAt, "", fmt.Sprintf("flow id %s is there already, in %s", f.ID, first)))
			return
		}
		ids[f.ID] = file
		complete := true
		for _, use := range f.templates {
			if !l.exists["template "+use.name] {
				complete = false
				hint := l.alternative(use.name, slices.Collect(maps.Keys(l.found.Templates)), "templates/"+use.name+".liquid")
				l.problems = append(l.problems, f.problem(use.at, hint, fmt.Sprintf("there is no template %s", use.name)))
			}
		}
		problems = l.liquids(f)
		l.problems = append(l.problems, problems...)
		if complete && problems.Err() == nil {
			l.found.Flows = append(l.found.Flows, f)
		}
	})
	slices.SortFunc(l.found.Flows, func(a, b *Flow) int { return strings.Compare(a.ID, b.ID) })
}

// alternative is a hint at a name that is there, or at the file that is missing.
func (l *loader) alternative(name string, known []string, file string) string {
	slices.Sort(known)
	if near := nearest(name, known); near != "" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	return fmt.Sprintf("it would be in %s", path.Join(l.root, file))
}

// problem is about a place in the flow's file.
func (f *Flow) problem(at *node, hint, message string) Problem {
	return Problem{File: f.File, Line: at.line, Column: at.column, Message: message, Source: f.source.shown(at.line), Hint: hint}
}
