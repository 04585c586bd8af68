package cli

import (
	"os"
	"path/filepath"

	"github.com/legato-flow/legato/content"
	"github.com/legato-flow/legato/flow"
)

// loadDefinitions reads a folder of definitions with everything that can be checked without running it.
func loadDefinitions(root string) (*flow.Definitions, flow.Problems) {
	engine := content.New(content.Options{})
	parse := func(name string, source []byte) *content.Template {
		t, err := engine.Parse(name, source)
		if err != nil {
			return nil // reported by Check
		}
		return t
	}
	return flow.Load(os.DirFS(root), filepath.ToSlash(root), flow.LoadOptions{
		Check: func(name string, source []byte) flow.Problems { return problemsOf(content.Check(name, source)) },
		Feeds: func(name string, source []byte) []string {
			if t := parse(name, source); t != nil {
				return t.Feeds()
			}
			return nil
		},
		Variables: func(name string, source []byte) []flow.Variable {
			if t := parse(name, source); t != nil {
				return variablesOf(t.Mentions())
			}
			return nil
		},
		Liquid: checkLiquid(engine),
	})
}

// checkLiquid checks the Liquid within flows.
func checkLiquid(engine *content.Engine) flow.LiquidCheck {
	return func(source string) (flow.Problems, []flow.Variable) {
		errs, mentions := engine.CheckText(source)
		return problemsOf(errs), variablesOf(mentions)
	}
}

func problemsOf(errs []*content.Error) flow.Problems {
	var problems flow.Problems
	for _, e := range errs {
		problems = append(problems, flow.Problem{Line: e.Line, Column: e.Column, Message: e.Message})
	}
	return problems
}

func variablesOf(mentions []content.Mention) []flow.Variable {
	variables := make([]flow.Variable, len(mentions))
	for i, m := range mentions {
		variables[i] = flow.Variable(m)
	}
	return variables
}
