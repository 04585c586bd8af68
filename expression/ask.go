package expression

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// Asked is expressions that have been put to people, with what the database answered.
type Asked struct {
	expressions []*Expression
	people      []Subject
	first       []int   // where an expression's answers begin
	answers     [][]any // by person
}

// Ask puts expressions to people. What all of them ask the database goes there in one statement. An expression
// may be nil: True holds for it.
func Ask(ctx context.Context, q sqlx.QueryerContext, people []Subject, expressions ...*Expression) (*Asked, error) {
	a := &Asked{expressions: expressions, people: people}
	var queries []Query
	for _, x := range expressions {
		a.first = append(a.first, len(queries))
		if x != nil {
			queries = append(queries, x.Queries()...)
		}
	}
	var err error
	a.answers, err = Answer(ctx, q, queries, people)
	return a, err
}

// True says whether expression x holds for a person; both are positions in what Ask was given.
func (a *Asked) True(person, x int) (bool, error) {
	if a.expressions[x] == nil {
		return true, nil
	}
	return a.expressions[x].True(a.input(person, x))
}

// Value is the result of expression x, which is not nil, for a person.
func (a *Asked) Value(person, x int) (any, error) {
	return a.expressions[x].Eval(a.input(person, x))
}

func (a *Asked) input(person, x int) Input {
	in := a.people[person].Input()
	from := a.first[x]
	in.Answers = a.answers[person][from : from+len(a.expressions[x].Queries())]
	return in
}

// Input is what an expression sees of the person, without answers from the database.
func (s Subject) Input() Input {
	return Input{Person: s.Person, Event: s.Event, Flow: s.Flow, Now: s.Now, Start: s.Start}
}
