package store

import (
	"context"
	"database/sql/driver"
	"errors"

	"github.com/lib/pq"
)

// keptStatements is how many prepared statements a connection keeps: more than there are in all the files of query/
// that one process runs often.
const keptStatements = 200

// connector makes connections that prepare every statement that has parameters once, and keep it. Postgres then plans
// it once instead of every time, which for the statements here takes longer than running them, and the way there and
// back is taken once instead of twice. lib/pq leaves that to its users; a sql.Stmt for each statement would have to be
// carried to wherever it is used.
type connector struct{ driver.Connector }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	made, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if inner, ok := made.(session); ok {
		return &connection{session: inner, kept: map[string]statement{}}, nil
	}
	return made, nil
}

// session is what a connection of lib/pq can do.
type session interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

// statement is what a prepared statement of lib/pq can do.
type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type connection struct {
	session
	kept map[string]statement // by their text
}

// QueryContext runs a statement that gives rows.
func (c *connection) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) == 0 { // may be several statements, which cannot be prepared
		return c.session.QueryContext(ctx, query, args)
	}
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args)
	return rows, c.check(query, err)
}

// ExecContext runs a statement that gives no rows.
func (c *connection) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) == 0 {
		return c.session.ExecContext(ctx, query, args)
	}
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := s.ExecContext(ctx, args)
	return result, c.check(query, err)
}

// statement gives the prepared statement of this text. When there are too many, any one of the others makes room.
func (c *connection) statement(ctx context.Context, query string) (statement, error) {
	if s, ok := c.kept[query]; ok {
		return s, nil
	}
	if len(c.kept) >= keptStatements {
		for text, s := range c.kept {
			delete(c.kept, text)
			if err := s.Close(); err != nil {
				return nil, err
			}
			break
		}
	}
	made, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s, ok := made.(statement)
	if !ok {
		_ = made.Close()
		return nil, errors.New("a COPY takes no parameters")
	}
	c.kept[query] = s
	return s, nil
}

// Errors of Postgres for a prepared statement that it has forgotten, or whose tables have changed.
const (
	statementUnknown = "26000"
	planOutdated     = "0A000"
)

// check forgets a statement that has to be prepared anew.
func (c *connection) check(query string, err error) error {
	var refused *pq.Error
	if errors.As(err, &refused) && (refused.Code == statementUnknown || refused.Code == planOutdated) {
		if s, ok := c.kept[query]; ok {
			delete(c.kept, query)
			_ = s.Close() // fails inside a transaction that has failed, and is then forgotten with the connection
		}
	}
	return err
}
